"""Ranked papers in, where relevance ends out: how many of them belong on a list, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.retrieve import Ranked

LONGEST = 40
NEAREST = 3

SHARE, NEARNESS, RANK, INTERCEPT = 4.65, 8.34, -0.068, -7.02
"""Of the logistic model of a paper's chance, fitted by `bench/fit_extent.py` on judged lists of two corpora."""

_LEAST_CHANCE, _SURE_CHANCE = 0.15, 0.6


@dataclass(frozen=True)
class Extent:
    """How far a list reaches.

    Attributes:
        count: The first so many papers belong on it.
        sure: The first ones fit well; where not, what comes nearest may be about something else.
    """

    count: int
    sure: bool


def extent(ranked: Sequence[Ranked]) -> Extent:
    """Return where relevance ends: where the expected F1 of the list is largest.

    With the papers' chances p the F1 of the first k is about 2 x (sum of the first k chances) / (k + sum of all)
    (Nan, Chai, Lee and Chieu 2012, arXiv:1206.4625, in its plug-in form). A paper with hardly a chance never counts;
    where even the first three are doubtful, only they do.

    Args:
        ranked: Best first, at best `LONGEST` of them.
    """
    chances = _chances(ranked[:LONGEST])
    if not len(chances):
        return Extent(0, False)
    if float(chances[:NEAREST].mean()) < _SURE_CHANCE:
        return Extent(min(NEAREST, len(chances)), False)
    expected = 2 * np.cumsum(chances) / (np.arange(1, len(chances) + 1) + chances.sum())
    return Extent(min(int(np.argmax(expected)) + 1, int((chances >= _LEAST_CHANCE).sum())), True)


def _chances(ranked: Sequence[Ranked]) -> NDArray[np.float64]:
    """Return the chance of each paper to be relevant, by its score beside the best, its rank, and how near any comes.

    How near papers come is the mean over the nearest three of similarity and, where the index has words, word match.
    """
    if not ranked or ranked[0].score <= 0:
        return np.zeros(len(ranked))
    near = np.asarray([(hit.similarity + hit.match) / 2 if hit.match else hit.similarity for hit in ranked])
    share = np.asarray([hit.score for hit in ranked]) / ranked[0].score
    rank = np.arange(1, len(ranked) + 1)
    odds = SHARE * share + NEARNESS * float(np.sort(near)[-NEAREST:].mean()) + RANK * rank + INTERCEPT
    chances: NDArray[np.float64] = 1 / (1 + np.exp(-odds))
    return chances
