"""Finds the paper that a sentence is about, and has the judge verify the sentence against its abstract."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from index.vectors import Encoder, Vectors
from index.words import tokenize
from rag.answer import Quote, Support
from rag.evidence import Source
from rag.judges.vetoes import missing_names, missing_numbers

if TYPE_CHECKING:
    from rag.judges import Judge

LIKELY = 0.5
"""A sentence that is less probably supported than this is removed from the answer."""
_RELATED = 0.6
"""Without a judge, a sentence is kept if the paper contains at least this share of its words."""
_HINT = 0.1
_WORDS = 0.3
"""Weight of the shared words beside the cosine, when the nearest sentence of the abstract is chosen."""


@dataclass(frozen=True)
class Verdict:
    """What the check found.

    Attributes:
        source: The paper that the sentence is about.
        quote: The sentence of its abstract that is nearest.
        support: None where the abstract does not support the sentence.
    """

    source: Source
    quote: Quote
    support: Support | None


class Checker:
    """Checks sentences of an answer, one at a time."""

    def __init__(self, encoder: Encoder, judge: "Judge | None" = None, asked: str = "") -> None:
        """Set up the check.

        Args:
            encoder: That of the index.
            judge: Verifies; without one no sentence is marked, and one is not supported where the paper lacks a number
                or name of it, or most of its words, or where it only repeats the question.
            asked: The question.
        """
        self._asked = set(tokenize(asked))
        self._encoder = encoder
        self._judge = judge

    def check(self, sentence: str, sources: Sequence[Source], hints: Sequence[int] = ()) -> Verdict:
        """Find the paper that a sentence is about, and verify the sentence; one that was copied is a quotation.

        Args:
            sentence: Without markers.
            sources: What may be cited, `embedded`; at least one.
            hints: Positions of sources that the writer named itself; they win when papers are close.
        """
        for source in sources:
            for at, span in enumerate(source.spans):
                if _plain(span.text) == _plain(sentence):
                    return Verdict(source, source.quote(at, 1.0), "quoted")
        vector = self._encoder.encode([sentence])[0]
        near = [_nearness(sentence, vector, source) + _HINT * (at in hints) for at, source in enumerate(sources)]
        source = sources[int(np.argmax(np.round(near, 6)))]
        return Verdict(source, _nearest(sentence, vector, source), self._support(sentence, source))

    def _support(self, sentence: str, source: Source) -> Support | None:
        if self._judge is None:
            repeats = set(tokenize(sentence)) <= self._asked
            unrelated = _missing(sentence, source) or _shared(sentence, source) < _RELATED
            return None if repeats or unrelated else "unverified"
        probability = float(self._judge.verify([(sentence, source.paper.title, source.text)])[0])
        if probability < LIKELY:
            return None
        return "supported" if probability >= self._judge.threshold else "unverified"


def _plain(text: str) -> str:
    """Return the words of a text, so that case and punctuation do not matter."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _nearness(sentence: str, vector: Vectors, source: Source) -> float:
    """Return how near a sentence is to a paper: cosine and share of words, less the facts that the paper lacks."""
    cosine = float((source.vectors @ vector).max(initial=0.0))
    return cosine + _shared(sentence, source) - _missing(sentence, source)


def _shared(sentence: str, source: Source) -> float:
    """Return the share of a sentence's words that the paper has."""
    said = set(tokenize(sentence))
    return len(said & set(tokenize(f"{source.paper.title}. {source.paper.abstract}"))) / max(len(said), 1)


def _missing(sentence: str, source: Source) -> int:
    text = f"{source.paper.title}. {source.paper.abstract}"
    return len(missing_numbers(sentence, text)) + len(missing_names(sentence, text))


def _nearest(sentence: str, vector: Vectors, source: Source) -> Quote:
    said = set(tokenize(sentence))
    cosines = source.vectors @ vector
    shares = [len(said & set(tokenize(span.text))) / max(len(said), 1) for span in source.spans]
    best = int(np.argmax(np.round(cosines + _WORDS * np.asarray(shares), 6)))
    return source.quote(best, float(cosines[best]))
