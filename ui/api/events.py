"""A growing answer in, server-sent events out: queued, papers, token, sentence, done, or error."""

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from fastapi.sse import format_sse_event

from index.errors import UserError
from rag.answer import Answer
from ui.api import problems
from ui.api.service import Queued

Step = Queued | Answer


async def frames(first: Step, steps: AsyncGenerator[Step, None], path: str) -> AsyncGenerator[bytes, None]:
    """Yield the events of an answer as they are sent; what fails on the way is an event too.

    Args:
        first: The first step, taken already, so that what fails at once fails with its status.
        steps: The others.
        path: That was asked for, named in an error.
    """
    async with aclosing(steps):
        try:
            told = Told()
            for name, data in told.news(first):
                yield frame(name, data)
            async for step in steps:
                for name, data in told.news(step):
                    yield frame(name, data)
        except UserError as error:
            yield frame("error", problems.to_dict(problems.problem_of(error, path)))
        except Exception as error:
            yield frame("error", problems.to_dict(problems.problem_of(error, path)))
            raise  # into the log of the server


def frame(name: str, data: dict[str, Any]) -> bytes:
    """Return one event as it is sent; its data is one line of JSON."""
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))


class Told:
    """What a listener knows already."""

    def __init__(self) -> None:
        self._answer = Answer("", "")

    def news(self, step: Step) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the names and the data of the events that tell what is new."""
        if isinstance(step, Queued):
            yield "queued", {"ahead": step.ahead}
            return
        before, self._answer = self._answer, step
        if step.matches != before.matches:
            told = step.filter.to_dict() if step.filter else None
            matches = [match.to_dict() for match in step.matches]
            yield "papers", {"standalone": step.standalone, "filter": told, "matches": matches}
        if step.text != before.text:
            at = _shared(step.text, before.text)
            yield "token", {"at": at, "text": step.text[at:]}
        fresh = step.citations[len(before.citations) :]
        for index, sentence in enumerate(step.sentences):
            if sentence not in before.sentences[index : index + 1]:
                citations = [citation.to_dict() for citation in fresh if citation.number in sentence.numbers]
                yield "sentence", {"index": index, "sentence": sentence.to_dict(), "citations": citations}
        if step.done:
            yield "done", step.to_dict()


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    if one.startswith(other):
        return len(other)
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
