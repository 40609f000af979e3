"""Papers in, pairs of them that look like the same work out: a preprint beside the journal's version, in other words.

Found by the pairs of neighbouring words that two papers share and few others have; all pairs are compared, by one
product of sparse matrices. Nothing is merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.paper import Paper

ALIKE = 0.12
"""From here on two papers look like one work: of generated and of real pairs none below it was wrong."""

_RARE = 100
"""Papers that a pair of words may stand in: what more of them say is how one writes, not what one writes about."""
_LEAST_SHARED = 8
_FEATURES = 2_000
"""Places for the pairs of words of one paper, of which it has a hundred or two: so few share a place by chance."""
_MOST_FEATURES_BITS = 24
_SLICE = 2_000


@dataclass(frozen=True)
class Duplicates:
    """Two papers that look like the same work.

    Attributes:
        first: Id of the one that comes first in the order of papers.
        second: Id of the other one.
        titles: Of both.
        alike: Rare pairs of words that they share, as a part of all that they have, 0 to 1.
    """

    first: str
    second: str
    titles: tuple[str, str]
    alike: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "titles": list(self.titles)}


def near_duplicates(papers: Sequence[Paper], alike: float = ALIKE) -> list[Duplicates]:
    """Return the pairs of papers that look like the same work, the most alike first.

    Args:
        papers: Each once, as `merge` leaves them.
        alike: Report pairs that share at least so large a part of their rare pairs of words.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    if len(papers) < 2:
        return []
    features = 1 << min(_MOST_FEATURES_BITS, (len(papers) * _FEATURES).bit_length())
    vectorizer = HashingVectorizer(
        ngram_range=(2, 2), n_features=features, norm=None, binary=True, alternate_sign=False, dtype=np.float32
    )
    pairs = vectorizer.transform(f"{paper.title}\n{paper.abstract}" for paper in papers)
    frequency = np.bincount(pairs.indices, minlength=features)
    rare = pairs[:, np.flatnonzero((frequency > 0) & (frequency <= _RARE))]
    sizes = np.diff(rare.indptr)
    by_pair = rare.T.tocsr()
    found = []
    for start in range(0, len(papers), _SLICE):
        shared = (rare[start : start + _SLICE] @ by_pair).tocoo()
        enough = (shared.data >= _LEAST_SHARED) & (shared.row + start < shared.col)
        for row, column, both in zip(shared.row[enough] + start, shared.col[enough], shared.data[enough], strict=True):
            part = float(both / (sizes[row] + sizes[column] - both))
            if part >= alike:
                first, second = papers[row], papers[column]
                found.append(Duplicates(first.id, second.id, (first.title, second.title), round(part, 3)))
    return sorted(found, key=lambda pair: (-pair.alike, pair.first, pair.second))
