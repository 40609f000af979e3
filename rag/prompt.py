"""A question and its evidence in, the messages that a language model is sent out."""

from collections.abc import Sequence

import prompts
from rag.answer import CANNOT_ANSWER
from rag.evidence import Source
from rag.writer import Message, as_text


def opening() -> list[Message]:
    """Return what is the same in every prompt, so that a model reads it once and keeps it: the rules, an example."""
    return [
        Message("system", _fill("system", cannot_answer=CANNOT_ANSWER)),
        Message("user", _fill("example_question")),
        Message("assistant", _fill("example_answer")),
    ]


def build(question: str, sources: Sequence[Source], before: str = "") -> list[Message]:
    """Return the whole prompt: the opening, then the numbered evidence, then the question.

    Args:
        question: As asked.
        sources: What is shown of the papers.
        before: The questions that a follow-up leans on, empty for one that stands alone.
    """
    evidence = "\n".join(f"[{n}] {source.shown_text}" for n, source in enumerate(sources, start=1))
    values = {"evidence": evidence, "question": as_text(question)}
    if before:
        return [*opening(), Message("user", _fill("followup", before=as_text(before), **values))]
    return [*opening(), Message("user", _fill("question", **values))]


def _fill(name: str, **values: str) -> str:
    return prompts.load(name).substitute(values)
