"""A collection of a Chroma server in, the searches out that `VectorMatrix` has where vectors lie at hand.

What is asked for again is kept in memory. A reader goes on with the index as it opened it: chunks that others add are
passed over, and those that an update takes away stay until the next one.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from index.catalog import Catalog
from index.chroma import ChunkTable
from index.chromaserver import ServerTable
from index.chunks import Chunk
from index.errors import StoreError
from index.matrix import VectorMatrix, digest_of, ranges
from index.paper import Paper
from index.postings import Positions
from index.vectors import Vectors

KEPT = 50_000
"""Vectors that stay in memory once read: 77 MB of 384 numbers each."""

EXACT_ROWS = 2_000
"""So few rows are all read and compared."""

NAMED_ROWS = 20_000
"""So few are named to the server to choose from; of more, the nearest of all are looked through."""


_PAPERS = 250


@dataclass(frozen=True)
class RemoteMatrix(VectorMatrix):
    """The vectors of an index in a server; `rows` and `codes` are empty.

    Attributes:
        table: The collection.
        papers: By position.
        catalog: Of these.
    """

    table: ServerTable
    papers: Sequence[Paper]
    catalog: Catalog
    kept: "_Kept" = field(default_factory=lambda: _Kept(), compare=False)

    @classmethod
    def over(
        cls, matrix: VectorMatrix, table: ServerTable, papers: Sequence[Paper], catalog: Catalog
    ) -> "RemoteMatrix":
        """Return the vectors of the chunks that a matrix without vectors names."""
        return cls(matrix.starts, matrix.chunk_ids, matrix.rows, matrix.codes, matrix.mean, table, papers, catalog)

    def nearest(self, vector: Vectors, count: int, within: Positions | None = None) -> list[int]:
        """Return the positions of the papers of the `count` rows nearest to a vector, best first, each once.

        Exact among few rows, as good as Chroma's graph among many.
        """
        places = np.arange(len(self.starts) - 1) if within is None else within.astype(np.int64)
        rows = ranges(self.starts[places], self.starts[places + 1])
        if len(rows) <= max(EXACT_ROWS, count):
            best = rows[np.lexsort((rows, -self._cosines(rows, vector)))[:count]]
        elif within is not None and len(rows) <= NAMED_ROWS:
            best = self._rows_of(self.table.nearest(vector, count, self._ids(rows)))
        else:
            best = self._looked_through(vector, count, None if within is None else rows)
        return list(dict.fromkeys((self.starts.searchsorted(best, "right") - 1).tolist()))

    def read(self, rows: NDArray[np.int64]) -> Vectors:
        """Return float32 `(rows, dim)`: the vectors of some rows.

        Raises:
            StoreError: The server lacks one of them, or is away.
        """
        ids = self._ids(rows)
        found = self.kept.get(ids)
        if missing := [each for each in ids if each not in found]:
            fresh = self.table.vectors(missing)
            if len(fresh) < len(set(missing)):
                raise StoreError(
                    f"The Chroma server lacks {len(set(missing)) - len(fresh)} vectors of this index: its folder is an "
                    "old copy, or they are gone. Copy it again, or run: paperchat index"
                )
            self.kept.add(fresh)
            found |= fresh
        return np.asarray([found[each] for each in ids], dtype=np.float32).reshape(len(ids), len(self.mean))

    def _looked_through(self, vector: Vectors, count: int, rows: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """Return up to `count` of some rows nearest to a vector, looking at ever more until there are enough."""
        asked = count if rows is None else int(count * len(self.chunk_ids) / len(rows))
        while True:
            ids = self.table.nearest(vector, asked)
            found = self._rows_of(ids)
            if rows is not None:
                found = found[np.isin(found, rows)]
            if len(found) >= count or len(ids) < asked:
                return found[:count]
            asked *= 2

    def _ids(self, rows: NDArray[np.int64]) -> list[str]:
        """Return the ids of the chunks of some rows."""
        places = (self.starts.searchsorted(rows, "right") - 1).tolist()
        digests = self.chunk_ids[rows].tolist()
        return [f"{self.papers[at].id}#{digest:016x}" for at, digest in zip(places, digests, strict=True)]

    def _rows_of(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Return the rows of chunks in their order; chunks that are not of this index have none."""
        found: list[int] = []
        for paper_id, _, digest in (each.rpartition("#") for each in ids):
            for at in self.catalog.having("id", paper_id).tolist():
                start, end = int(self.starts[at]), int(self.starts[at + 1])
                found += (start + np.flatnonzero(self.chunk_ids[start:end] == np.uint64(int(digest, 16)))).tolist()
        return np.asarray(found, dtype=np.int64)


def bring(
    table: ChunkTable, matrix: VectorMatrix, papers: Sequence[Paper], cut: Callable[[Paper], Sequence[Chunk]]
) -> None:
    """Copy vectors that lie at hand to Chroma, so that they are not embedded again; those that are there stay.

    Args:
        table: The collection.
        matrix: Has the vectors.
        papers: By position.
        cut: Paper -> its chunks.
    """
    for start in range(0, len(papers), _PAPERS):
        end = min(start + _PAPERS, len(papers))
        rows = range(int(matrix.starts[start]), int(matrix.starts[end]))
        row_of = dict(zip(matrix.chunk_ids[rows.start : rows.stop].tolist(), rows, strict=True))
        pieces = [piece for paper in papers[start:end] for piece in cut(paper) if digest_of(piece.id) in row_of]
        there = table.has([piece.id for piece in pieces])
        new = [piece for piece in pieces if piece.id not in there]
        table.add(new, matrix.read(np.asarray([row_of[digest_of(piece.id)] for piece in new], dtype=np.int64)))


class _Kept:
    """Vectors by chunk, the last ones asked for; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._vectors: dict[str, Vectors] = {}

    def get(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return those that are kept of some."""
        with self._lock:
            found = {each: self._vectors.pop(each) for each in ids if each in self._vectors}
            self._vectors |= found
        return found

    def add(self, vectors: dict[str, Vectors]) -> None:
        """Keep some, in the place of those that nobody asked for the longest."""
        with self._lock:
            self._vectors |= {each: row.copy() for each, row in vectors.items()}
            for each in list(self._vectors)[: max(0, len(self._vectors) - KEPT)]:
                del self._vectors[each]
