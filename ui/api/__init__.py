"""An `Engine` and a queue in, the HTTP service out: questions, lists, vectors, and what watches over it."""

from typing import Any

from fastapi import FastAPI

from rag.engine import Engine
from ui.admission import Admission
from ui.api import asking, health, listing, problems
from ui.api.border import Border
from ui.api.metrics import Counted
from ui.api.service import Service

ABOUT = """
Ask research papers; get answers whose every sentence cites the abstract that supports it.

Everything that goes wrong is told as problem details (RFC 9457, `application/problem+json`).
"""


def mount(whole: FastAPI, engine: Engine, admission: Admission) -> Service:
    """Put the service's routes onto an application, before the page; returns what they share.

    It is also `state.service`, and `state.metrics` is what other faces tell of their answers.
    """
    service = Service(engine, admission)
    whole.state.service, whole.state.metrics = service, service.metrics
    problems.install(whole)
    whole.add_middleware(Counted, metrics=service.metrics)
    for routes in (asking.routes(service), listing.routes(service), health.routes(service)):
        whole.include_router(routes)
    _describe(whole, engine)
    return service


def close(whole: FastAPI) -> None:
    """Keep what no route took away from the page; call it once all routes of programs stand, before the page."""
    whole.router.routes.append(Border(whole.router.routes))


def _describe(whole: FastAPI, engine: Engine) -> None:
    """Let the OpenAPI document hold the limits of the settings, and the shape of a problem."""
    plain = whole.openapi

    def openapi() -> dict[str, Any]:
        if whole.openapi_schema is None:
            document = plain()
            schemas = document["components"]["schemas"]
            shape = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= {**shape.pop("$defs"), "Problem": shape}
            schemas["Question"]["properties"]["history"]["maxItems"] = engine.settings.history_turns
            for body, field in (("Question", "question"), ("Search", "question"), ("ListRequest", "request")):
                schemas[body]["properties"][field]["maxLength"] = engine.settings.question_chars
            [asked] = (
                each for each in document["paths"]["/api/papers"]["get"]["parameters"] if each["name"] == "request"
            )
            asked["schema"]["maxLength"] = engine.settings.question_chars
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
        return whole.openapi_schema or {}

    whole.openapi = openapi  # type: ignore[method-assign]
