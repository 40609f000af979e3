"""Splits ranked papers into sentences, scores them, and selects the evidence that fits the token budget."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from index.chunks import Span, sentences
from index.papers import Paper
from index.vectors import Encoder, Vectors
from rag.answer import Match, Quote
from rag.judges import Reader
from rag.retrieve import Ranked
from rag.writer import as_text

NEARLY_AS_GOOD, AMONG_SEVERAL = 0.92, 0.8
"""Shares of the best score from which on another paper is shown too, the second where a question asks for several:
small models take the facts of neighbours."""
_SEVERAL = re.compile(
    r"\b(?:vs\.?|versus|compar\w+|contrast\w*|differ\w*|papers|works|studies|methods|approaches|reasons|ways|variants?|"
    r"versions|both|each|several|all|two|three|four|respectively|which \w+s)\b",
    re.I,
)
_NEXT_SENTENCES = 2


@dataclass(frozen=True, eq=False)
class Source:
    """A paper with what can be quoted from it.

    Attributes:
        paper: The paper.
        spans: The sentences of its abstract, in order.
        probabilities: The reader's probabilities that the sentences answer, float32 `(spans,)`.
        shown: Positions of the sentences that a language model is shown, in order.
        score: Of the paper, as the search gave it.
        found_by: What found the paper, as the search says.
        probability: The reader's, that the paper answers; 0 until `gather`.
        vectors: Of the sentences, float32 `(spans, dim)`; none until `embedded`.
    """

    paper: Paper
    spans: tuple[Span, ...]
    probabilities: Vectors
    shown: tuple[int, ...]
    score: float
    found_by: tuple[str, ...] = ()
    probability: float = 0.0
    vectors: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    @property
    def text(self) -> str:
        """The sentences, without those that were taken away because they instruct who reads them."""
        return " ".join(span.text for span in self.spans)

    @property
    def shown_text(self) -> str:
        """The title, and the sentences that a model is shown: two lines, so that none begins another excerpt."""
        return "\n".join(map(as_text, [self.paper.title, " ".join(self.spans[at].text for at in self.shown)]))

    def best(self) -> list[int]:
        """Return the positions of the sentences, likeliest to answer first."""
        return [int(at) for at in np.lexsort((np.arange(len(self.spans)), -np.round(self.probabilities, 6)))]

    def quote(self, at: int, score: float | None = None) -> Quote:
        """Return a sentence as a quotation."""
        span = self.spans[at]
        return Quote(span.text, span.start, span.end, float(self.probabilities[at]) if score is None else score)

    def match(self) -> Match:
        """Return the paper as a person is shown it, its best sentences first."""
        return Match(self.paper, self.score, tuple(self.quote(at) for at in self.best()), self.found_by)


def split(ranked: Sequence[Ranked]) -> list[Source]:
    """Return papers, in their order, with their sentences; no sentence is scored or embedded yet."""
    sources = []
    for hit in ranked:
        spans = tuple(sentences(hit.paper.abstract))
        unscored: Vectors = np.zeros(len(spans), dtype=np.float32)
        sources.append(Source(hit.paper, spans, unscored, (), hit.score, hit.found_by))
    return sources


def gather(reader: Reader, question: str, ranked: Sequence[Ranked]) -> list[Source]:
    """Return papers, in their order, with their sentences scored by the reader for a question."""
    sources = split(ranked)
    texts = [(source.paper.title, [span.text for span in source.spans]) for source in sources]
    readings = reader.read(question, texts)
    return [
        replace(source, probabilities=reading.sentences, probability=reading.paper)
        for source, reading in zip(sources, readings, strict=True)
    ]


def embedded(encoder: Encoder, sources: Sequence[Source]) -> list[Source]:
    """Return the sources with the vectors of their sentences, by the encoder of the index."""
    rows = encoder.encode([span.text for source in sources for span in source.spans])
    starts = np.cumsum([0, *(len(source.spans) for source in sources)])
    return [replace(source, vectors=rows[a:b]) for source, (a, b) in zip(sources, pairwise(starts), strict=True)]


def matches(reader: Reader, question: str, ranked: Sequence[Ranked]) -> list[Match]:
    """Return papers with their sentences, those likeliest to answer first; arguments are those of `gather`."""
    return [source.match() for source in gather(reader, question, ranked)]


def foremost(sources: Sequence[Source], question: str) -> list[Source]:
    """Return the best paper and those nearly as good; where a question asks for several, they may be less near."""
    nearly = AMONG_SEVERAL if _SEVERAL.search(question) else NEARLY_AS_GOOD
    return [source for source in sources if source.score >= nearly * sources[0].score]


def fit(sources: Sequence[Source], question: str, budget_tokens: int, count: Callable[[str], int]) -> list[Source]:
    """Choose what a language model is shown: the whole best abstract, and the best sentences of those nearly as good.

    Args:
        sources: Best first.
        question: Whether it is about several papers decides how near the others must come.
        budget_tokens: What all of it may cost.
        count: Tokens of a text.

    Returns:
        The sources of which at least one sentence fits, in their order, with `shown` set. The first is never left out:
        a sentence too many is cut from it, the least likely to answer first, down to one.
    """
    chosen: list[Source] = []
    left = budget_tokens
    for rank, source in enumerate(foremost(sources, question)):
        wanted = source.best()[: None if rank == 0 else _NEXT_SENTENCES]
        while wanted:
            candidate = replace(source, shown=tuple(sorted(wanted)))
            cost = count(candidate.shown_text)
            if cost <= left or (rank == 0 and len(wanted) == 1):
                chosen.append(candidate)
                left -= cost
                break
            wanted.pop()
    return chosen
