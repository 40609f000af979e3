"""Chunks with their vectors ⇄ a Chroma server, of which no call waits for ever; knows nothing of papers' texts."""

import os
from collections.abc import Collection, Mapping
from typing import Any

from index.chroma import BATCH, MADE, ChunkTable
from index.errors import StoreAway, StoreError
from index.server import Server

CONNECT_S, ANSWER_S = 3.0, 15.0
"""Seconds that a server has to take a call, and to answer it."""


class ServerTable(ChunkTable):
    """A Chroma collection of chunks that several machines share; a call that takes too long is given up."""

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
                else client.get_or_create_collection(name, metadata=dict(made), **MADE)
            )
        except Exception as error:
            self._hang_up()
            if isinstance(error, NotFoundError):
                raise NoCollection(f"The Chroma server at {server.url} has no collection {name}.") from error
            raise self.plain("opened", error) from error

    @property
    def metadata(self) -> dict[str, str]:
        """What was written on the collection when it was opened or marked."""
        return {name: str(value) for name, value in (self._rows.metadata or {}).items()}

    def mark(self, metadata: Mapping[str, str]) -> None:
        """Write something else on the collection."""
        with self.said_plainly("marked"):
            self._rows.modify(metadata=dict(metadata))

    def ids(self) -> set[str]:
        """Return the id of every chunk."""
        found: set[str] = set()
        while True:
            with self.said_plainly("read"):
                part = self._rows.get(include=[], limit=BATCH, offset=len(found))["ids"]
            found.update(part)
            if len(part) < BATCH:
                return found

    def drop_others(self, metadata: Mapping[str, str], kept: Collection[str]) -> None:
        """Delete the collections that are marked so and not to be kept."""
        with self.said_plainly("tidied"):
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

    def plain(self, done: str, error: Exception) -> StoreError:
        """Return what a person is told of an error of Chroma's, or that it is away."""
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
