"""A question in, ranked papers out, with the signals that tell whether any of them is about it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.papers import Paper, title_key
from index.store import Store
from index.vectors import Encoded, Encoder, Vectors, WordEncoder
from index.words import tokenize
from rag import signals
from rag.names import name_keys, names
from rag.signals import share, spread

ABOUT_FLOOR = 0.76
"""What similarity and word match of one of the first three papers must add up to, for any to be about the question."""

NAMED_FLOOR, COSINE_FLOOR, RELEVANCE_FLOOR = 0.2, 0.33, 0.5
"""The same where the index has no words: the best cosine, less of it where a rare name is shared, and the best cosine
and half the coverage together. All are calibrated on development questions (bench/LOG.md)."""


@dataclass(frozen=True)
class Weights:
    """What the signals of `rag/signals.py` count beside 1 for similarity and words together.

    The same for every corpus; `bench/fit_weights.py` shows what each does on several (bench/LOG.md).
    """

    match: float = 0.7
    names: float = 0.15
    neighbours: float = 0.4
    feedback: float = 0.2

    @property
    def total(self) -> float:
        """The score of a paper that is the best by every signal."""
        return 1 + self.match + self.names + self.neighbours + self.feedback


WEIGHTS = Weights()
LIST_WEIGHTS = Weights(feedback=1.0)
"""A list has many right papers, so what the first ones share may count more than for a question that one answers."""


WORDS, MEANING, NEIGHBOURS = "words", "meaning", "neighbours"
"""What a paper may be found by: the words that it shares with the question, its vector, or neither of them."""

FOUND_FIRST = 40
"""So many papers are found by a searcher that looks alone."""


@dataclass(frozen=True)
class Ranked:
    """A paper and why it stands where it does.

    Attributes:
        paper: The paper.
        score: The weighted mean of its signals, each stretched over the candidates: 0 to 1.
        similarity: The mean of its cosine as a whole and that of its best chunk.
        match: How well it has each word of the question, a mean cosine; 0 where the index has no words.
        found_by: Which searchers find it alone, `WORDS` and `MEANING`; `NEIGHBOURS` where it is neither among the first
            `FOUND_FIRST` of the one nor of the other, and what it shares with the papers that are brought it up.
    """

    paper: Paper
    score: float
    similarity: float = 0.0
    match: float = 0.0
    found_by: tuple[str, ...] = ()


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
        if any(hit.match for hit in self.ranked):
            return self._nearness >= ABOUT_FLOOR
        if self.named and self.cosine >= NAMED_FLOOR:
            return True
        return self.cosine >= COSINE_FLOOR and self.cosine + 0.5 * self.coverage >= RELEVANCE_FLOOR

    @property
    def _nearness(self) -> float:
        return max((hit.similarity + hit.match for hit in self.ranked[:3]), default=0.0)


def search(
    store: Store,
    encoder: Encoder,
    question: str,
    limit: int,
    candidates: int,
    dense_weight: float,
    weights: Weights = WEIGHTS,
    within: Sequence[int] | None = None,
) -> Found:
    """Rank papers by vectors and words together.

    Candidates are the best `candidates` papers of either searcher, of all or of the positions `within`, and all of
    those where they are no more than both could put forward. A candidate's
    similarity is the mean of its cosine as a whole and that of its best chunk; similarity and BM25 score are each
    divided by the best one among the candidates, then added with weights (convex combination: Bruch, Gai and Ingber
    2023, doi:10.1145/3596512). To that come the match of the single words in their context and names that stand in the
    title; on that, the scores of the candidate's neighbours, and on those the words that are typical of the first ones.
    A paper whose title is the question comes first.
    """
    asked = _encoded(encoder, question)
    words = store.words(question)
    chosen = None if within is None else np.unique(np.asarray(within, dtype=np.int32))
    if chosen is None or len(chosen) > 2 * candidates:
        by_meaning = store.nearest(asked.vector, 3 * candidates, chosen)[:candidates]
        positions = sorted({*by_meaning, *_best(words, candidates, chosen)})
    else:
        positions = chosen.tolist()
    if not positions:
        return Found(asked.vector, (), 0.0, 0.0, False)
    cosines = store.similarities(positions, asked.vector)
    key, titles = title_key(question), [store.papers[at].title for at in positions]
    similarity, match = cosines.mean(axis=1), signals.word_match(store, asked, positions)
    scores = dense_weight * share(similarity) + (1 - dense_weight) * share(words[positions])
    scores += weights.match * spread(match)
    scores += weights.names * signals.names_shared(question, titles)
    scores += weights.neighbours * spread(signals.neighbours(scores, store.wholes(positions)))
    scores += weights.feedback * share(signals.feedback(store, scores, positions))
    scores /= weights.total
    scores += [key == title_key(title) for title in titles]
    order = np.lexsort((np.arange(len(positions)), -np.round(scores, 6)))
    by = _found_by(words[positions], similarity)
    ranked = tuple(
        Ranked(
            store.papers[positions[at]], float(min(scores[at], 1.0)), float(similarity[at]), float(match[at]), by[at]
        )
        for at in order[:limit]
    )
    first = [hit.paper for hit in ranked[:3]]
    return Found(
        asked.vector, ranked, float(cosines.max()), coverage(store, question, first), _named(store, question, first)
    )


def _best(scores: Vectors, count: int, within: NDArray[np.int32] | None) -> list[int]:
    """Return the positions of the `count` largest scores above 0, equal ones in order of position."""
    some = np.flatnonzero(scores > 0) if within is None else within[scores[within] > 0]
    if len(some) > count:
        least = np.partition(scores[some], len(some) - count)[len(some) - count]
        some = some[scores[some] >= least]
    return [int(at) for at in some[np.lexsort((some, -scores[some]))][:count]]


def _found_by(words: Vectors, similarity: Vectors) -> list[tuple[str, ...]]:
    """Return which searchers find each candidate alone, by its BM25 score and its similarity."""
    found: list[list[str]] = [[] for _ in words]
    for name, scores in ((WORDS, words), (MEANING, similarity)):
        for at in np.lexsort((np.arange(len(scores)), -scores))[:FOUND_FIRST]:
            if scores[at] > 0:
                found[at].append(name)
    return [tuple(names) or (NEIGHBOURS,) for names in found]


def _encoded(encoder: Encoder, question: str) -> Encoded:
    """Return the question as a whole and, where the encoder can tell, by its words."""
    if isinstance(encoder, WordEncoder):
        return encoder.encode_words([question])[0]
    vector = encoder.encode([question])[0]
    return Encoded(vector, (), np.zeros((0, len(vector)), dtype=np.float32))


def coverage(store: Store, question: str, papers: Sequence[Paper]) -> float:
    """Return the largest share of the question's words in one paper, each word weighted by its rarity."""
    weights = {word: store.rarity(word) for word in tokenize(question)}
    total = sum(weights.values())
    if not total:
        return 0.0
    shares = [sum(weights[word] for word in weights.keys() & set(tokenize(_text(paper)))) / total for paper in papers]
    return max(shares, default=0.0)


def _named(store: Store, question: str, papers: Sequence[Paper]) -> bool:
    """Tell whether a name of the question that few papers have stands in one of these, or is its short title."""
    short = [paper.title.split(":")[0] for paper in papers if ":" in paper.title]
    if any(re.search(rf"\b{re.escape(title)}\b", question) for title in short):
        return True
    rare = {key for name in names(question) if store.rare(tokenize(name)[-1:]) for key in name_keys(name)}
    return bool(rare) and any(rare & name_keys(_text(paper)) for paper in papers)


def _text(paper: Paper) -> str:
    return f"{paper.title} {paper.abstract}"
