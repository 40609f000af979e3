"""Connections of uvicorn whose requests have to begin in time; h11 bounds the size of their heads."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

AT_MOST = 800
"""Connections that are served at the same time, of which each open page has two or three."""


class Connection(H11Protocol):
    """A connection that is closed where the head of a request does not come within the time of a keep-alive.

    By itself uvicorn waits for the first head of a connection, and for the rest of each, for ever.
    """

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first head; where there are too many connections, the one that is idle for longest is closed."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) >= AT_MOST:
            idle = {each: waits.when() for each in self.connections if (waits := _waits(each)) and each is not self}
            if idle:
                longest = min(idle, key=lambda each: idle[each])
                self.connections.discard(longest)
                longest.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take data; a head that it begins and does not end has to come soon."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        if self._late:
            self._late.cancel()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, where an answer can still be sent."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _watch(self) -> None:
        """Let the time run while a head is awaited; it began with the first byte."""
        if self.conn.their_state is not h11.IDLE:
            if self._late:
                self._late.cancel()
            self._late = None
        elif self._late is None:
            self._late = self.loop.call_later(self.timeout_keep_alive, self._end)

    def _end(self) -> None:
        self._late = None
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            return
        if self.conn.trailing_data[0]:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"The request did not come within {self.timeout_keep_alive} s.")
        self.transport.close()

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem: dict[str, Any] = {
                "type": "about:blank",
                "title": status.phrase,
                "status": status,
                "detail": detail,
            }
            headers = [("Content-Type", "application/problem+json"), ("Connection", "close")]
            for event in (
                h11.Response(status_code=status, headers=headers, reason=status.phrase),
                h11.Data(data=json.dumps(problem).encode()),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _waits(connection: object) -> asyncio.TimerHandle | None:
    """Return what ends a connection that waits for a request; None for one that is at work."""
    return (connection._late or connection.timeout_keep_alive_task) if isinstance(connection, Connection) else None
