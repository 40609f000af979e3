"""The pages where a person logs in and out, and what their forms do."""

from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ui.access import devices
from ui.access.callers import Callers, address_of
from ui.access.logins import TooOften
from ui.access.refusals import page, refusal
from ui.access.sessions import COOKIE
from ui.access.users import normal
from ui.access.visitors import cookie

LOGIN, LOGOUT = "/login", "/logout"
FORM_BYTES = 8192
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="paperchat"'}


class Door:
    """Answers `/login` and `/logout`; the paths of no other face."""

    def __init__(self, callers: Callers) -> None:
        self.callers = callers

    async def answer(self, request: Request) -> Response:
        """Return the page of a path, or what its form leads to."""
        if request.method not in ("GET", "HEAD", "POST"):
            return refusal(request, HTTPStatus.METHOD_NOT_ALLOWED, "GET or POST.", {"Allow": "GET, HEAD, POST"})
        if not self.callers.access.closed:
            return _to("/")
        if request.scope["path"] == LOGOUT:
            return self._log_out(request)
        if request.method != "POST":
            next_path = inside(request.query_params.get("next", ""))
            return _to(next_path) if self.callers.session(request) else self._form(next_path)
        form = await _form(request)
        if form is None:
            return refusal(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {FORM_BYTES} bytes.")
        return await self._log_in(request, form)

    async def _log_in(self, request: Request, form: dict[str, str]) -> Response:
        name, password, next_path = normal(form.get("name", "")), form.get("password", ""), inside(form.get("next", ""))
        try:
            stamp = await self._stamp(request, name, password)
        except TooOften as error:
            wait = f"Too many attempts. Try again in {error.wait_s:.0f} seconds."
            headers = {"Retry-After": f"{error.wait_s + 0.5:.0f}"}
            return self._form(next_path, name, wait, HTTPStatus.TOO_MANY_REQUESTS, headers)
        if stamp is None:
            wrong = "Name or password is wrong." if self.callers.logins else "No such key."
            return self._form(next_path, name, wrong, HTTPStatus.UNAUTHORIZED, _CHALLENGE)
        self.callers.sessions.end(request.cookies.get(COOKIE, ""))
        user, secure = name if self.callers.logins else "", request.scope["scheme"] == "https"
        reply, token = _to(next_path), self.callers.sessions.begin(user, stamp)
        reply.headers.append("set-cookie", cookie(COOKIE, token, None, secure=secure))
        if user:
            device = devices.token(user, stamp)
            reply.headers.append("set-cookie", cookie(devices.COOKIE, device, devices.LASTS_S, secure=secure))
        return reply

    async def _stamp(self, request: Request, name: str, password: str) -> str | None:
        """Return the stamp of a user; without users, "" for who has a key."""
        address = address_of(request)
        if self.callers.logins:
            token = request.cookies.get(devices.COOKIE, "")
            return await self.callers.logins.stamp(name, password, address, token)
        if wait_s := self.callers.attempts.take(address, ""):
            raise TooOften(wait_s)
        if not self.callers.access.keys.name_of(password):
            return None
        self.callers.attempts.forgive(address, "")
        return ""

    def _log_out(self, request: Request) -> Response:
        session = self.callers.session(request)
        if session is None:
            return _to(LOGIN)
        if request.method != "POST":
            who = f", {escape(session.user)}" if session.user else ""
            form = f'<form method="post" action="{LOGOUT}"><button autofocus>Log out</button></form>'
            return page("Log out", f"<p>You are logged in{who}.</p>{form}")
        self.callers.sessions.end(request.cookies.get(COOKIE, ""))
        reply = _to(LOGIN)
        reply.headers.append("set-cookie", cookie(COOKIE, "", 0, secure=request.scope["scheme"] == "https"))
        return reply

    def _form(
        self,
        next_path: str,
        name: str = "",
        error: str = "",
        status: HTTPStatus = HTTPStatus.OK,
        headers: dict[str, str] | None = None,
    ) -> Response:
        users = self.callers.logins is not None
        told = f'<p class="error" role="alert" id="error"><b>Not logged in.</b> {escape(error)}</p>' if error else ""
        about = ' aria-describedby="error" aria-invalid="true"' if error else ""
        first, second = ("", " autofocus") if name or not users else (" autofocus", "")
        named = f"""<label for="name">Name</label>
<input id="name" name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none" spellcheck="false"
 maxlength="64" required{first}{about}>"""
        body = f"""{told}<form method="post" action="{LOGIN}">
{named if users else ""}
<label for="password">{"Password" if users else "Key"}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{second}{about}>
<input type="hidden" name="next" value="{escape(next_path)}">
<button>Log in</button>
</form>"""
        return page("Log in", body, status, headers)


def inside(path: str) -> str:
    """Return a path of ours to go on to; "/" for whatever would lead elsewhere."""
    plain = path.isprintable() and "\\" not in path
    leads_on = path.startswith("/") and not path.startswith("//") and path.split("?")[0] not in (LOGIN, LOGOUT)
    return path if plain and leads_on else "/"


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


async def _form(request: Request) -> dict[str, str] | None:
    """Return the fields of a form that was sent; None for one that is too long."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES:
            return None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)
    return {name: values[0] for name, values in fields.items()}
