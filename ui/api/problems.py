"""What went wrong in, problem details (RFC 9457) out."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from index.errors import StoreAway, UserError
from ui.admission import Busy

MEDIA_TYPE = "application/problem+json"


class Fault(BaseModel):
    """One value of a request that does not fit."""

    where: str = Field(description="The part of the request: body, query or path.", examples=["body"])
    name: str = Field(
        description="The field, with its path where it is within another.", examples=["history.0.question"]
    )
    detail: str = Field(description="What is wrong with it.", examples=["Field required"])


class Problem(BaseModel):
    """What went wrong: problem details for HTTP, RFC 9457."""

    type: str = Field(default="about:blank", description="Always about:blank: the status says what kind it is.")
    title: str = Field(description="The name of the status.", examples=["Not Found"])
    status: int = Field(description="The status of the response.", examples=[404])
    detail: str = Field(description="What is wrong, and what to do about it.")
    instance: str = Field(description="The path that was asked for.", examples=["/api/ask"])
    errors: list[Fault] = Field(default=[], description="The values that do not fit, where the status is 422.")


class UnknownPaper(UserError):
    """No paper of the index has this id."""

    def __init__(self, *paper_ids: str) -> None:
        super().__init__(f"No paper {' or '.join(map(repr, paper_ids))} in the index. Ids look like arxiv:2205.05131.")


_STATUSES: dict[type[UserError], HTTPStatus] = {
    Busy: HTTPStatus.TOO_MANY_REQUESTS,
    UnknownPaper: HTTPStatus.NOT_FOUND,
    StoreAway: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What is none of the request's fault, or more than a wrong value in it."""


def install(app: FastAPI) -> None:
    """Let every error of an application's own routes leave as a problem."""

    async def answer(request: Request, error: Exception) -> Response:
        return response(problem_of(error, request.url.path), headers_of(error))

    for kind in (UserError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def problem_of(error: Exception, path: str) -> Problem:
    """Return the problem that an exception is; one that nobody foresaw says nothing about the inside."""
    status, detail, errors = (
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong; the log of the server says what.",
        [],
    )
    if isinstance(error, UserError):
        status, detail = HTTPStatus.BAD_REQUEST, str(error)
        for kind, special in _STATUSES.items():
            status = special if isinstance(error, kind) else status
    elif isinstance(error, RequestValidationError):
        status, errors = HTTPStatus.UNPROCESSABLE_ENTITY, [_fault(each) for each in error.errors()]
        detail = "; ".join(f"{fault.name or fault.where}: {fault.detail}" for fault in errors)
    elif isinstance(error, HTTPException):
        status, detail = HTTPStatus(error.status_code), error.detail
    return Problem(title=status.phrase, status=status.value, detail=detail, instance=path, errors=errors)


def headers_of(error: Exception) -> dict[str, str]:
    """Return the headers that belong to an exception: when to come back, what is allowed."""
    if isinstance(error, Busy):
        return {"Retry-After": str(error.retry_after_s)}
    return dict(error.headers or {}) if isinstance(error, HTTPException) else {}


def response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem as it is sent."""
    return JSONResponse(to_dict(problem), problem.status, headers, media_type=MEDIA_TYPE)


def to_dict(problem: Problem) -> dict[str, Any]:
    """Return plain JSON values; a problem without values that do not fit doesn't speak of them."""
    return problem.model_dump(exclude=None if problem.errors else {"errors"})


def documented(**details: str) -> dict[int | str, dict[str, Any]]:
    """Return the problems of a route for the OpenAPI document: `documented(_404="No such paper.")`."""
    responses: dict[int | str, dict[str, Any]] = {}
    always = {"_422": "A value does not fit.", "_500": "Something went wrong.", "_503": "The index is out of reach."}
    for name, detail in sorted({**always, **details}.items()):
        status = HTTPStatus(int(name.removeprefix("_")))
        example = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
        media = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": {**example, "instance": "/api/ask"}}
        responses[status.value] = {"description": detail, "content": {MEDIA_TYPE: media}}
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            retry = {"description": "Seconds until there may be room.", "schema": {"type": "integer", "minimum": 1}}
            responses[status.value]["headers"] = {"Retry-After": retry}
    return responses


def _fault(error: Mapping[str, Any]) -> Fault:
    where, *names = error["loc"]
    return Fault(where=str(where), name=".".join(map(str, names)), detail=error["msg"])
