"""Chunks with their vectors ⇄ Chroma on disk, whose home this is; knows nothing of papers' texts."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from index.chunks import Chunk
from index.errors import StoreError
from index.vectors import Vectors

CHROMA = "chroma"
"""Name of Chroma's folder among the vectors of an index."""

COLLECTION = "chunks"

_opened = count()
BATCH = 5000  # Chroma's own limit of rows in one call is a little above this
MADE: Any = {
    "embedding_function": None,
    "configuration": {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 400}},
}


class ChunkTable:
    """A Chroma collection of chunks on disk: id, paper_id, offsets, vector."""

    def __init__(self, folder: Path) -> None:
        """Open the collection in a folder, made when missing.

        Raises:
            StoreError: Chroma cannot read what is there.
        """
        os.environ["ANONYMIZED_TELEMETRY"] = "False"
        import chromadb
        from chromadb.config import Settings

        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._client = chromadb.PersistentClient(_own_spelling(folder), Settings(anonymized_telemetry=False))
            self._rows = self._client.get_or_create_collection(COLLECTION, **MADE)
        except Exception as error:  # Chroma's own errors share no base class
            mend = f"Remove that folder, then run: paperchat index --index {folder.parent}"
            raise StoreError(f"The vectors in {folder} cannot be read ({error}). {mend}") from error

    def close(self) -> None:
        """Let go of the files, so that the next opening sees what other processes wrote."""
        self._client.close()  # type: ignore[attr-defined]

    def count(self) -> int:
        """Return the number of chunks."""
        with self.said_plainly("counted"):
            return int(self._rows.count())

    def dim(self) -> int:
        """Return the numbers in a vector, 0 when there is none."""
        with self.said_plainly("read"):
            found: Any = self._rows.get(limit=1, include=["embeddings"])
        return len(found["embeddings"][0]) if found["ids"] else 0

    def ids(self) -> set[str]:
        """Return the id of every chunk."""
        with self.said_plainly("read"):
            return set(self._rows.get(include=[])["ids"])

    def has(self, ids: Sequence[str]) -> set[str]:
        """Return those of some ids that are there."""
        parts = (list(ids[at : at + BATCH]) for at in range(0, len(ids), BATCH))
        with self.said_plainly("read"):
            return {found for part in parts for found in self._rows.get(ids=part, include=[])["ids"]}

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Write new chunks; those whose id is there already stay as they are."""
        for at in range(0, len(chunks), BATCH):
            part = chunks[at : at + BATCH]
            with self.said_plainly("written"):
                self._rows.add(
                    ids=[chunk.id for chunk in part],
                    embeddings=vectors[at : at + BATCH],
                    metadatas=[{"paper_id": chunk.paper_id, "start": chunk.start, "end": chunk.end} for chunk in part],
                )

    def remove(self, ids: Sequence[str]) -> None:
        """Delete chunks."""
        for at in range(0, len(ids), BATCH):
            with self.said_plainly("written"):
                self._rows.delete(ids=list(ids[at : at + BATCH]))

    def nearest(self, vector: Vectors, count: int, among: Sequence[str] | None = None) -> list[str]:
        """Return the ids of up to `count` chunks nearest to one vector `(dim,)` by cosine, best first.

        Args:
            vector: float32 `(dim,)`.
            count: How many.
            among: Ids to choose from; None takes all.
        """
        asked: Any = {"ids": list(among)} if among is not None else {}
        with self.said_plainly("searched"):
            found: Any = self._rows.query(query_embeddings=vector[None, :], n_results=count, include=[], **asked)
        return list(found["ids"][0])

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vector of each chunk that is there."""
        if not ids:
            return {}
        rows: dict[str, Vectors] = {}
        for at in range(0, len(ids), BATCH):
            with self.said_plainly("read"):
                found: Any = self._rows.get(ids=list(ids[at : at + BATCH]), include=["embeddings"])
            rows |= zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True)
        return rows

    @contextmanager
    def said_plainly(self, done: str) -> Iterator[None]:
        """Turn whatever Chroma raises into one line; its errors share no base class."""
        try:
            yield
        except Exception as error:
            raise self.plain(done, error) from error

    def plain(self, done: str, error: Exception) -> StoreError:
        """Return what a person is told of an error of Chroma's."""
        return StoreError(f"The vectors cannot be {done} ({error}). Is the disk full? What was embedded is kept.")


def _own_spelling(folder: Path) -> str:
    """Spell a folder as nobody did before in this process.

    Chroma keeps what it has open by the path's spelling and hands it to whoever opens the same: beside a reader that is
    still open, a new one would not see what other processes wrote since.
    """
    return str(folder) + "".join("/." if bit == "1" else "//" for bit in f"{next(_opened):b}")
