"""A question in, ranked papers out, with the signals that tell whether any of them is about it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.papers import Paper, title_key
from index.store import Store
from index.vectors import Encoder, Vectors
from index.words import tokenize
from rag.names import name_keys, names

NAME_WEIGHT = 0.1
"""Added for names of the question that stand in a paper's title, spelt as names, and in few others."""

NAMED_FLOOR = 0.2
"""A rare name opens the gate at this cosine already."""

COSINE_FLOOR, RELEVANCE_FLOOR = 0.33, 0.5
"""Below either nothing in the index is about the question; calibrated in bench/LOG.md on development questions."""


@dataclass(frozen=True)
class Ranked:
    """A paper and its score: the weighted sum of its similarity and of its words, each as a share of the best."""

    paper: Paper
    score: float


@dataclass(frozen=True)
class Found:
    """What a search brought.

    Attributes:
        vector: Of the question, float32 `(dim,)`.
        ranked: Papers, best first; equal scores in order of id.
        cosine: The best cosine of the question with any paper or chunk that was looked at.
        coverage: Share of the question's words, weighted by rarity, that stand in one of the first three papers.
        named: A rare name of the question stands in one of the first three papers, or is its short title.
    """

    vector: Vectors
    ranked: tuple[Ranked, ...]
    cosine: float
    coverage: float
    named: bool

    @property
    def relevant(self) -> bool:
        """Tell whether any paper may be about the question at all."""
        if not self.ranked:
            return False
        if self.named and self.cosine >= NAMED_FLOOR:
            return True
        return self.cosine >= COSINE_FLOOR and self.cosine + 0.5 * self.coverage >= RELEVANCE_FLOOR


def search(store: Store, encoder: Encoder, question: str, limit: int, candidates: int, dense_weight: float) -> Found:
    """Rank papers by vectors and words together.

    Candidates are the best `candidates` papers of either searcher. A candidate's similarity is the mean of its cosine
    as a whole and that of its best chunk; similarity and BM25 score are each divided by the best one among the
    candidates, then added with weights (convex combination: Bruch, Gai and Ingber 2023, doi:10.1145/3596512). A
    paper whose title has the question's names gains `NAME_WEIGHT`; one whose title is the question comes first.
    """
    vector = encoder.encode([question])[0]
    words = store.words(question)
    by_words = [int(at) for at in np.lexsort((np.arange(len(words)), -words))[:candidates] if words[at] > 0]
    positions = sorted({*store.nearest(vector, 3 * candidates)[:candidates], *by_words})
    if not positions:
        return Found(vector, (), 0.0, 0.0, False)
    cosines = store.similarities(positions, vector)
    scores = dense_weight * _share(cosines.mean(axis=1)) + (1 - dense_weight) * _share(words[positions])
    key, titles = title_key(question), [store.papers[at].title for at in positions]
    scores += NAME_WEIGHT * _names_shared(question, titles)
    scores += [key == title_key(title) for title in titles]
    order = np.lexsort((np.arange(len(positions)), -np.round(scores, 6)))
    ranked = tuple(Ranked(store.papers[positions[at]], float(min(scores[at], 1.0))) for at in order[:limit])
    first = [hit.paper for hit in ranked[:3]]
    return Found(
        vector, ranked, float(cosines.max()), _coverage(store, question, first), _named(store, question, first)
    )


def _share(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Divide by the largest value; negative ones and a row of zeros become 0."""
    best = float(values.max(initial=0.0))
    return np.clip(values, 0, None).astype(np.float64) / best if best > 0 else np.zeros(len(values))


def _names_shared(question: str, titles: Sequence[str]) -> NDArray[np.float64]:
    """Return for each title what it has of the question's names, 0 to 1; a name in k titles counts 1/k in each."""
    asked = name_keys(question)
    if not asked:
        return np.zeros(len(titles))
    shared = [asked & name_keys(title) for title in titles]
    counts = Counter(name for of_title in shared for name in of_title)
    return np.asarray([sum(1 / counts[name] for name in of_title) / len(asked) for of_title in shared])


def _coverage(store: Store, question: str, papers: Sequence[Paper]) -> float:
    """Return the largest share of the question's words in one paper, each word weighted by its rarity."""
    weights = {word: store.rarity(word) for word in tokenize(question)}
    total = sum(weights.values())
    if not total:
        return 0.0
    shares = [sum(weights[word] for word in weights.keys() & set(tokenize(_text(paper)))) / total for paper in papers]
    return max(shares, default=0.0)


def _named(store: Store, question: str, papers: Sequence[Paper]) -> bool:
    """Tell whether a name of the question that few papers have stands in one of these, or is its short title."""
    there = set().union(*(name_keys(_text(paper)) for paper in papers))
    rare = {key for name in names(question) if store.rare(tokenize(name)[-1:]) for key in name_keys(name)}
    short = [paper.title.split(":")[0] for paper in papers if ":" in paper.title]
    return bool(rare & there) or any(re.search(rf"\b{re.escape(title)}\b", question) for title in short)


def _text(paper: Paper) -> str:
    return f"{paper.title} {paper.abstract}"
