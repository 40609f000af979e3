"""Ranked papers in, where relevance ends out: how many of them belong on a list, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.retrieve import Ranked

LONGEST = 40
NEAREST = 3
"""So many are named where even the first is doubtful."""

_LEAST_CHANCE, _SURE_CHANCE = 0.15, 0.7


@dataclass(frozen=True)
class Model:
    """A logistic model of the chance that a paper of a ranking is relevant; `bench/fit_extent.py` fits it.

    Attributes:
        share: What the paper's score beside the best one counts.
        nearness: What the nearest paper's similarity and word match count: with nothing near, all are doubtful.
        rank: What each place down the ranking counts.
        intercept: Added to all.
    """

    share: float = 4.484
    nearness: float = 7.219
    rank: float = -0.067
    intercept: float = -6.447

    def chances(self, ranked: Sequence[Ranked]) -> NDArray[np.float64]:
        """Return float64 `(papers,)`: the chance of each to be relevant."""
        odds = self.features(ranked) @ [self.share, self.nearness, self.rank] + self.intercept
        chances: NDArray[np.float64] = 1 / (1 + np.exp(-odds))
        return chances

    @staticmethod
    def features(ranked: Sequence[Ranked]) -> NDArray[np.float64]:
        """Return float64 `(papers, 3)`: share, nearness (without word match where there is none) and rank."""
        best = max((hit.score for hit in ranked), default=0.0) or 1.0
        near = [(hit.similarity + hit.match) / 2 if hit.match else hit.similarity for hit in ranked]
        rows = [[hit.score / best, max(near), rank] for rank, hit in enumerate(ranked, start=1)]
        return np.asarray(rows, dtype=np.float64).reshape(len(ranked), 3)


MODEL = Model()


@dataclass(frozen=True)
class Extent:
    """How far a list reaches.

    Attributes:
        count: The first so many papers belong on it.
        sure: The first one fits well; where not, what comes nearest may be about something else.
    """

    count: int
    sure: bool


def extent(ranked: Sequence[Ranked], model: Model = MODEL) -> Extent:
    """Return where relevance ends: where the expected F1 of the list is largest.

    With the papers' chances p the F1 of the first k is about 2 x (sum of the first k chances) / (k + sum of all)
    (Nan, Chai, Lee and Chieu 2012, arXiv:1206.4625, in its plug-in form). A paper with hardly a chance never counts;
    where even the first is doubtful, only the nearest few do.

    Args:
        ranked: Best first; those after the first `LONGEST` never count.
        model: Gives the chances.
    """
    chances = model.chances(ranked[:LONGEST])
    if not len(chances) or chances[0] < _SURE_CHANCE:
        return Extent(min(NEAREST, len(chances)), False)
    expected = 2 * np.cumsum(chances) / (np.arange(1, len(chances) + 1) + chances.sum())
    return Extent(min(int(np.argmax(expected)) + 1, int((chances >= _LEAST_CHANCE).sum())), True)
