"""The log-odds of Yes against No that a language model gives over a prompt that begins with the abstract."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Protocol

import numpy as np

import prompts
from index.vectors import Vectors
from rag.judges.tasks import Task
from rag.writer import Message, as_text

MOST = 12.0
"""Log-odds beyond this say no more."""
_NONE = [-np.inf]


class TokenModel(Protocol):
    """A language model that tells how likely each first token of an answer is."""

    parallel: int
    context_tokens: int

    def count(self, text: str) -> int:
        """Return the tokens of a text."""
        ...

    def slot(self, about: str = "") -> AbstractContextManager[int]:
        """Lease a slot; calls that pass its number find what was read in it before."""
        ...

    def first_token(self, messages: Sequence[Message], slot: int) -> dict[str, float]:
        """Return the log-probabilities of the likeliest first tokens of an answer."""
        ...


def read(model: TokenModel, task: Task, rows: Sequence[tuple[str, ...]], slot: int | None = None) -> Vectors:
    """Return the log-odds of rows `(*texts, title, passage)`.

    Rows about one paper are asked one after the other in one slot, so its abstract is read once; several papers are
    read side by side, as many as the model has slots.

    Args:
        model: The language model.
        task: What to ask.
        rows: In any order.
        slot: A lease of the caller's, in which everything is asked; by default each paper gets one.

    Returns:
        float32 `(rows,)`, between -`MOST` and `MOST`.
    """
    papers: dict[tuple[str, ...], list[int]] = {}
    for at, row in enumerate(rows):
        papers.setdefault(row[-2:], []).append(at)
    found = np.zeros(len(rows), dtype=np.float32)

    def of_paper(places: list[int]) -> None:
        title, passage = rows[places[0]][-2:]
        with nullcontext(slot) if slot is not None else model.slot(f"{title}\n{passage}") as own:
            for at in places:
                found[at] = log_odds(model.first_token(_prompt(model, task, rows[at]), own))

    workers = min(model.parallel, len(papers)) if slot is None else 1
    if workers <= 1:
        for places in papers.values():
            of_paper(places)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(of_paper, papers.values()))
    return found


def paper_prompt(model: TokenModel, title: str, passage: str, system: str = "judge_system") -> list[Message]:
    """Return what every prompt about a paper begins with, so that a model reads it once: the rules and the abstract."""
    fitted = partial(_fitted, model)
    paper = _fill("judge_paper", title=fitted(title, 8), passage=fitted(passage, 2))
    return [Message("system", _fill(system)), Message("user", paper)]


def log_odds(top: dict[str, float]) -> float:
    """Return the log-odds of Yes against No, each summed over its spellings.

    An answer that is not among the likeliest tokens counts as likely as the last of these, which is the most that it
    can be; where neither is among them, the model has not answered and the log-odds are 0.

    >>> round(log_odds({"Yes": -0.2, " yes": -4.0, "No": -2.0}), 2)
    1.82
    """
    least = min(top.values(), default=0.0)
    sums = [
        float(
            np.logaddexp.reduce([value for token, value in top.items() if token.strip().casefold() == answer] or _NONE)
        )
        for answer in ("yes", "no")
    ]
    if not np.isfinite(sums).any():
        return 0.0
    yes, no = (value if np.isfinite(value) else least for value in sums)
    return float(np.clip(yes - no, -MOST, MOST))


def _prompt(model: TokenModel, task: Task, row: tuple[str, ...]) -> list[Message]:
    *texts, title, passage = row
    system, paper = paper_prompt(model, title, passage, task.system)
    given = {name: _fitted(model, text, 8) for name, text in zip(task.texts, texts, strict=True)}
    return [system, Message("user", f"{paper.content}\n\n{_fill(task.given, **given)}\n{_fill(task.asked)}")]


def _fitted(model: TokenModel, text: str, share: int) -> str:
    """Return a text as one line, cut to what 1 / `share` of the context holds; a token has at least one byte."""
    text, limit = as_text(text), model.context_tokens // share
    while len(text.encode()) > limit and (tokens := model.count(text)) > limit:
        text = text[: len(text) * limit // (tokens + 1)]
    return text


def _fill(name: str, **values: str) -> str:
    return prompts.load(name).substitute(values)
