"""Vectors in, points on a plane and groups of neighbours out. Knows nothing of papers or words.

The plane is laid out by t-SNE (van der Maaten and Hinton, JMLR 9, 2008), so that near vectors lie near each other.
Groups are found by k-means on the plane rather than among the vectors: on 679 abstracts both agree equally well with
the papers' topics (of two papers of one group 14 % share a topic, 5 % of any two), but on the plane 92 % of a point's
ten neighbours are of its group, against 63 %: colours make regions that a name can stand on.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.vectors import Vectors

LAID_OUT = 3000
"""Points that t-SNE lays out, some 5 seconds on one core; each further one is placed among its nearest of these."""
MOST_GROUPS = 12
"""As many as colours can be told apart."""

_COMPONENTS = 50
_PERPLEXITY = 30
_ROUNDS = 500
_NEIGHBOURS = 3
_FEWEST = 8
"""Below, t-SNE has nothing to go by, and the two main components do."""
_SEED = 0

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where vectors lie on a plane.

    Attributes:
        points: float32 `(n, 2)`, from 0 to 1, equally scaled in both directions.
        groups: int64 `(n,)`, from 0, the largest group first.
    """

    points: Plane
    groups: NDArray[np.int64]


def lay_out(vectors: Vectors) -> Layout:
    """Lay out float32 `(n, dim)` vectors; the same ones come out the same, on one core so that others go on."""
    if not len(vectors):
        return Layout(np.zeros((0, 2), dtype=np.float32), np.zeros(0, dtype=np.int64))
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        points = _within_one(_plane(vectors))
        return Layout(points, _groups(points))


def group_count(points: int) -> int:
    """Return how many groups so many points make: half the root of their number, from 1 to `MOST_GROUPS`.

    How well groups are parted does not tell: on 679 abstracts the silhouette is .37 to .40 for 4 to 18 of them. So
    the number is one that can be read, and grows with what there is to tell apart.

    >>> [group_count(points) for points in (1, 40, 679, 20_000)]
    [1, 3, 12, 12]
    """
    return max(1, min(MOST_GROUPS, round(math.sqrt(points) / 2)))


def _plane(vectors: Vectors) -> Plane:
    """Return `(n, 2)`, however scaled."""
    from sklearn.decomposition import PCA

    count = len(vectors)
    if (vectors == vectors[0]).all():
        return np.zeros((count, 2), dtype=np.float32)
    if count < _FEWEST:
        flat = np.zeros((count, 2), dtype=np.float32)
        kept = min(2, count - 1, vectors.shape[1])
        if kept:
            flat[:, :kept] = PCA(kept, svd_solver="full").fit_transform(vectors)
        return flat
    parts = min(_COMPONENTS, count, vectors.shape[1])
    reduced = np.asarray(PCA(parts, random_state=_SEED).fit_transform(vectors), dtype=np.float32)
    if count <= LAID_OUT:
        return _by_tsne(reduced)
    chosen = np.sort(np.random.default_rng(_SEED).choice(count, LAID_OUT, replace=False))
    return _placed(reduced, chosen, _by_tsne(reduced[chosen]))


def _by_tsne(vectors: Vectors) -> Plane:
    from sklearn.manifold import TSNE

    tsne = TSNE(
        2,
        init="pca",
        perplexity=min(_PERPLEXITY, (len(vectors) - 1) / 3),
        max_iter=_ROUNDS,
        random_state=_SEED,
        n_jobs=1,
    )
    return np.asarray(tsne.fit_transform(vectors), dtype=np.float32)


def _placed(vectors: Vectors, chosen: NDArray[np.int64], points: Plane) -> Plane:
    """Place every vector at the mean of its nearest among the chosen ones, near ones counting more."""
    from sklearn.neighbors import NearestNeighbors

    distances, nearest = NearestNeighbors(n_neighbors=_NEIGHBOURS).fit(vectors[chosen]).kneighbors(vectors)
    weights = 1 / np.maximum(distances, 1e-6) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    placed: Plane = (points[nearest] * weights[:, :, None]).sum(axis=1).astype(np.float32)
    placed[chosen] = points
    return placed


def _within_one(points: Plane) -> Plane:
    """Move and scale points so that they fill 0 to 1 in the wider direction, and stand in the middle of the other."""
    low, high = points.min(axis=0), points.max(axis=0)
    width = float((high - low).max()) or 1.0
    return np.asarray((points - (low + high) / 2) / width + 0.5, dtype=np.float32)


def _groups(points: Plane) -> NDArray[np.int64]:
    """Return the group of each point."""
    from sklearn.cluster import KMeans

    different = len(np.unique(points, axis=0))
    count = min(group_count(len(points)), different)
    found = KMeans(count, n_init=10, random_state=_SEED).fit_predict(points)
    order = np.argsort(-np.bincount(found, minlength=count), kind="stable")
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    return np.asarray(rank[found])
