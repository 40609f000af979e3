"""Growing `Answer`s in, a chat completion out: whole, or as the chunks of a stream."""

import json
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal

from rag.answer import Answer
from ui.api.service import Queued
from ui.compatible import references
from ui.compatible.faults import Fault
from ui.compatible.records import MODEL, ChatReply, Choice, Cited, Said, Usage

Steps = AsyncGenerator[Queued | Answer, None]


def completion(answer: Answer, most_tokens: int) -> ChatReply:
    """Return a whole answer as a chat completion; `most_tokens` is what the writer may write."""
    said = Said(
        role="assistant", content=references.written(answer), citations=_cited(answer), paperchat=answer.to_dict()
    )
    choice = Choice(index=0, message=said, finish_reason=_reason(answer, most_tokens))
    head = _head("chat.completion")
    return ChatReply(**head, choices=[choice], usage=_usage(answer))


async def last(steps: Steps) -> Answer:
    """Return the whole answer."""
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, Answer):
                answer = step
    return answer


async def frames(
    first: Queued | Answer, steps: Steps, most_tokens: int, with_usage: bool
) -> AsyncGenerator[bytes, None]:
    """Yield an answer as server-sent events: who speaks, sentences as they are checked, citations, `[DONE]`.

    Args:
        first: Of the steps; it was awaited before, because an error in it is a reply of its own.
        steps: The rest; closed at the end, whoever ends it.
        most_tokens: What the writer may write.
        with_usage: A last chunk tells the tokens.
    """
    head = _head("chat.completion.chunk")
    absent: dict[str, Any] = {"usage": None} if with_usage else {}

    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return _frame({**head, "choices": [choice], **absent})

    growth, step = references.Growth(), first
    async with aclosing(steps):
        try:
            yield chunk({"role": "assistant", "content": growth.add(first) if isinstance(first, Answer) else ""})
            async for step in steps:
                if isinstance(step, Answer) and (new := growth.add(step)):
                    yield chunk({"content": new})
        except Exception as error:  # the reply has begun: the error goes into it
            yield _frame(Fault.of(error).to_dict())
            return
    if isinstance(step, Answer):
        told = {"citations": [each.model_dump() for each in _cited(step)], "paperchat": step.to_dict()}
        yield chunk(told, _reason(step, most_tokens))
        if with_usage:
            yield _frame({**head, "choices": [], "usage": _usage(step).model_dump()})
    yield b"data: [DONE]\n\n"


def _frame(values: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(values, ensure_ascii=False)}\n\n".encode()


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL}


def _reason(answer: Answer, most_tokens: int) -> Literal["stop", "length"]:
    return "length" if answer.timings.answer_tokens >= most_tokens else "stop"


def _usage(answer: Answer) -> Usage:
    asked = answer.timings.prompt_tokens
    wrote = answer.timings.answer_tokens if answer.writer != "none" else 0
    return Usage(prompt_tokens=asked, completion_tokens=wrote, total_tokens=asked + wrote)


def _cited(answer: Answer) -> list[Cited]:
    return [
        Cited(number=at.number, paper_id=at.paper.id, title=at.paper.title, url=at.paper.url, quote=at.quote.text)
        for at in answer.citations
    ]
