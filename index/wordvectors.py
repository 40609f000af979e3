"""Vectors of the single words of a chunk ⇄ disk: four bits a number in one SQLite file, read a few chunks at a time.

Knows nothing of texts or of what is asked. A row is a unit vector in fifteen steps from -7 to 7, of which the outermost
stand for 3.3 times its mean size or more, since few numbers are larger; its length is taken as 1 again when read.
Retrieval with four bits is that with eight (bench/LOG.md).
"""

import sqlite3
import threading
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import StoreError
from index.vectors import Vectors

FILE = "words.sqlite"
_AT_ONCE = 500
_STEPS, _REACH = 7, 3.3
_PAIRS: NDArray[np.float32] = np.stack(np.divmod(np.arange(256), 16), axis=1).astype(np.float32) - 8
"""Byte → the two numbers in it."""


class WordVectorTable:
    """Chunk id → float32 `(words, dim)`, rows of length 1; safe to share between threads."""

    def __init__(self, folder: Path, write: bool = False) -> None:
        """Open the table in a folder, made when missing if it is to be written.

        Raises:
            StoreError: There is no such table, or it cannot be read.
        """
        self._path = folder / FILE
        self._lock = threading.Lock()
        mode = "rwc" if write else "ro"
        try:
            uri = f"{self._path.absolute().as_uri()}?mode={mode}"
            self._rows = sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=30)
            with self._rows:
                if write:
                    self._rows.execute(
                        "CREATE TABLE IF NOT EXISTS words (chunk_id TEXT PRIMARY KEY, dim INT, check_ INT, rows BLOB)"
                    )
                self._rows.execute("SELECT chunk_id, dim, check_, rows FROM words LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()

    def count(self) -> int:
        """Return the number of chunks."""
        with self._lock:
            return int(self._rows.execute("SELECT count(*) FROM words").fetchone()[0])

    def ids(self) -> set[str]:
        """Return the id of every chunk."""
        with self._lock:
            return {chunk_id for (chunk_id,) in self._rows.execute("SELECT chunk_id FROM words")}

    def has(self, ids: Sequence[str]) -> set[str]:
        """Return those of some ids that are there."""
        found: set[str] = set()
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            asked = f"SELECT chunk_id FROM words WHERE chunk_id IN ({','.join('?' * len(part))})"
            with self._lock:
                found.update(chunk_id for (chunk_id,) in self._rows.execute(asked, part))
        return found

    def add(self, words: Mapping[str, Vectors]) -> None:
        """Write the words of some chunks, in the place of what was there.

        Raises:
            StoreError: They cannot be written.
        """
        small = ((chunk_id, vectors.shape[1], _small(vectors)) for chunk_id, vectors in words.items())
        rows = [(chunk_id, dim, zlib.crc32(blob), blob) for chunk_id, dim, blob in small]
        self._write("INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?)", rows)

    def remove(self, ids: Sequence[str]) -> None:
        """Delete chunks.

        Raises:
            StoreError: The table cannot be written.
        """
        self._write("DELETE FROM words WHERE chunk_id = ?", [(chunk_id,) for chunk_id in ids])

    def read(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the word vectors of each chunk that is there.

        Raises:
            StoreError: A row is damaged.
        """
        found: dict[str, Vectors] = {}
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            asked = f"SELECT chunk_id, dim, check_, rows FROM words WHERE chunk_id IN ({','.join('?' * len(part))})"
            try:
                with self._lock:
                    rows = self._rows.execute(asked, part).fetchall()
                for chunk_id, dim, check, blob in rows:
                    if zlib.crc32(blob) != check:
                        raise self._unreadable("a row is damaged")
                    found[chunk_id] = _unit(blob, dim)
            except (sqlite3.Error, TypeError, ValueError) as error:
                raise self._unreadable(error) from error
        return found

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            with self._lock, self._rows:
                self._rows.executemany(statement, rows)
        except sqlite3.Error as error:
            raise StoreError(
                f"{self._path} cannot be written ({error}). Is the disk full? What was embedded is kept."
            ) from error

    def _unreadable(self, error: object) -> StoreError:
        index = self._path.parents[1]
        return StoreError(
            f"{self._path} cannot be read ({error}). Remove that file, then run: paperchat index --index {index}"
        )


def _small(vectors: Vectors) -> bytes:
    """Return rows as four bits a number, two numbers a byte; an odd last one has 0 beside it."""
    reach = np.minimum(np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12), _REACH * _size(vectors))
    steps = np.clip(np.round(vectors * (_STEPS / reach)), -_STEPS, _STEPS).astype(np.int8) + 8
    if steps.shape[1] % 2:
        steps = np.concatenate([steps, np.full((len(steps), 1), 8, dtype=np.int8)], axis=1)
    packed: bytes = (steps[:, ::2] * 16 + steps[:, 1::2]).astype(np.uint8).tobytes()
    return packed


def _size(vectors: Vectors) -> Vectors:
    size: Vectors = np.maximum(np.sqrt(np.square(vectors).mean(axis=1, keepdims=True)), 1e-12)
    return size


def _unit(blob: bytes, dim: int) -> Vectors:
    pairs: NDArray[np.uint8] = np.frombuffer(blob, dtype=np.uint8).reshape(-1, -(-dim // 2))
    vectors = _PAIRS[pairs].reshape(len(pairs), 2 * pairs.shape[1])[:, :dim]
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit
