"""Who has logged in: random tokens that browsers hold, and what this process knows of them."""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

COOKIE = "paperchat_session"
IDLE_S = 14 * 24 * 3600
MANY, EACH = 10_000, 100
"""Sessions that are kept, in all and of one user; the longest unused go first."""


@dataclass(frozen=True)
class Session:
    """A login: of a user, or of somebody with a key when `user` is "".

    Attributes:
        user: Name.
        stamp: Of the user when the login was made; another one ends it.
        used_at: When it was last used, in seconds of the clock.
    """

    user: str
    stamp: str
    used_at: float


class Sessions:
    """Logins of this process, by the digest of their token; a restart asks everybody to log in again. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[bytes, Session] = OrderedDict()
        self._changing = threading.Lock()

    def begin(self, user: str, stamp: str) -> str:
        """Return the token of a new login."""
        token = secrets.token_urlsafe(32)
        with self._changing:
            own = [digest for digest, session in self._open.items() if user and session.user == user]
            for digest in own[: max(0, len(own) - EACH + 1)]:  # so that nobody pushes out the sessions of others
                del self._open[digest]
            self._open[_digest(token)] = Session(user, stamp, self._clock())
            while len(self._open) > MANY:
                self._open.popitem(last=False)
        return token

    def find(self, token: str) -> Session | None:
        """Return the login of a token and note that it is in use; None where it has ended or never was."""
        digest, now = _digest(token), self._clock()
        with self._changing:
            found = self._open.pop(digest, None)
            if found is None or now - found.used_at > IDLE_S:
                return None
            self._open[digest] = Session(found.user, found.stamp, now)
            return found

    def end(self, token: str) -> None:
        """Forget a login."""
        with self._changing:
            self._open.pop(_digest(token), None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
