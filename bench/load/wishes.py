"""Development questions in, what each person of a crowd wants out: the same wishes in the same order every time."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

STREAMED, WHOLE, SEARCH, LIST, HANG_UP = "ask, streamed", "ask, whole", "search", "list", "hang up"
SHARES = {STREAMED: 10, WHOLE: 4, SEARCH: 3, LIST: 2, HANG_UP: 1}
"""Of twenty wishes of a person so many are of each kind; who hangs up does so once the papers are there."""
SEARCHED = 10

_DATA = Path(__file__).parents[1] / "data"
_NEXT_PERSON = 29  # begins so many questions further on: two people seldom ask the same


@dataclass(frozen=True)
class Wish:
    """What a person wants.

    Attributes:
        kind: One of `SHARES`.
        text: The question or, of a list, the request.
        history: Questions asked before it, oldest first.
    """

    kind: str
    text: str
    history: tuple[str, ...] = ()


def wishes(person: int) -> Iterator[Wish]:
    """Yield without end what a person wants, counted from 0."""
    questions = [*_rows("questions"), *_rows("more_questions")]
    requests = _rows("lists")
    kinds = [kind for kind, share in SHARES.items() for _ in range(share)]
    random.Random(person).shuffle(kinds)
    for at in count():
        kind = kinds[at % len(kinds)]
        if kind == LIST:
            yield Wish(kind, requests[(person + at) % len(requests)]["request"])
            continue
        asked = questions[(person * _NEXT_PERSON + at) % len(questions)]
        yield Wish(kind, asked["question"], () if kind == SEARCH else tuple(asked.get("history", ())))


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
