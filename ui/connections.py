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
    heard = 0.0
    """When data came last, by the clock of the loop."""

    @property
    def awaits(self) -> bool:
        """Whether it waits for a request."""
        return bool(self._late or self.timeout_keep_alive_task)

    @property
    def sends(self) -> bool:
        """Whether its client has not sent the whole body yet."""
        return self.conn.their_state is h11.SEND_BODY

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first head; where there are too many connections, one that is idle or still sends is closed."""
        super().connection_made(transport)
        self.heard = self.loop.time()
        self._watch()
        if len(self.connections) >= AT_MOST:
            waiting = [each for each in self.connections if isinstance(each, Connection) and each is not self]
            idle = [each for each in waiting if each.awaits] or [each for each in waiting if each.sends]
            if idle:
                longest = min(idle, key=lambda each: each.heard)
                self.connections.discard(longest)
                longest.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take data; a head that it begins and does not end has to come soon."""
        self.heard = self.loop.time()
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
