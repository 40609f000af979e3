"""A name and a password in, whether they are a user's out; slowly where somebody guesses."""

import hashlib
import hmac
import logging
import os
from collections import OrderedDict

from anyio import CapacityLimiter, to_thread

from ui.access.attempts import Attempts
from ui.access.users import Users

AT_ONCE = 2
"""Passwords that are hashed at the same time: each takes 64 MB and a core."""
PROVEN = 1000
"""Pairs of name and password whose proof is remembered, for programs that send both each time."""

_log = logging.getLogger(__name__)


class TooOften(Exception):
    """There were too many attempts; `wait_s` says when the next one may be made."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many attempts, wait {wait_s:.0f} s")
        self.wait_s = wait_s


class Logins:
    """Checks passwords, and remembers the digests of those that were right."""

    def __init__(self, users: Users, attempts: Attempts) -> None:
        self._users = users
        self._attempts = attempts
        self._secret = os.urandom(32)
        self._proven: OrderedDict[bytes, str] = OrderedDict()
        self._hashing = CapacityLimiter(AT_ONCE)

    async def stamp(self, name: str, password: str, address: str) -> str | None:
        """Return the stamp of the user whose password it is, None where it is nobody's.

        Args:
            name: Of the user.
            password: As it was typed.
            address: Where it was typed.

        Raises:
            TooOften: There were too many attempts.
        """
        both = hmac.digest(self._secret, f"{name}\0{password}".encode(), hashlib.sha256)
        stamp = self._users.stamp(name)
        if stamp is not None and self._proven.get(both) == stamp:
            return stamp
        if wait_s := self._attempts.take(address, name):
            raise TooOften(wait_s)
        if not await to_thread.run_sync(self._users.proves, name, password, limiter=self._hashing):
            _log.warning("A login as %r from %s failed", name, address)
            return None
        self._attempts.forgive(address, name)
        if stamp is not None:
            self._proven[both] = stamp
            while len(self._proven) > PROVEN:
                self._proven.popitem(last=False)
        return stamp
