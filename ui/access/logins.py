"""A name and a password in, whether they are a user's out; slowly where somebody guesses."""

import hashlib
import hmac
import logging
import os
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import CapacityLimiter, Lock, sleep, to_thread

from ui.access.attempts import LONGEST_S, Attempts
from ui.access.devices import Addresses, device_of
from ui.access.users import Users

AT_ONCE, OF_STRANGERS = 2, 1
"""Passwords that are hashed at the same time (each takes 64 MB and a core), and how many of these strangers gave."""
WAITING, WAITING_IN_ALL = 50, 500
"""Strangers who wait for an answer, with one name and whatever the name; further ones are refused."""
PROVEN = 1000
"""Pairs of name and password whose proof is remembered, for programs that send both each time."""

_log = logging.getLogger(__name__)


class TooOften(Exception):
    """There were too many attempts; `wait_s` says when the next one may be made."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many attempts, wait {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass
class _Line:
    """Strangers who gave the same name: one of them at a time stands in line with those who gave another."""

    length: int = 0
    first: Lock = field(default_factory=Lock)


class Logins:
    """Checks passwords, and remembers the digests of those that were right."""

    def __init__(self, users: Users, attempts: Attempts) -> None:
        self._users = users
        self._attempts = attempts
        self._secret = os.urandom(32)
        self._proven: OrderedDict[bytes, str] = OrderedDict()
        self._addresses = Addresses()
        self._lines: dict[str, _Line] = {}
        self._strangers, self._hashing = CapacityLimiter(OF_STRANGERS), CapacityLimiter(AT_ONCE)

    async def stamp(self, name: str, password: str, address: str, token: str = "") -> str | None:
        """Return the stamp of the user whose password it is, None where it is nobody's.

        A stranger, at an address and a browser where the user has not logged in before, waits the longer for an answer
        the more strangers gave that name of late.

        Args:
            name: Of the user.
            password: As it was typed.
            address: Where it was typed.
            token: Of the browser, from an earlier login.

        Raises:
            TooOften: There were too many attempts.
        """
        device = device_of(token, name, self._users.stamp(name))
        if wait_s := self._attempts.take(address, name, device):
            raise TooOften(wait_s)
        stranger = not device and not self._addresses.has(name, address)
        if stranger:
            async with self._delayed(name):
                stamp = await self._proved(name, password)
        else:
            stamp = await self._proved(name, password)
        if stamp is None:
            _log.warning("A login as %r from %s failed", name, address)
            return None
        self._attempts.forgive(address, name, device, stranger=stranger)
        self._addresses.add(name, address)
        return stamp

    @asynccontextmanager
    async def _delayed(self, name: str) -> AsyncIterator[None]:
        """Let a stranger wait, without a thread; those of one name take one place among those of all names."""
        line = self._lines.get(name) or _Line()
        if line.length >= WAITING or sum(each.length for each in self._lines.values()) >= WAITING_IN_ALL:
            raise TooOften(LONGEST_S)
        self._lines[name] = line
        line.length += 1
        try:
            await sleep(self._attempts.delay_s(name))
            async with line.first, self._strangers:
                yield
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[name]

    async def _proved(self, name: str, password: str) -> str | None:
        """Return the stamp of a user whose password it is; None otherwise."""
        both = hmac.digest(self._secret, f"{name}\0{password}".encode(), hashlib.sha256)
        stamp = self._users.stamp(name)
        if stamp is not None and self._proven.get(both) == stamp:
            return stamp
        if not await to_thread.run_sync(self._users.proves, name, password, limiter=self._hashing):
            return None
        if stamp is not None:
            self._proven[both] = stamp
            while len(self._proven) > PROVEN:
                self._proven.popitem(last=False)
        return stamp
