"""Vectors of the single words of a chunk ⇄ disk: four bits a number in one SQLite file, read a few chunks at a time.

Knows nothing of texts or of what is asked. A row is a unit vector in fifteen steps from -7 to 7, of which the outermost
stand for 3.3 times its mean size or more, since few numbers are larger; its length is taken as 1 again when read.
Retrieval with four bits is that with eight (bench/LOG.md).
"""

import sqlite3
import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import StoreError
from index.vectors import Vectors

FILE = "words.sqlite"
_AT_ONCE = 500
_ROWS = (
    "SELECT by_id.chunk_id, words.chunk_id, words.dim, words.check_, words.rows "
    "FROM words AS by_id JOIN words ON words.rowid = by_id.rowid"
)
"""Each id as the key says it and as the row does: where a key is damaged, the two differ."""
_STEPS, _REACH = 7, 3.3
_LENGTH_BYTES = 4


@dataclass(frozen=True)
class Steps:
    """Rows of some chunks as they are kept: in steps, not yet of length 1.

    Attributes:
        sizes: How many rows each chunk has.
        pairs: uint8 `(rows, dim / 2)`, rounded up: the steps of two numbers in each byte, 8 above what they mean.
        lengths: float32 `(rows,)`, the length of each row in steps.
        dim: Numbers in a row.
    """

    sizes: tuple[int, ...]
    pairs: NDArray[np.uint8]
    lengths: Vectors
    dim: int

    def cosines(self, vectors: Vectors) -> Vectors:
        """Return float32 `(rows, vectors)`: the cosine of each row with each of some vectors of length 1."""
        first, second = vectors[:, ::2], vectors[:, 1::2]
        cosines = (self.pairs >> 4).astype(np.float32) @ first.T
        cosines += (self.pairs & 15)[:, : second.shape[1]].astype(np.float32) @ second.T
        cosines -= 8 * vectors.sum(axis=1)
        cosines /= self.lengths[:, None]
        return cosines

    def rows(self) -> Vectors:
        """Return float32 `(rows, dim)`, rows of length 1."""
        steps = np.stack([self.pairs >> 4, self.pairs & 15], axis=2).reshape(len(self.pairs), 2 * self.pairs.shape[1])
        rows: Vectors = (steps[:, : self.dim].astype(np.float32) - 8) / self.lengths[:, None]
        return rows


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
        return int(self._read("SELECT count(*) FROM words")[0][0])

    def ids(self) -> set[str]:
        """Return the id of every chunk."""
        return {str(chunk_id) for (chunk_id,) in self._read("SELECT chunk_id FROM words")}

    def has(self, ids: Sequence[str]) -> set[str]:
        """Return those of some ids that are there."""
        found: set[str] = set()
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            asked = f"SELECT chunk_id FROM words WHERE chunk_id IN ({','.join('?' * len(part))})"
            found.update(chunk_id for (chunk_id,) in self._read(asked, part))
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
        """Return float32 `(words, dim)`, rows of length 1, for each chunk that is there.

        Raises:
            StoreError: A row is damaged.
        """
        known = self.has(ids)
        there = [each for each in dict.fromkeys(ids) if each in known]
        steps = self.steps(there)
        ends = np.cumsum(steps.sizes, dtype=np.int64)
        return dict(zip(there, np.split(steps.rows(), ends[:-1]), strict=True)) if there else {}

    def steps(self, ids: Sequence[str]) -> Steps:
        """Return the rows of chunks as they are kept; a chunk that is not there has none.

        Raises:
            StoreError: A row is damaged.
        """
        found: dict[str, bytes] = {}
        dim = 0
        for at in range(0, len(ids), _AT_ONCE):
            part = ids[at : at + _AT_ONCE]
            asked = f"{_ROWS} WHERE by_id.chunk_id IN ({','.join('?' * len(part))})"
            for asked_id, chunk_id, of_row, check, blob in self._read(asked, part):
                if chunk_id != asked_id or not _is_whole(of_row, check, blob) or of_row != (dim or of_row):
                    raise self._unreadable("a row is damaged")
                found[chunk_id], dim = blob, of_row
        width = -(-dim // 2)
        blobs = [found.get(each, b"") for each in ids]
        sizes = tuple(len(blob) // (width + _LENGTH_BYTES) for blob in blobs)
        pairs = b"".join(blob[: size * width] for blob, size in zip(blobs, sizes, strict=True))
        lengths = b"".join(blob[size * width :] for blob, size in zip(blobs, sizes, strict=True))
        return Steps(
            sizes,
            np.frombuffer(pairs, dtype=np.uint8).reshape(sum(sizes), width),
            np.frombuffer(lengths, dtype=np.float32),
            dim,
        )

    def copy_whole(self, damaged: Path) -> int:
        """Take over the rows that can be read in another file of such a table, and return how many these are."""
        whole = []
        try:
            rows = sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)
            try:
                for row in rows.execute("SELECT chunk_id, dim, check_, rows FROM words"):
                    if isinstance(row[0], str) and _is_whole(*row[1:]):
                        whole.append(row)
            finally:
                rows.close()
        except sqlite3.Error:
            pass  # from here on nothing can be read
        self._write("INSERT OR REPLACE INTO words VALUES (?, ?, ?, ?)", whole)
        return len(whole)

    def _read(self, asked: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._rows.execute(asked, values).fetchall()
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

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


def _is_whole(dim: object, check: object, blob: object) -> bool:
    """Tell whether a row is as it was written."""
    if not isinstance(dim, int) or dim < 1 or not isinstance(blob, bytes):
        return False
    return zlib.crc32(blob) == check and len(blob) % (-(-dim // 2) + _LENGTH_BYTES) == 0


def _small(vectors: Vectors) -> bytes:
    """Return rows in steps, two numbers a byte (an odd last one has 0 beside it), and after all rows their lengths."""
    reach = np.minimum(np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12), _REACH * _size(vectors))
    steps = np.clip(np.round(vectors * (_STEPS / reach)), -_STEPS, _STEPS)
    lengths = np.maximum(np.linalg.norm(steps, axis=1), 1.0).astype(np.float32)
    raised = (steps + 8).astype(np.uint8)
    if raised.shape[1] % 2:
        raised = np.concatenate([raised, np.full((len(raised), 1), 8, dtype=np.uint8)], axis=1)
    packed: NDArray[np.uint8] = raised[:, ::2] * 16 + raised[:, 1::2]
    return bytes(packed.tobytes() + lengths.tobytes())


def _size(vectors: Vectors) -> Vectors:
    size: Vectors = np.maximum(np.sqrt(np.square(vectors).mean(axis=1, keepdims=True)), 1e-12)
    return size
