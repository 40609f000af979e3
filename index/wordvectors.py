"""Vectors of the single words of a chunk ⇄ disk: int8 rows in one SQLite file, read a few chunks at a time.

Knows nothing of texts or of what is asked. A row is a unit vector over its largest component, times 127: its direction
is kept to within half a per cent and its length is taken as 1 again when read.
"""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import StoreError
from index.vectors import Vectors

FILE = "word-vectors.sqlite"
_AT_ONCE = 500


class WordVectorTable:
    """Chunk id → float32 `(words, dim)`, rows of length 1; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Open the table in a folder, made when missing.

        Raises:
            StoreError: What is there is no such table.
        """
        self._path = folder / FILE
        self._lock = threading.Lock()
        try:
            self._rows = sqlite3.connect(self._path, check_same_thread=False, timeout=30)
            with self._rows:
                self._rows.execute("CREATE TABLE IF NOT EXISTS words (chunk_id TEXT PRIMARY KEY, dim INT, rows BLOB)")
        except sqlite3.Error as error:
            raise StoreError(
                f"{self._path} cannot be read ({error}). Remove it, then build the index again."
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()

    def ids(self) -> set[str]:
        """Return the id of every chunk."""
        with self._lock:
            return {chunk_id for (chunk_id,) in self._rows.execute("SELECT chunk_id FROM words")}

    def add(self, words: Mapping[str, Vectors]) -> None:
        """Write the words of some chunks, in the place of what was there."""
        rows = [(chunk_id, vectors.shape[1], _small(vectors)) for chunk_id, vectors in words.items()]
        with self._lock, self._rows:
            self._rows.executemany("INSERT OR REPLACE INTO words VALUES (?, ?, ?)", rows)

    def remove(self, ids: Sequence[str]) -> None:
        """Delete chunks."""
        with self._lock, self._rows:
            self._rows.executemany("DELETE FROM words WHERE chunk_id = ?", [(chunk_id,) for chunk_id in ids])

    def read(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the word vectors of each chunk that is there."""
        found: dict[str, Vectors] = {}
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            asked = f"SELECT chunk_id, dim, rows FROM words WHERE chunk_id IN ({','.join('?' * len(part))})"
            with self._lock:
                rows = self._rows.execute(asked, part).fetchall()
            found |= {
                chunk_id: _unit(np.frombuffer(blob, dtype=np.int8).reshape(-1, dim)) for chunk_id, dim, blob in rows
            }
        return found


def _small(vectors: Vectors) -> bytes:
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12)
    small: bytes = np.round(vectors * (127 / largest)).astype(np.int8).tobytes()
    return small


def _unit(rows: NDArray[np.int8]) -> Vectors:
    vectors: Vectors = rows.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return vectors
