"""An `Engine` in, routes out that programs made for OpenAI's API work with: models, chat completions, embeddings."""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Body, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from rag.answer import Answer
from rag.engine import Engine
from ui.admission import Admission
from ui.compatible.conversation import Conversation
from ui.compatible.faults import Fault, FaultRoute
from ui.compatible.listening import while_there
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
)
from ui.compatible.replies import completion, events

_ERRORS: dict[int | str, dict[str, Any]] = {"4XX": {"model": ErrorReply}, "5XX": {"model": ErrorReply}}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "The answer, or its chunks."}
}


def router(engine: Engine, admission: Admission) -> APIRouter:
    """Return the routes below `/v1`; answers wait for their turn in `admission`."""
    service = _Service(engine, admission)
    routes = APIRouter(prefix="/v1", tags=["OpenAI-compatible"], route_class=FaultRoute, responses=_ERRORS)
    routes.get("/models", summary="List the models")(service.models)
    routes.get("/models/{name:path}", summary="Describe a model")(service.model)
    routes.post("/chat/completions", summary="Answer a chat", response_model=ChatReply, responses=_STREAM)(service.chat)
    routes.post("/embeddings", summary="Embed texts")(service.embed)
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    routes.add_api_route("/{path:path}", service.nowhere, methods=methods, include_in_schema=False)
    return routes


class _Service:
    """What the routes do."""

    def __init__(self, engine: Engine, admission: Admission) -> None:
        self.engine = engine
        self.admission = admission

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
        if (body.response_format or {}).get("type", "text") != "text":
            raise Fault("Answers are text with citations: only the response format 'text'.", param="response_format")
        most = self.engine.settings.answer_tokens
        answers = self._answers(Conversation.of(body.messages))
        if not body.stream:
            answer = await while_there(request, _last(answers))
            return Response(completion(answer, most).model_dump_json(), media_type="application/json")
        first = await while_there(request, anext(answers))
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        return StreamingResponse(
            events(first, answers, most, with_usage),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )

    async def embed(self, body: Annotated[EmbeddingsRequest, Body()]) -> EmbeddingsReply:
        """Embed each text with the embedding model of the index."""
        name = self.engine.status().encoder
        _known(body.model, MODEL, name)
        texts = _texts(body)
        vectors = await run_in_threadpool(self.engine.embed, texts)
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
        raise Fault(
            f"Nothing at /v1/{path} for this method. There are GET /v1/models, POST /v1/chat/completions and "
            "POST /v1/embeddings.",
            code="unknown_url",
            status=404,
        )

    async def _answers(self, asked: Conversation) -> AsyncGenerator[Answer, None]:
        """Yield the growing answer once it is its turn; whoever leaves the generator leaves the queue and ends it."""
        with self.admission.enter() as place:
            async with aclosing(place.steps()) as steps:
                async for _ in steps:
                    pass
            async with aclosing(self.engine.astream(asked.question, asked.history)) as answers:
                async for answer in answers:
                    yield answer


async def _last(answers: AsyncGenerator[Answer, None]) -> Answer:
    async with aclosing(answers):
        async for answer in answers:
            last = answer
    return last


def _known(name: str, *names: str) -> None:
    """Refuse a model that is none of ours."""
    if name not in names:
        known = " and ".join(dict.fromkeys(names))
        raise Fault(f"No model {name!r} here. There is {known}.", param="model", code="model_not_found", status=404)


def _texts(body: EmbeddingsRequest) -> list[str]:
    """Return the texts of a request; numbers in place of text are tokens of another model."""
    texts = [body.input] if isinstance(body.input, str) else body.input
    if not all(isinstance(text, str) for text in texts):
        raise Fault(
            "The input is a list of token numbers: send text, another model's tokens mean nothing here.", "input"
        )
    if empty := [at for at, text in enumerate(texts) if not str(text).strip()]:
        raise Fault(f"Text {empty[0]} of the input is empty. Leave it out.", param="input")
    return [str(text) for text in texts]


def _packed(vector: "np.ndarray[Any, np.dtype[np.float32]]") -> str:
    """Return float32, little-endian, in base64."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
