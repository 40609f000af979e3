"""`POST /api/ask`: a question in, its answer out, whole or as events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from rag.answer import Answer
from ui.api import events, examples
from ui.api.bodies import Question
from ui.api.listening import EventStream, while_there
from ui.api.problems import documented
from ui.api.service import Service

_ABOUT = """
Without `stream` (or `Accept: text/event-stream`) the answer comes whole. With it, it comes as server-sent events, the
data of each one line of JSON:

| event | data |
|---|---|
| `queued` | `ahead`: how many answers end before this one begins; again whenever that changes |
| `papers` | `standalone`, the question as searched for, its `filter`, and `matches`; again with their sentences |
| `token` | `text` takes the place of everything from character `at` of the text so far: nearly always it is added |
| `sentence` | a checked `sentence`, its `index`, and the `citations` that are new with it |
| `done` | the whole answer |
| `error` | a problem; nothing follows |

Words such as "since 2024", "by Hinton" or "newest first" are taken for a filter beside the fields of the body, which
come first; `filter` of the answer says which, and `as_asked` takes them as words again.

Who hangs up ends the answer. An answer that reaches the time limit ends as it is, and its `note` says so.
"""


def routes(service: Service) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["Ask"])
    stream = {"schema": {"type": "string"}, "example": examples.ask_events()}
    whole = {"application/json": {"example": examples.ANSWER.to_dict()}, "text/event-stream": stream}

    @router.post(
        "/api/ask",
        summary="Answer a question from the papers",
        description=_ABOUT,
        response_model=Answer,
        responses=documented(
            _400="The question is blank or too long, or the history is; or since comes after until.",
            _404="No paper of `within` is in the index.",
            _413="The body is too large.",
            _429="Too many questions at once.",
        )
        | {200: {"description": "The answer, or its events.", "content": whole}},
    )
    async def ask(request: Request, body: Question) -> Response:
        turns = [each.turn() for each in body.history]
        given: dict[str, Any] = {"within": body.within, "filter": body.filter(), "as_asked": body.as_asked}
        steps = service.answers(body.question, turns, **given)
        wanted = "text/event-stream" in request.headers.get("accept", "") if body.stream is None else body.stream
        try:
            if not wanted:
                return JSONResponse((await while_there(request.receive, _last(steps))).to_dict())
            first = await while_there(request.receive, anext(steps))
        except ClientDisconnect:
            return Response(status_code=499)  # what servers log for a client that hung up
        return EventStream(events.frames(first, steps, request.url.path))

    return router


async def _last(steps: AsyncGenerator[events.Step, None]) -> Answer:
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Answer):
                last = step
    return last
