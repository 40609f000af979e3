"""A `Store` in, a `PaperMap` out: where each paper lies among the others, and what its neighbourhood is called."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.layout import Layout, lay_out
from index.papers import Paper
from index.store import Store
from rag.labels import labels

MOST = 20_000
"""Papers of the largest map: it takes some seconds to make, and its JSON 4 MB."""


@dataclass(frozen=True, eq=False)
class PaperMap:
    """The papers of an index on a plane; of more than `MOST`, as many evenly spread over their ids.

    Attributes:
        generation: Of the index, which it is a map of.
        papers: In the order of the index.
        layout: Point and group of each.
        names: For each group the words that tell it from the others.
        total: Papers of the index.
    """

    generation: int
    papers: tuple[Paper, ...]
    layout: Layout
    names: tuple[tuple[str, ...], ...]
    total: int

    @classmethod
    def of(cls, store: Store) -> "PaperMap":
        """Return the map of a store; takes a second for a thousand papers, and 5 to 20 for many."""
        total = len(store.papers)
        positions = np.arange(total) if total <= MOST else np.linspace(0, total - 1, MOST).round().astype(np.int64)
        papers = tuple(store.papers[at] for at in positions.tolist())
        layout = lay_out(store.wholes(positions.tolist()))
        names = labels(papers, layout.groups.tolist())
        return cls(store.manifest.generation, papers, layout, tuple(names), total)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values: a column for each field of the papers, to be small.

        `topic_names` and `source_names` hold each name once, the commonest first; `topics` and `sources` of a paper
        are positions there.
        """
        topics = _by_count(topic for paper in self.papers for topic in paper.topics)
        sources = _by_count(source for paper in self.papers for source in paper.sources)
        return {
            "generation": self.generation,
            "total": self.total,
            "ids": [paper.id for paper in self.papers],
            "titles": [paper.title for paper in self.papers],
            "points": np.round(self.layout.points.astype(float), 4).tolist(),
            "groups": self.layout.groups.tolist(),
            "names": [", ".join(words) for words in self.names],
            "years": [(paper.published or "")[:4] for paper in self.papers],
            "topic_names": list(topics),
            "topics": [[topics[topic] for topic in paper.topics] for paper in self.papers],
            "source_names": list(sources),
            "sources": [[sources[source] for source in paper.sources] for paper in self.papers],
        }


class Atlas:
    """Keeps the map of the latest store it was asked for; those who ask meanwhile wait for the one that is made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._map: PaperMap | None = None

    def map_of(self, store: Store) -> PaperMap:
        """Return the map of a store, made once for each generation of its index."""
        with self._lock:
            if self._map is None or self._map.generation != store.manifest.generation:
                self._map = PaperMap.of(store)
            return self._map


def _by_count(names: Iterable[str]) -> dict[str, int]:
    """Return each name and its place among them, the commonest first."""
    counts = Counter(names)
    return {name: at for at, name in enumerate(sorted(counts, key=lambda name: (-counts[name], name)))}
