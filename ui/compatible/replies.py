"""Growing `Answer`s in, a chat completion out: whole, or as the chunks of a stream."""

import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Literal

from rag.answer import Answer
from ui.compatible import references
from ui.compatible.faults import Fault
from ui.compatible.records import MODEL, ChatReply, Choice, Cited, Said, Usage


def completion(answer: Answer, most_tokens: int) -> ChatReply:
    """Return a whole answer as a chat completion; `most_tokens` is what the writer may write."""
    said = Said(
        role="assistant", content=references.written(answer), citations=_cited(answer), paperchat=answer.to_dict()
    )
    choice = Choice(index=0, message=said, finish_reason=_reason(answer, most_tokens))
    head = _head("chat.completion")
    return ChatReply(**head, choices=[choice], usage=_usage(answer))


async def events(
    first: Answer, answers: AsyncGenerator[Answer, None], most_tokens: int, with_usage: bool
) -> AsyncIterator[str]:
    """Yield an answer as server-sent events: who speaks, sentences as they are checked, citations, `[DONE]`.

    Args:
        first: Of the answers; it was awaited before, because an error in it is a reply of its own.
        answers: The rest; closed at the end, whoever ends it.
        most_tokens: What the writer may write.
        with_usage: A last chunk tells the tokens.
    """
    head = _head("chat.completion.chunk")
    absent: dict[str, Any] = {"usage": None} if with_usage else {}

    def event(delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return _event({**head, "choices": [choice], **absent})

    growth = references.Growth()
    answer = first
    async with aclosing(answers):
        try:
            yield event({"role": "assistant", "content": growth.add(first)})
            async for answer in answers:
                if new := growth.add(answer):
                    yield event({"content": new})
        except Exception as error:  # the reply has begun: the error goes into it
            yield _event(Fault.of(error).to_dict())
            return
    told = {"citations": [each.model_dump() for each in _cited(answer)], "paperchat": answer.to_dict()}
    yield event(told, _reason(answer, most_tokens))
    if with_usage:
        yield _event({**head, "choices": [], "usage": _usage(answer).model_dump()})
    yield "data: [DONE]\n\n"


def _event(values: dict[str, Any]) -> str:
    return f"data: {json.dumps(values, ensure_ascii=False)}\n\n"


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
