"""Stands before Gradio and passes on only what the page asks of it, for the visitor whose page it is.

Gradio answers anybody who knows the name of a session, downloads addresses that it finds in event data, and serves
dozens of routes that the page has no use for.
"""

import asyncio
import hmac
import re
import secrets
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode
from weakref import WeakValueDictionary

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.access import visitor
from ui.page.guard.calls import SESSION, Call, Calls
from ui.page.guard.owners import Owners

_PREFIX = "/gradio_api"
_SHOWN = ("/", "/config", "/theme.css", "/favicon.ico", "/assets/{path:path}", "/static/{path:path}")
"""What a browser reads to show the page."""
_NOT_PASSED = b"x-gradio-"
"""Headers by which Gradio would take another address for ours."""
_OF_BODY = (b"content-type", b"content-length", b"transfer-encoding", b"content-encoding")
_NO_SESSION = "No such session. Reload the page."


class Guard(Router):
    """Gradio as the page needs it; every other route is 404.

    Args:
        app: Gradio.
        calls: What the page may call.
        waits: Says whether Gradio has events of a session whose messages nobody has read.
    """

    def __init__(self, app: ASGIApp, calls: Calls, waits: Callable[[str], bool]) -> None:
        self._gradio = app
        self.calls = calls
        self._waits = waits
        self._sessions = Owners()
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._secret = secrets.token_bytes()
        shown = [Route(path, self._show, methods=["GET"]) for path in (*_SHOWN, f"{_PREFIX}/app_id")]
        super().__init__(
            [
                *shown,
                Route(f"{_PREFIX}/queue/join", self._join, methods=["POST"]),
                Route(f"{_PREFIX}/queue/data", self._messages, methods=["GET"]),
                Route(f"{_PREFIX}/run/predict", self._run, methods=["POST"]),
                *(Route(f"{_PREFIX}/component_server{end}", self._serve, methods=["POST"]) for end in ("/", "")),
                Route(f"{_PREFIX}/heartbeat/{{session_hash}}", self._heartbeat, methods=["GET"]),
            ],
            redirect_slashes=False,
        )

    async def _show(self, request: Request) -> ASGIApp:
        return self._passed(query_string=b"")

    async def _join(self, request: Request) -> ASGIApp:
        return await self._called(request, self.calls.event(await _body(request), queued=True))

    async def _run(self, request: Request) -> ASGIApp:
        return await self._called(request, self.calls.event(await _body(request), queued=False))

    async def _serve(self, request: Request) -> ASGIApp:
        return await self._called(request, self.calls.function(await _body(request)))

    async def _messages(self, request: Request) -> ASGIApp:
        session = self._scoped(request, request.query_params.get("session_hash", ""))
        passed = self._passed(query_string=urlencode({"session_hash": session}).encode())
        turn = self._reading.setdefault(session, asyncio.Lock())  # of two streams, each would get half of the messages

        async def read(scope: Scope, receive: Receive, send: Send) -> None:
            async with turn:
                if not self._waits(session):
                    raise HTTPException(HTTPStatus.NOT_FOUND, _NO_SESSION)
                await passed(scope, receive, send)

        return read

    async def _heartbeat(self, request: Request) -> ASGIApp:
        path = f"{_PREFIX}/heartbeat/{self._claimed(request, request.path_params['session_hash'])}"
        return self._passed(path=path, raw_path=path.encode())

    async def _called(self, request: Request, call: Call) -> ASGIApp:
        return self._passed(body=call.sent(self._claimed(request, call.session)))

    def _claimed(self, request: Request, session: str) -> str:
        """Return the name by which Gradio knows the session of a page; it belongs to who first used it."""
        if not re.fullmatch(SESSION, session) or not self._sessions.claim(session, visitor(request)):
            raise HTTPException(HTTPStatus.NOT_FOUND, _NO_SESSION)
        return self._scoped(request, session)

    def _scoped(self, request: Request, session: str) -> str:
        """Return a name that no other visitor can give Gradio, even where it is forgotten whose the session is."""
        return hmac.digest(self._secret, f"{visitor(request)}\0{session}".encode(), "sha256").hex()

    def _passed(self, body: bytes | None = None, **changed: object) -> ASGIApp:
        """Return what passes a request on to Gradio.

        Args:
            body: What takes the place of the body, which was read; None passes it on as it comes.
            changed: What takes the place of other parts of the request.
        """

        async def passed(scope: Scope, receive: Receive, send: Send) -> None:
            told = [(name, value) for name, value in scope["headers"] if not name.startswith(_NOT_PASSED)]
            rest = receive
            if body is not None:
                told = [(name, value) for name, value in told if name not in _OF_BODY]
                told += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
                unread = [{"type": "http.request", "body": body, "more_body": False}]

                async def rest() -> Message:
                    return unread.pop() if unread else await receive()

            scope.update(changed, headers=told)
            await self._gradio(scope, rest, send)

        return passed


async def _body(request: Request) -> bytes:
    """Return a body of JSON; the gate has bounded its size."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, as application/json.")
    return await request.body()
