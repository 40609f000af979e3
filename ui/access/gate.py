"""An application in, the same application behind a gate out: who asks is named before anything else sees the request.

Plain ASGI, so that streams stream and a client that goes away is noticed.
"""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.access import visitors

NAMELESS = ("/healthz", "/readyz", "/metrics")
"""Asked by machines that watch us: nobody needs a name there."""


class Gate:
    """Middleware that every request passes first."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name who asks, and let the application answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        token = visitors.token_of(request)
        fresh = visitors.new_token() if token is None else ""
        request.state.visitor = visitors.name_of(token or fresh)
        cookie = ""
        if fresh and request.url.path not in NAMELESS:
            secure = request.url.scheme == "https"
            cookie = visitors.cookie(visitors.COOKIE, fresh, visitors.LASTS_S, secure=secure)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and cookie:
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, answer)
