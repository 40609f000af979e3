"""The body of a request as it arrives: how large it may be, and how long it may take.

One rule for every face: what takes files (`UPLOAD`) may bring `upload_mib`, everything else `BODY_MIB`.
"""

import asyncio
import re
import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

UPLOAD = "/gradio_api/upload"
"""The one path that takes files."""
MIB = 2**20
BODY_MIB = 1
"""Of a request that is no upload."""
SMALL_BYTES = 64 * 1024
"""A body up to this size is taken however many others are arriving."""
AT_ONCE_MIB = 64
"""Of all bodies that are arriving and are no uploads."""
LEAST_BYTES_S = 1024
"""The rate below which a body is late, once `patience_s` is over."""
UPLOAD_PATIENCES, PATIENCES = 90, 3
"""An upload, and any other body, may take so many times `patience_s`, however fast it comes."""

_LINGER_S = 1.0


class Refused(HTTPException):
    """A body is too large or too slow."""


class Arrivals:
    """What all bodies share: their limits, and how much of them is in memory."""

    def __init__(self, upload_mib: int = 64, patience_s: float = 20) -> None:
        self.upload_mib = upload_mib
        self.patience_s = patience_s
        self.held = 0  # bytes

    def body(self, scope: Scope, receive: Receive) -> "Body":
        """Return the body of a request, of which nothing has been read yet."""
        return Body(self, scope, receive)


class Body:
    """Reads a body as ASGI's `receive` does, and raises `Refused` where the limits end."""

    def __init__(self, arrivals: Arrivals, scope: Scope, receive: Receive) -> None:
        headers = Headers(scope=scope)
        self._arrivals = arrivals
        self._receive = receive
        self._upload = scope["method"] == "POST" and scope["path"] == UPLOAD
        length = headers.get("content-length", "0")
        self._declared = int(length) if re.fullmatch("[0-9]{1,20}", length) else 0  # bytes
        self._complete = length == "0" and "transfer-encoding" not in headers
        self._taken = 0  # bytes
        self._waited_s = 0.0

    async def __call__(self) -> Message:
        """Return the next piece.

        Raises:
            Refused: The body is too large (413) or too slow (408).
        """
        if self._complete:
            return await self._receive()
        self._measure(self._declared)
        message = await self._next()
        self._taken += len(message.get("body", b""))
        self._measure(self._taken)
        self._complete = message["type"] != "http.request" or not message.get("more_body")
        return message

    async def ready(self) -> Receive:
        """Return what an application reads the body by: it is whole already, unless it is an upload.

        Raises:
            Refused: It is too large (413) or too slow (408), or too many others are arriving (503).
        """
        if self._complete or self._upload:
            return self
        whole = bytearray()
        try:
            more = True
            while more:
                message = await self()
                whole += message.get("body", b"")
                self._arrivals.held += len(message.get("body", b""))
                if self._arrivals.held > AT_ONCE_MIB * MIB and len(whole) > SMALL_BYTES:
                    why = "Too many requests are arriving at once. Try again in a moment."
                    raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, why, {"Retry-After": "2"})
                more = not self._complete
        finally:
            self._arrivals.held -= len(whole)
        first: list[Message] = [{**message, "body": bytes(whole)}] if message["type"] == "http.request" else []

        async def again() -> Message:
            return first.pop() if first else await self._receive()

        return again

    def answered(self, send: Send) -> Send:
        """Return `send` for an answer: one that comes before the whole body closes the connection.

        The rest is thrown away for a moment, as long as it is no more than a body may be: a client that is still
        sending would otherwise lose the answer with the connection.
        """

        async def sent(message: Message) -> None:
            if not self._complete and message["type"] == "http.response.start":
                message.setdefault("headers", [])
                MutableHeaders(scope=message)["Connection"] = "close"
            elif not self._complete and not message.get("more_body"):
                await send({**message, "more_body": True})
                await self._pass_over()
                message = {"type": "http.response.body"}
            await send(message)

        return sent

    def _measure(self, size: int) -> None:
        most_mib = self._arrivals.upload_mib if self._upload else BODY_MIB
        if size > most_mib * MIB:
            what, setting = ("upload", " (PAPERCHAT_UPLOAD_MIB)") if self._upload else ("body", "")
            why = f"The {what} is larger than {most_mib} MiB{setting}. Send less at a time."
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)

    async def _next(self) -> Message:
        """Return the next piece; only the time spent waiting for the client counts."""
        patience_s = self._arrivals.patience_s
        longest_s = patience_s * (UPLOAD_PATIENCES if self._upload else PATIENCES)
        most_s = min(patience_s + self._taken / LEAST_BYTES_S, longest_s)
        begun = time.monotonic()
        try:
            async with asyncio.timeout(min(patience_s, most_s - self._waited_s)):
                return await self._receive()
        except TimeoutError:
            why = f"The body came too slowly: {self._taken} bytes in {self._waited_s + time.monotonic() - begun:.0f} s."
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, f"{why} Send it again, faster.") from None
        finally:
            self._waited_s += time.monotonic() - begun

    async def _pass_over(self) -> None:
        """Throw away what still comes."""
        passed = 0
        try:
            async with asyncio.timeout(_LINGER_S):
                while passed < BODY_MIB * MIB:
                    message = await self._receive()
                    passed += len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body"):
                        return
        except TimeoutError:
            return
