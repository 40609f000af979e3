"""What a system answered, in one form for ours and for those beside it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from index.papers import Paper
from rag.answer import Answer, Support, Timings
from rag.writer import NONE

MARKER = re.compile(r"\s?\[(\d+)\]")


@dataclass(frozen=True)
class Statement:
    """A sentence without its markers, the papers that it cites by id, and its support, where the system says so."""

    text: str
    papers: tuple[str, ...]
    support: Support | None = None


@dataclass(frozen=True)
class Said:
    """An answer as it is measured.

    Attributes:
        text: As a person reads it, with markers.
        answered: False when it declines.
        statements: Its sentences.
        cited: The papers that its markers stand for, in order of first use.
        shown: Ids of the papers that were found, best first, cited or not.
        dangling: Markers that stand for no paper.
        timings: When what happened.
        by_model: A language model wrote it, rather than nobody or quotations.
        detail: Whatever else a reader of the JSON should see.
    """

    text: str
    answered: bool
    statements: tuple[Statement, ...]
    cited: tuple[Paper, ...]
    shown: tuple[str, ...] = ()
    dangling: int = 0
    timings: Timings = field(default_factory=Timings)
    by_model: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Answer) -> "Said":
        """Return what an answer of the engine says."""
        papers = {citation.number: citation.paper for citation in answer.citations}
        return cls(
            answer.text,
            answer.answered,
            tuple(
                Statement(s.text, tuple(papers[n].id for n in s.numbers if n in papers), s.support)
                for s in answer.sentences
            ),
            tuple(papers.values()),
            tuple(match.paper.id for match in answer.matches),
            sum(int(number) not in papers for number in MARKER.findall(answer.text)),
            answer.timings,
            answer.writer != NONE,
            answer.to_dict(),
        )

    @property
    def plain(self) -> str:
        """The text without markers."""
        return MARKER.sub("", self.text)
