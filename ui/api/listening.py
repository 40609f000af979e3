"""Work for a client in, its result out; the work ends when the client goes away."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import TypeVar

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

Result = TypeVar("Result")

PING_S = 15.0
"""Seconds of silence after which a stream says that it is alive, so that nothing on the way closes it."""


async def while_there(receive: Receive, work: Awaitable[Result]) -> Result:
    """Return what `work` returns; when the client goes away first, the work is cancelled.

    Raises:
        ClientDisconnect: The client went away.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


class EventStream(EventSourceResponse):
    """Events as they come; once the client goes away, or at the end, the generator that makes them is closed."""

    def __init__(self, frames: AsyncGenerator[bytes, None], ping_s: float = PING_S) -> None:
        super().__init__(_kept_alive(frames, ping_s), headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self.frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; a client that goes away while nothing is sent is noticed too."""
        async with aclosing(self.frames):
            try:
                await while_there(receive, self.stream_response(send))
            except ClientDisconnect:
                return


async def _kept_alive(frames: AsyncGenerator[bytes, None], ping_s: float) -> AsyncGenerator[bytes, None]:
    """Yield frames, and comments where none comes for long."""
    while True:
        upcoming = asyncio.ensure_future(anext(frames, None))
        try:
            while not (await asyncio.wait({upcoming}, timeout=ping_s))[0]:
                yield KEEPALIVE_COMMENT
        finally:
            if not upcoming.done():
                upcoming.cancel()
                await asyncio.gather(upcoming, return_exceptions=True)
        if (frame := upcoming.result()) is None:
            return
        yield frame


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
