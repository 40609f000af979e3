"""Vectors that an update has embedded ⇄ disk, until it has ended: Chroma's files are not whole at every moment.

Chroma writes its graph in place: a process that is killed meanwhile leaves files that it cannot read again.
"""

import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from index.errors import StoreError
from index.vectors import Vectors

FILE = "pending.sqlite"
_AT_ONCE = 500


class Pending:
    """Chunk id → vector, float32 `(dim,)`; each on the disk once `add` returns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    @property
    def any(self) -> bool:
        """Tell whether an update has left some."""
        return self._path.exists()

    def add(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Keep the vectors of some chunks.

        Raises:
            StoreError: They cannot be written.
        """
        blobs = (np.asarray(vector, dtype=np.float32).tobytes() for vector in vectors)
        rows = [(chunk_id, zlib.crc32(blob), blob) for chunk_id, blob in zip(ids, blobs, strict=True)]
        try:
            with closing(sqlite3.connect(self._path)) as table, table:
                table.execute("CREATE TABLE IF NOT EXISTS pending (chunk_id TEXT PRIMARY KEY, check_ INT, vector BLOB)")
                table.executemany("INSERT OR REPLACE INTO pending VALUES (?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise StoreError(
                f"{self._path} cannot be written ({error}). Is the disk full? What was embedded is kept."
            ) from error

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vector of each of some chunks that is there and whole."""
        found: dict[str, Vectors] = {}
        if not self.any:
            return found
        try:
            with closing(sqlite3.connect(self._path)) as table:
                for at in range(0, len(ids), _AT_ONCE):
                    part = ids[at : at + _AT_ONCE]
                    asked = f"SELECT * FROM pending WHERE chunk_id IN ({','.join('?' * len(part))})"
                    rows = table.execute(asked, part).fetchall()
                    found |= {
                        each: np.frombuffer(blob, np.float32) for each, crc, blob in rows if zlib.crc32(blob) == crc
                    }
        except sqlite3.Error:
            self.clear()  # what cannot be read is embedded again
        return found

    def clear(self) -> None:
        """Forget all of them."""
        for suffix in ("", "-journal"):
            self._path.with_name(f"{FILE}{suffix}").unlink(missing_ok=True)
