"""Chunks with their vectors ⇄ Chroma, on disk or in a server; this is its one home. Knows nothing of papers' texts."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from index.chunks import Chunk
from index.errors import StoreAway, StoreError
from index.server import Server
from index.vectors import Vectors

COLLECTION = "chunks"

CONNECT_S, ANSWER_S = 3.0, 15.0
"""Seconds that a server has to take a call, and to answer it."""

_opened = count()
_BATCH = 5000  # Chroma's own limit of rows in one call is a little above this
_MADE: Any = {
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
            self._rows = self._client.get_or_create_collection(COLLECTION, **_MADE)
        except Exception as error:  # Chroma's own errors share no base class
            mend = f"Remove that folder, then run: paperchat index --index {folder.parent}"
            raise StoreError(f"The vectors in {folder} cannot be read ({error}). {mend}") from error

    def close(self) -> None:
        """Let go of the files, so that the next opening sees what other processes wrote."""
        self._client.close()  # type: ignore[attr-defined]

    def count(self) -> int:
        """Return the number of chunks."""
        with self._said_plainly("counted"):
            return int(self._rows.count())

    def dim(self) -> int:
        """Return the numbers in a vector, 0 when there is none."""
        with self._said_plainly("read"):
            found: Any = self._rows.get(limit=1, include=["embeddings"])
        return len(found["embeddings"][0]) if found["ids"] else 0

    def ids(self) -> set[str]:
        """Return the id of every chunk."""
        with self._said_plainly("read"):
            return set(self._rows.get(include=[])["ids"])

    def has(self, ids: Sequence[str]) -> set[str]:
        """Return those of some ids that are there."""
        parts = (list(ids[at : at + _BATCH]) for at in range(0, len(ids), _BATCH))
        with self._said_plainly("read"):
            return {found for part in parts for found in self._rows.get(ids=part, include=[])["ids"]}

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Write new chunks; those whose id is there already stay as they are."""
        for at in range(0, len(chunks), _BATCH):
            part = chunks[at : at + _BATCH]
            with self._said_plainly("written"):
                self._rows.add(
                    ids=[chunk.id for chunk in part],
                    embeddings=vectors[at : at + _BATCH],
                    metadatas=[{"paper_id": chunk.paper_id, "start": chunk.start, "end": chunk.end} for chunk in part],
                )

    def remove(self, ids: Sequence[str]) -> None:
        """Delete chunks."""
        for at in range(0, len(ids), _BATCH):
            with self._said_plainly("written"):
                self._rows.delete(ids=list(ids[at : at + _BATCH]))

    def nearest(self, vector: Vectors, count: int, among: Sequence[str] | None = None) -> list[str]:
        """Return the ids of up to `count` chunks nearest to one vector `(dim,)` by cosine, best first.

        Args:
            vector: float32 `(dim,)`.
            count: How many.
            among: Ids to choose from; None takes all.
        """
        asked: Any = {"ids": list(among)} if among is not None else {}
        with self._said_plainly("searched"):
            found: Any = self._rows.query(query_embeddings=vector[None, :], n_results=count, include=[], **asked)
        return list(found["ids"][0])

    def vectors(self, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the vector of each chunk that is there."""
        if not ids:
            return {}
        rows: dict[str, Vectors] = {}
        for at in range(0, len(ids), _BATCH):
            with self._said_plainly("read"):
                found: Any = self._rows.get(ids=list(ids[at : at + _BATCH]), include=["embeddings"])
            rows |= zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True)
        return rows

    @contextmanager
    def _said_plainly(self, done: str) -> Iterator[None]:
        """Turn whatever Chroma raises into one line; its errors share no base class."""
        try:
            yield
        except Exception as error:
            raise self._plain(done, error) from error

    def _plain(self, done: str, error: Exception) -> StoreError:
        return StoreError(f"The vectors cannot be {done} ({error}). Is the disk full? What was embedded is kept.")


class ServerTable(ChunkTable):
    """The same in a Chroma server, which several machines share; a call that takes too long is given up."""

    def __init__(self, server: Server, name: str, made: Mapping[str, str] | None = None) -> None:
        """Open a collection of a server.

        Args:
            server: Where it is.
            name: Of the collection.
            made: Metadata that it gets if it has to be made; None for one that must be there.

        Raises:
            StoreAway: The server does not answer.
            StoreError: It refuses the key, is no Chroma server, or has no such collection.
        """
        os.environ["ANONYMIZED_TELEMETRY"] = "False"
        import chromadb
        import httpx
        from chromadb.config import Settings
        from chromadb.errors import NotFoundError

        self._server = server
        self._sessions: list[Any] = []
        _see_that_it_answers(server)
        try:
            client: Any = chromadb.HttpClient(
                server.url, headers=server.headers, settings=Settings(anonymized_telemetry=False)
            )
            self._client = client
            self._sessions = [client._server._session, client._admin_client._server._session]
            for each in self._sessions:  # Chroma's client would wait for ever, and leaves them open
                each.timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
            self._rows = (
                client.get_collection(name, embedding_function=None)
                if made is None
                else client.get_or_create_collection(name, metadata=dict(made), **_MADE)
            )
        except Exception as error:
            self._hang_up()
            if isinstance(error, NotFoundError):
                raise NoCollection(f"The Chroma server at {server.url} has no collection {name}.") from error
            raise self._plain("opened", error) from error

    @property
    def metadata(self) -> dict[str, str]:
        """What was written on the collection when it was opened or marked."""
        return {name: str(value) for name, value in (self._rows.metadata or {}).items()}

    def mark(self, metadata: Mapping[str, str]) -> None:
        """Write something else on the collection."""
        with self._said_plainly("marked"):
            self._rows.modify(metadata=dict(metadata))

    def ids(self) -> set[str]:
        """Return the id of every chunk."""
        found: set[str] = set()
        while True:
            with self._said_plainly("read"):
                part = self._rows.get(include=[], limit=_BATCH, offset=len(found))["ids"]
            found.update(part)
            if len(part) < _BATCH:
                return found

    def drop_others(self, metadata: Mapping[str, str], kept: Collection[str]) -> None:
        """Delete the collections that are marked so and not to be kept."""
        with self._said_plainly("tidied"):
            for each in self._client.list_collections():
                if metadata.items() <= (each.metadata or {}).items() and each.name not in kept:
                    self._client.delete_collection(each.name)

    def close(self) -> None:
        """Hang up."""
        super().close()
        self._hang_up()

    def _hang_up(self) -> None:
        for each in self._sessions:
            each.close()

    def _plain(self, done: str, error: Exception) -> StoreError:
        import httpx
        from chromadb.errors import NotFoundError

        if isinstance(error, httpx.TransportError):
            return _away(self._server, error)
        if isinstance(error, NotFoundError):
            return StoreError(
                f"The Chroma server at {self._server.url} no longer has the vectors. Bring them back: paperchat index"
            )
        return StoreError(f"The vectors cannot be {done} by the Chroma server at {self._server.url}: {_short(error)}.")


class NoCollection(StoreError):
    """A server has no collection of a name."""


def _see_that_it_answers(server: Server) -> None:
    """See that a server is there and lets us in, before its client, which waits for ever, asks it anything.

    Raises:
        StoreError: It is not so.
    """
    import httpx

    url = f"{server.url}/api/v2/auth/identity"
    try:
        answer = httpx.get(url, headers=server.headers, timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S))
        status, body = answer.status_code, answer.json() if answer.is_success else None
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise _away(server, error) from error
    except ValueError:
        status, body = 200, None
    if status in (401, 403):
        given = "refuses PAPERCHAT_STORE_KEY" if server.key else "asks for a key: set PAPERCHAT_STORE_KEY"
        raise StoreError(f"The Chroma server at {server.url} {given} (HTTP status {status}).")
    if status >= 500:
        raise _away(server, Exception(f"HTTP status {status}"))
    if not isinstance(body, dict) or "tenant" not in body:
        raise StoreError(f"At {server.url} is no Chroma server of today (HTTP status {status}). See PAPERCHAT_STORE.")


def _away(server: Server, error: Exception) -> StoreAway:
    return StoreAway(
        f"The Chroma server at {server.url} does not answer ({_short(error)}). Start it, or see PAPERCHAT_STORE."
    )


def _short(error: Exception) -> str:
    """Return the beginning of what an error says, on one line."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) <= 200 else f"{said[:200]}…"


def _own_spelling(folder: Path) -> str:
    """Spell a folder as nobody did before in this process.

    Chroma keeps what it has open by the path's spelling and hands it to whoever opens the same: beside a reader that is
    still open, a new one would not see what other processes wrote since.
    """
    return str(folder) + "".join("/." if bit == "1" else "//" for bit in f"{next(_opened):b}")
