"""A request in, who shows credentials with it out: a program by its header, a person by the cookie of a login."""

import base64
from dataclasses import dataclass

from starlette.requests import Request

from ui.access import devices
from ui.access.attempts import Attempts
from ui.access.logins import Logins
from ui.access.rules import Access
from ui.access.sessions import COOKIE, Session, Sessions
from ui.access.users import normal


@dataclass(frozen=True)
class Caller:
    """Who shows credentials.

    Attributes:
        name: "user:NAME" or "key:…"; "" for somebody who logged in with a key, whom the browser's cookie tells apart.
        page: Whether the page is open too, and not only what programs call.
    """

    name: str
    page: bool


class Callers:
    """Finds who makes a request, and keeps who has logged in."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.sessions = Sessions()
        self.attempts = Attempts()
        self.logins = Logins(access.users, self.attempts) if access.users else None

    async def find(self, request: Request) -> Caller | None:
        """Return who makes a request; None where there are no credentials, or they are wrong.

        Raises:
            TooOften: There were too many attempts to guess a password.
        """
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        match scheme.lower():
            case "bearer":
                name = self.access.keys.name_of(shown.strip())
                return Caller(name, page=False) if name else None
            case "basic":
                return await self._user(shown.strip(), request)
        session = self.session(request)
        return Caller(f"user:{session.user}" if session.user else "", page=True) if session else None

    def session(self, request: Request) -> Session | None:
        """Return the login of a browser while it holds: until it ends, or its user's password does."""
        found = self.sessions.find(request.cookies.get(COOKIE, ""))
        users = self.access.users
        if found is None or (users is None and found.user):
            return None
        return found if users is None or users.stamp(found.user) == found.stamp else None

    async def _user(self, shown: str, request: Request) -> Caller | None:
        try:
            name, colon, password = base64.b64decode(shown, validate=True).decode().partition(":")
        except ValueError:  # no base64, or no UTF-8 in it
            return None
        if not colon or self.logins is None:
            return None
        name, token = normal(name), request.cookies.get(devices.COOKIE, "")
        stamp = await self.logins.stamp(name, password, address_of(request), token)
        return Caller(f"user:{name}", page=True) if stamp else None


def address_of(request: Request) -> str:
    """Return where a request comes from, "" where that is not known."""
    return request.client.host if request.client else ""
