"""Names in, the positions of those that bear them out: sorted hashes in two arrays, which may be mapped from disk."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SMALL_BYTES = 4096
"""Not worth a file that is kept open."""

Positions = NDArray[np.int32]


@dataclass(frozen=True)
class Postings:
    """Which positions bear a name.

    Names are kept as hashes of 64 bits: that two of 14 million names share one happens once in 190,000 such indexes;
    who must be sure compares the names themselves.

    Attributes:
        hashes: uint64, sorted.
        positions: int32, beside each hash one that bears the name; those of one name in order.
    """

    hashes: NDArray[np.uint64]
    positions: Positions

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, int]]) -> "Postings":
        """Make postings of (name, position) pairs."""
        rows = np.fromiter(((hashed(name), at) for name, at in pairs), dtype=[("hash", np.uint64), ("at", np.int32)])
        return cls(rows["hash"], rows["at"])._sorted()

    def find(self, name: str) -> Positions:
        """Return the positions that bear a name, in order."""
        key = np.uint64(hashed(name))
        start, end = self.hashes.searchsorted(key, "left"), self.hashes.searchsorted(key, "right")
        return np.asarray(self.positions[start:end])

    def moved(self, places: Positions, more: "Postings") -> "Postings":
        """Return these after every position has moved to `places[position]`, -1 for nowhere, together with others."""
        moved = places[self.positions]
        there = moved >= 0
        return Postings(
            np.concatenate([self.hashes[there], more.hashes]), np.concatenate([moved[there], more.positions])
        )._sorted()

    def _sorted(self) -> "Postings":
        order = np.lexsort((self.positions, self.hashes))
        return Postings(self.hashes[order], self.positions[order])


def mapped(path: Path) -> NDArray[Any]:
    """Return an array that lies in a file, mapped into memory unless it is small.

    Raises:
        OSError, EOFError, ValueError: The file holds none.
    """
    found = np.load(path, mmap_mode=None if path.stat().st_size < _SMALL_BYTES else "r", allow_pickle=False)
    return found.view(np.ndarray)  # type: ignore[no-any-return]


def hashed(name: str) -> int:
    """Return 64 bits that stand for a name."""
    return int.from_bytes(hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest(), "little")
