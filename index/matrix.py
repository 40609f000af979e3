"""Vectors of all chunks by position of their paper: searched and compared where they lie, mapped from disk.

A row for each chunk, of float16 where there are many, those of a paper side by side with the whole of it first; beside
it a code of one bit a number, which finds the rows worth comparing (binary quantisation with rescoring: Yamada, Asai
and Hajishirzi 2021, doi:10.18653/v1/2021.acl-short.123): first by the bits alone, then by the numbers of the question
and the bits of the row (asymmetric distance: Gordo et al. 2014, doi:10.1109/TPAMI.2013.101). bench/LOG.md has what that
costs and misses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.vectors import Vectors

EXACT_ROWS = 20_000
"""So few rows are all compared, without looking at codes first."""

NEAR_SHARE = 12
"""One row of so many, those whose codes differ in the fewest bits from that of the question, is looked at again."""

RESCORED, RESCORED_SHARE = 4_000, 250
"""At least so many rows, the best of those, are compared; at least one of so many in all; and at least eight for each
that is asked for. Of a million, .996 of the ten nearest are found (bench/LOG.md)."""

_AT_ONCE = 100_000
_SIGNS = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32) - 1
"""float32 `(256, 8)`: what the bits of each byte stand for, 1 or -1."""


@dataclass(frozen=True)
class VectorMatrix:
    """The vectors of an index.

    Attributes:
        starts: int64 `(papers + 1,)`, the first row of each paper.
        chunk_ids: uint64 `(rows,)`, the digests in the chunks' ids.
        rows: float32, or float16 where there are more than `EXACT_ROWS`, `(rows, dim)`, of length 1.
        codes: uint64 `(dim / 64, rows)`, rounded up: for each number whether it is above the mean of all.
        mean: float32 `(dim,)`.
    """

    starts: NDArray[np.int64]
    chunk_ids: NDArray[np.uint64]
    rows: NDArray[np.floating]
    codes: NDArray[np.uint64]
    mean: Vectors

    @classmethod
    def of(
        cls, counts: Sequence[int], chunk_ids: NDArray[np.uint64], rows: NDArray[np.floating], mean: Vectors
    ) -> "VectorMatrix":
        """Make the matrix of papers that have so many chunks each."""
        starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
        kind = np.float32 if len(rows) <= EXACT_ROWS else np.float16
        return cls(starts, chunk_ids, rows.astype(kind, copy=False), codes_of(rows, mean), mean)

    @property
    def lies_here(self) -> bool:
        """Tell whether the vectors of its chunks are in it, rather than in a server."""
        return len(self.rows) == len(self.chunk_ids)

    def nearest(self, vector: Vectors, count: int, within: NDArray[np.int32] | None = None) -> list[int]:
        """Return the positions of the papers of the `count` rows nearest to a vector, best first, each once.

        Args:
            vector: float32 `(dim,)`, of length 1.
            count: How many rows.
            within: Positions, in order, of the papers to choose from; None takes all.
        """
        rows = self._candidates(vector, count, within)
        cosines = self._cosines(rows, vector)
        best = rows[np.lexsort((rows, -cosines))[:count]]
        return list(dict.fromkeys((self.starts.searchsorted(best, "right") - 1).tolist()))

    def similarities(self, positions: Sequence[int], vector: Vectors) -> NDArray[np.float32]:
        """Return float32 `(positions, 2)`: cosine of a vector with each whole paper, and with its best other chunk."""
        result = np.zeros((len(positions), 2), dtype=np.float32)
        asked = np.asarray(positions, dtype=np.int64)
        first, end = self.starts[asked], self.starts[asked + 1]
        cosines = self._cosines(ranges(first, end), vector)
        ends = np.cumsum(end - first)
        for at, (start, stop) in enumerate(zip(ends - (end - first), ends, strict=True)):
            if stop > start:
                of_paper = cosines[start:stop]
                result[at] = of_paper[0], of_paper[1:].max(initial=of_paper[0] if len(of_paper) == 1 else -1.0)
        return result

    def wholes(self, positions: Sequence[int]) -> Vectors:
        """Return float32 `(positions, dim)`: the vector of each paper as a whole."""
        return self.read(self.starts[np.asarray(positions, dtype=np.int64)])

    def read(self, rows: NDArray[np.int64]) -> Vectors:
        """Return float32 `(rows, dim)`: the vectors of some rows."""
        return self.rows[rows].astype(np.float32, copy=False)

    def ids_of(self, position: int) -> list[str]:
        """Return the digests of a paper's chunks as their ids have them."""
        return [f"{each:016x}" for each in self.chunk_ids[self.starts[position] : self.starts[position + 1]].tolist()]

    def _candidates(self, vector: Vectors, count: int, within: NDArray[np.int32] | None) -> NDArray[np.int64]:
        """Return the rows worth comparing with a vector, in order."""
        rows, codes = np.arange(len(self.rows), dtype=np.int64), self.codes
        if within is not None:
            asked = within.astype(np.int64)
            rows = ranges(self.starts[asked], self.starts[asked + 1])
        compared = max(RESCORED, 8 * count, len(rows) // RESCORED_SHARE)
        near = max(3 * compared, len(rows) // NEAR_SHARE)
        if len(rows) <= max(EXACT_ROWS, near):
            return rows
        if within is not None:
            codes = codes[:, rows]
        distances = self._distances(codes, vector)
        limit = np.cumsum(np.bincount(distances)).searchsorted(near)
        nearest = np.flatnonzero(distances <= limit)
        best = np.argpartition(-_estimates(codes[:, nearest], vector), compared - 1)[:compared]
        return np.sort(rows[nearest[best]])

    def _distances(self, codes: NDArray[np.uint64], vector: Vectors) -> NDArray[np.uint16]:
        """Return uint16 `(codes,)`: in how many bits each code differs from that of a vector."""
        asked = codes_of(vector[None, :], self.mean)[:, 0]
        distances = np.zeros(codes.shape[1], dtype=np.uint16)
        for start in range(0, len(distances), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            for words, bits in zip(codes, asked, strict=True):
                distances[part] += np.bitwise_count(words[part] ^ bits)
        return distances

    def _cosines(self, rows: NDArray[np.int64], vector: Vectors) -> NDArray[np.float32]:
        parts = [self.read(rows[at : at + _AT_ONCE]) @ vector for at in range(0, len(rows), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def digest_of(chunk_id: str) -> int:
    """Return the digest in the id of a chunk as a matrix has it."""
    return int(chunk_id.rpartition("#")[2], 16)


def codes_of(rows: NDArray[np.floating], mean: Vectors) -> NDArray[np.uint64]:
    """Return uint64 `(dim / 64, rows)`, rounded up: a bit for each number that is above its mean."""
    words = -(-len(mean) // 64)
    codes = np.zeros((words, len(rows)), dtype=np.uint64)
    for start in range(0, len(rows), _AT_ONCE):
        bits = np.packbits(rows[start : start + _AT_ONCE] > mean, axis=1)
        padded = np.zeros((len(bits), words * 8), dtype=np.uint8)
        padded[:, : bits.shape[1]] = bits
        codes[:, start : start + _AT_ONCE] = padded.view(np.uint64).T
    return codes


def _estimates(codes: NDArray[np.uint64], vector: Vectors) -> NDArray[np.float32]:
    """Return float32 `(codes,)`: the sum of a vector's numbers, each with the sign that a code's bit says."""
    padded = np.zeros(64 * len(codes), dtype=np.float32)
    padded[: len(vector)] = vector
    sums = padded.reshape(-1, 8) @ _SIGNS.T  # for each byte of a code what each of its values adds
    values = np.ascontiguousarray(codes).view(np.uint8).reshape(len(codes), -1, 8)
    estimates = np.zeros(values.shape[1], dtype=np.float32)
    for at, of_byte in enumerate(sums):
        estimates += of_byte.take(values[at // 8, :, at % 8])
    return estimates


def ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers from each start up to its end, one range after the other."""
    sizes = ends - starts
    firsts = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    numbers: NDArray[np.int64] = firsts + np.arange(int(sizes.sum()), dtype=np.int64)
    return numbers
