"""A `Service` in, routes out that programs made for OpenAI's API work with: models, chat completions, embeddings."""

import base64
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Body, Path, Request, Response
from starlette.requests import ClientDisconnect

from ui.api.listening import EventStream, while_there
from ui.api.service import Service
from ui.compatible.conversation import Conversation
from ui.compatible.faults import Fault, FaultRoute
from ui.compatible.records import (
    MODEL,
    ChatReply,
    ChatRequest,
    Embedded,
    EmbeddingsReply,
    EmbeddingsRequest,
    EmbeddingsUsage,
    ErrorReply,
    Model,
    ModelsReply,
    Narrowing,
)
from ui.compatible.replies import completion, frames, last

_ERRORS: dict[int | str, dict[str, Any]] = {"4XX": {"model": ErrorReply}, "5XX": {"model": ErrorReply}}
_SENT = 'data: {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "It"}}]}'
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"example": f"{_SENT}\n\ndata: [DONE]\n\n"}},
        "description": "The answer, or its chunks.",
    }
}
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
_KNOWN = {"models": "GET", "chat/completions": "POST", "embeddings": "POST"}


def router(service: Service) -> APIRouter:
    """Return the routes below `/v1`; answers take their turn among those of the other faces."""
    face = _Face(service)
    routes = APIRouter(prefix="/v1", tags=["OpenAI-compatible"], route_class=FaultRoute, responses=_ERRORS)
    routes.get("/models", summary="List the models")(face.models)
    routes.get("/models/{name:path}", summary="Describe a model")(face.model)
    routes.post("/chat/completions", summary="Answer a chat", response_model=ChatReply, responses=_STREAM)(face.chat)
    routes.post("/embeddings", summary="Embed texts")(face.embed)
    routes.add_api_route("/{path:path}", face.nowhere, methods=_METHODS, include_in_schema=False)
    return routes


class _Face:
    """What the routes do."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.engine = service.engine

    def models(self) -> ModelsReply:
        """List the one model; its description names the language model that writes."""
        status = self.engine.status()
        about = f"Answers from {status.papers} papers; written by {status.writer}, found by {status.encoder}."
        one = Model(id=MODEL, object="model", created=0, owned_by=status.writer, description=about)
        return ModelsReply(object="list", data=[one])

    def model(self, name: Annotated[str, Path(examples=[MODEL])]) -> Model:
        """Describe the one model."""
        _known(name, MODEL)
        return self.models().data[0]

    async def chat(self, request: Request, body: Annotated[ChatRequest, Body()]) -> Response:
        """Answer the last message of the user from the papers; the messages before it are the conversation."""
        _known(body.model, MODEL)
        most = self.engine.settings.answer_tokens
        asked = await self.service.aside(lambda: Conversation.of(body.messages))
        narrowing = body.paperchat or Narrowing()
        given: dict[str, Any] = {"filter": narrowing.filter(), "as_asked": narrowing.as_asked, "face": "openai"}
        steps = self.service.answers(asked.question, asked.history, **given)
        try:
            if not body.stream:
                answer = await while_there(request.receive, last(steps))
                return Response(completion(answer, most).model_dump_json(), media_type="application/json")
            first = await while_there(request.receive, anext(steps))
        except ClientDisconnect:
            return Response(status_code=499)  # what servers log for a client that hung up
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        return EventStream(frames(first, steps, most, with_usage))

    async def embed(self, body: Annotated[EmbeddingsRequest, Body()]) -> EmbeddingsReply:
        """Embed each text with the embedding model of the index."""
        name = self.engine.status().encoder
        _known(body.model, MODEL, name)
        texts = [body.input] if isinstance(body.input, str) else body.input
        vectors = await self.service.aside(lambda: self.engine.embed(texts))
        if body.dimensions not in (None, vectors.shape[1]):
            raise Fault(f"{name} has {vectors.shape[1]} dimensions, not {body.dimensions}.", param="dimensions")
        packed = body.encoding_format == "base64"
        data = [
            Embedded(object="embedding", index=at, embedding=_packed(vector) if packed else vector.tolist())
            for at, vector in enumerate(vectors)
        ]
        return EmbeddingsReply(object="list", model=name, data=data, usage=EmbeddingsUsage())

    async def nowhere(self, path: str) -> None:
        """Say what there is."""
        if allowed := "GET" if path.startswith("models/") else _KNOWN.get(path):
            raise Fault(f"/v1/{path} takes {allowed} only.", status=405, headers={"Allow": allowed})
        there = ", ".join(f"{method} /v1/{known}" for known, method in _KNOWN.items())
        raise Fault(f"Nothing at /v1/{path}. There are {there}.", code="unknown_url", status=404)


def _known(name: str, *names: str) -> None:
    """Refuse a model that is none of ours."""
    if name not in names:
        known = " and ".join(dict.fromkeys(names))
        raise Fault(f"No model {name!r} here. There is {known}.", param="model", code="model_not_found", status=404)


def _packed(vector: "np.ndarray[Any, np.dtype[np.float32]]") -> str:
    """Return float32, little-endian, in base64."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
