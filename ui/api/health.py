"""`/healthz`, `/readyz`, `/metrics` and `/api/status`: what watches over a service, and what it works with."""

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from rag.status import Status
from ui.api import metrics
from ui.api.bodies import Alive, Ready
from ui.api.problems import documented
from ui.api.service import Service

_RETRY_S = 2


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router, engine = APIRouter(tags=["Service"]), service.engine

    @router.get("/api/status", summary="Say what is in the index and which models are at work")
    async def status() -> Status:
        """Return the number of papers, their sources, and the models."""
        return await service.aside(engine.status)

    @router.get("/healthz", summary="Say that the process lives")
    async def healthz() -> Alive:
        """Return at once, whatever the models do."""
        return Alive()

    @router.get(
        "/readyz", summary="Say whether questions can be answered", responses=documented(_503="A model is loading.")
    )
    async def readyz() -> Ready:
        """Return once the index is open and the embedding model is loaded.

        The language model may still be loading, or be missing: answers are then quoted sentences, and `writer_state`
        says why.
        """
        if not await service.ready():
            detail = "The embedding model is still loading, or cannot be had."
            raise HTTPException(503, detail, {"Retry-After": str(_RETRY_S)})
        now = await service.aside(engine.status)
        return Ready(papers=now.papers, writer=now.writer, writer_state=now.writer_state)

    @router.get(
        "/metrics",
        summary="Count for Prometheus",
        response_class=Response,
        responses={200: {"content": {metrics.MEDIA_TYPE: {"schema": {"type": "string"}}}}},
    )
    async def counts() -> Response:
        """Return requests, answers, times, tokens and sentences by support in the text format of Prometheus."""
        return Response(service.metrics.text(), media_type=metrics.MEDIA_TYPE)

    return router
