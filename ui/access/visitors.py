"""A request in, a stable name of who asks out; and the cookie that tells browsers apart where nobody logs in."""

import hashlib
import re
import secrets
from http.cookies import SimpleCookie
from typing import Any

from starlette.requests import Request

COOKIE = "paperchat_visitor"
LASTS_S = 365 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")


def visitor(request: object) -> str:
    """Return the stable name of who asks; what belongs to one name is never shown to another.

    Args:
        request: Starlette's `Request`, or the `gr.Request` of an event handler; of an application behind a `Gate`.

    Returns:
        "user:NAME" for who has logged in, "key:…" for a program with a key, else "visitor:…" for a browser.

    Raises:
        ValueError: The request did not come through a `Gate`.
    """
    state: Any = getattr(request, "state", None)
    name = getattr(state, "visitor", None)
    if not isinstance(name, str):
        raise ValueError(f"{request!r} did not come through a Gate.")
    return name


def at_home(request: object) -> bool:
    """Say whether who asks sits at this machine: nobody has to log in, and no proxy stands between.

    Args:
        request: As for `visitor`.
    """
    return getattr(getattr(request, "state", None), "at_home", False) is True


def may_upload(request: object) -> bool:
    """Say whether who asks may add papers.

    Args:
        request: As for `visitor`.
    """
    return getattr(getattr(request, "state", None), "may_upload", False) is True


def token_of(request: Request) -> str | None:
    """Return what a browser's cookie says, None without one that we may have set."""
    token = request.cookies.get(COOKIE, "")
    return token if _TOKEN.fullmatch(token) else None


def new_token() -> str:
    """Return 192 random bits that name a browser from now on."""
    return secrets.token_urlsafe(24)


def name_of(token: str) -> str:
    """Return the name of a browser; it is kept with conversations, and does not tell the cookie."""
    return f"visitor:{hashlib.sha256(token.encode()).hexdigest()[:32]}"


def cookie(name: str, value: str, lasts_s: int | None, *, secure: bool) -> str:
    """Return a `Set-Cookie` that scripts do not see and other sites' forms do not send.

    Args:
        name: Of the cookie.
        value: Of the cookie.
        lasts_s: Until the browser forgets it; 0 unsets it, None lasts until the browser is closed.
        secure: It travels by https only.
    """
    jar = SimpleCookie({name: value})
    traits: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "Lax", "secure": secure}
    jar[name].update(traits if lasts_s is None else {**traits, "max-age": lasts_s})
    return jar[name].OutputString()
