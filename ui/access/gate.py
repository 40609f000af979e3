"""An application in, the same application behind a gate out: nobody passes who may not, and who passes has a name.

Plain ASGI, so that streams stream and a client that goes away is noticed. What other sites' pages may do follows the
resource isolation policy of browsers' `Sec-Fetch-…` headers, and `Origin` where a browser sends none.
"""

import re
from http import HTTPStatus
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.access import visitors
from ui.access.arriving import Arrivals, Refused
from ui.access.callers import Callers, address_of
from ui.access.door import LOGIN, LOGOUT, Door
from ui.access.forwarded import came_by_proxy, told
from ui.access.headers import guard
from ui.access.logins import TooOften
from ui.access.refusals import for_programs, refusal, wants_page
from ui.access.rules import NO_UPLOADS, Access, is_local

ALIVE = "/healthz"
"""Asked by what watches over us; it tells nothing, so it stays open."""
NAMELESS = (ALIVE, "/readyz", "/metrics")
_READS = ("GET", "HEAD")
_HOST = re.compile(r"[\w.-]*(:\d+)?|\[[\da-f:.]+\](:\d+)?", re.I | re.A)
_PATH_CHARS, _NAME_BYTES = 2000, 255
"""Of a path, and of a part of it that may name a file, as file systems have it."""
_UPLOAD = re.compile(r"/+gradio_api/+upload/*", re.I)
_HEADER_NAMES = re.compile(r"[\w-]+(\s*,\s*[\w-]+)*")


class Gate:
    """Middleware that every request passes first."""

    def __init__(self, app: ASGIApp, access: Access, arrivals: Arrivals | None = None) -> None:
        self.app = app
        self.access = access
        self._arrivals = arrivals or Arrivals()
        self._callers = Callers(access)
        self._door = Door(self._callers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer who may not pass, and let the application answer the others."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no face of ours has another way in
            await send({"type": "websocket.close", "code": 1008})
            return
        passed_on = came_by_proxy(scope)
        scope = told(scope, self.access.proxies)
        body = self._arrivals.body(scope, receive)
        request = Request(scope, body)
        request.state.passed_on = passed_on
        alone = self.access.local and not self.access.closed and not passed_on
        request.state.at_home = alone and is_local(address_of(request))
        origin = request.headers.get("origin")
        reader = origin if origin and self.access.lets(origin) and for_programs(scope["path"]) else None
        cookies: list[str] = []
        try:
            reply = self._stopped(request, reader) or await self._asked(request, cookies)
            receive = body if reply else await body.ready()
        except Refused as error:
            reply = refusal(request, HTTPStatus(error.status_code), error.detail, error.headers)
        send = body.answered(send)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                guard(headers, reader, theirs=reply is None)
                for cookie in cookies:
                    headers.append("set-cookie", cookie)
            await send(message)

        await (reply or self.app)(scope, receive, answer)

    def _stopped(self, request: Request, reader: str | None) -> Response | None:
        """Return the answer to a request that nobody may make from where it was made; None for another one."""
        host, path = request.headers.get("host", ""), request.scope["path"]
        if not self.access.goes_by(host):
            why = f"This server does not go by the name {host!r}. If it should: paperchat serve --allow-host NAME"
            return refusal(request, HTTPStatus.MISDIRECTED_REQUEST, why)
        if not _HOST.fullmatch(host):
            return refusal(request, HTTPStatus.BAD_REQUEST, "The header Host is no name of a server.")
        if any(sign < " " or sign == "\x7f" for sign in path):
            return refusal(request, HTTPStatus.NOT_FOUND, "Nothing here has control characters in its path.")
        longest = max(map(len, path.encode("utf-8", "replace").split(b"/")))
        if len(path) > _PATH_CHARS or (not for_programs(path) and longest > _NAME_BYTES):
            return refusal(request, HTTPStatus.REQUEST_URI_TOO_LONG, "The path is too long.")
        if reader and request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return _preflight(request)
        if not reader and self.access.foreign(request.headers) and not _follows_link(request):
            why = "A page of another site asked for this. If it may: paperchat serve --allow-origin ORIGIN"
            return refusal(request, HTTPStatus.FORBIDDEN, why)
        return None

    async def _asked(self, request: Request, cookies: list[str]) -> Response | None:
        """Name who asks; return an answer of our own to who has to log in first, and to who does."""
        path = request.scope["path"]
        if path in (LOGIN, LOGOUT):
            return await self._door.answer(request)
        name, known = "", False
        if self.access.closed and path != ALIVE:
            try:
                caller = await self._callers.find(request)
            except TooOften as error:
                wait = {"Retry-After": f"{error.wait_s + 0.5:.0f}"}
                return refusal(request, HTTPStatus.TOO_MANY_REQUESTS, "Too many attempts to log in.", wait)
            if caller is None or not (caller.page or for_programs(path)):
                return self._unknown(request)
            name, known = caller.name, True
        request.state.may_upload = self.access.lets_upload(known, request.state.passed_on)
        if _UPLOAD.fullmatch(path) and not request.state.may_upload:
            return refusal(request, HTTPStatus.FORBIDDEN, NO_UPLOADS)
        request.state.visitor = name or self._browser(request, cookies)
        return None

    def _unknown(self, request: Request) -> Response:
        """Return what says how to log in."""
        path, query = request.scope["path"], request.url.query
        if wants_page(request) and request.method in _READS:
            next_path = quote(f"{path}?{query}" if query else path)
            return RedirectResponse(f"{LOGIN}?next={next_path}", HTTPStatus.SEE_OTHER)
        ways = ["Bearer KEY"] * bool(self.access.keys) + ["Basic with a user's name and password"] * bool(
            self.access.users
        )
        challenge = {"WWW-Authenticate": 'Bearer realm="paperchat"'}
        if for_programs(path) and self.access.users:
            challenge["WWW-Authenticate"] += ', Basic realm="paperchat", charset="UTF-8"'
        how = (
            f"Send the header Authorization: {', or '.join(ways)}."
            if for_programs(path)
            else "You are not logged in. Reload the page."
        )
        return refusal(request, HTTPStatus.UNAUTHORIZED, how, challenge)

    def _browser(self, request: Request, cookies: list[str]) -> str:
        """Return the name of a browser by its cookie, which it is given if it has none."""
        token = visitors.token_of(request)
        if token is None:
            token = visitors.new_token()
            if request.scope["path"] not in NAMELESS:
                secure = request.scope["scheme"] == "https"
                cookies.append(visitors.cookie(visitors.COOKIE, token, visitors.LASTS_S, secure=secure))
        return visitors.name_of(token)


def _follows_link(request: Request) -> bool:
    """Say whether a person came from another site by a link, which shows that site nothing."""
    return request.method in _READS and request.headers.get("sec-fetch-mode") == "navigate"


def _preflight(request: Request) -> Response:
    """Return what lets the page of another site call us."""
    wanted = request.headers.get("access-control-request-headers", "")
    headers = {"Access-Control-Allow-Methods": "GET, POST, DELETE", "Access-Control-Max-Age": "600"}
    if _HEADER_NAMES.fullmatch(wanted):
        headers["Access-Control-Allow-Headers"] = wanted
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
