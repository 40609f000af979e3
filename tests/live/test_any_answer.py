"""Answers that are damaged in any way: read as far as they can be, or refused, never a crash."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from index.errors import SourceError
from index.paper import Paper
from index.sources import LeftOut
from index.sources.live import atom, huggingface, oai, openalex, semanticscholar
from index.sources.live.client import Unfit
from index.sources.live.record import papers_of
from tests.live.services import entries, feed
from tests.live.test_json import hugging_face, scholar
from tests.live.test_json import openalex as works
from tests.live.test_oai import Oai

ANSWERS: dict[str, tuple[bytes, Callable[[bytes], Any]]] = {
    "arXiv": (feed(entries(3), 3), lambda body: atom.read_feed(body).entries),
    "OAI": (Oai(3)("/oai", {}), lambda body: oai._read(body).records),
    "Hugging Face": (hugging_face("/api/daily_papers", {"p": "0", "limit": "3"}), huggingface._read),
    "OpenAlex": (works("/works", {"cursor": "*", "per_page": "3"}), lambda body: openalex._read(body)[0]),
    "Semantic Scholar": (scholar("/search", {"query": "owls"}), lambda body: semanticscholar._read(body)[0]),
}
PIECES = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"<",
    b">",
    b"&#0;",
    b"]]>",
    b"null",
    b"[",
    b"{}",
    b"-1e999",
    b'"',
    b"\\ud800",
    b"<![CDATA[",
]


def damaged(body: bytes, chance: random.Random) -> bytes:
    """Return a body with some bytes changed, cut out, doubled or put in."""
    for _ in range(chance.randint(1, 4)):
        start, length = chance.randrange(len(body)), chance.choice((1, 1, 3, 40))
        piece = chance.choice([*PIECES, chance.randbytes(2), body[start : start + length] * 2])
        body = body[:start] + piece + body[start + length :]
    return body


def found(body: bytes, read: Callable[[bytes], Any]) -> Iterator[Paper | LeftOut]:
    for number, record in enumerate(read(body)):
        yield from papers_of(record, "arxiv:abs:owls", f"result {number}")


@pytest.mark.parametrize("name", ANSWERS)
def test_a_whole_answer_is_read(name: str) -> None:
    assert any(isinstance(each, Paper) for each in found(*ANSWERS[name]))


@pytest.mark.parametrize("name", ANSWERS)
def test_a_damaged_answer_is_read_as_far_as_it_can_be_or_refused(name: str) -> None:
    chance, refused = random.Random(5), 0
    for _ in range(300):
        try:
            assert all(
                isinstance(each, Paper | LeftOut) for each in found(damaged(ANSWERS[name][0], chance), ANSWERS[name][1])
            )
        except (Unfit, SourceError):
            refused += 1
    assert 0 < refused < 300
