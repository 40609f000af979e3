"""Attempts to log in, counted; how long the next one has to wait out."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MANY = 10_000
"""Counts that are kept; the least recent go first."""


@dataclass(frozen=True)
class Rate:
    """So many attempts at once, and one more each `every_s`."""

    at_once: int
    every_s: float


BOTH, ADDRESS, USER = Rate(5, 30.0), Rate(20, 10.0), Rate(50, 5.0)
"""For a user's name from one address, for an address whatever the name, for a name wherever from."""


class Attempts:
    """Counts attempts by token buckets; thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str, str], tuple[float, float]] = OrderedDict()
        self._counting = threading.Lock()

    def take(self, address: str, user: str) -> float:
        """Count an attempt, which stays counted unless it is forgiven.

        Returns:
            0 when it may be made; else it is not counted, and these are the seconds until one may.
        """
        with self._counting:
            left = {key: self._left(key, rate) for key, rate in _rates(address, user)}
            wait_s = max((1 - left[key]) * rate.every_s for key, rate in _rates(address, user))
            if wait_s > 0:
                return wait_s
            for key, tokens in left.items():
                self._keep(key, tokens - 1)
            return 0

    def forgive(self, address: str, user: str) -> None:
        """Let the last attempt count for nothing, because it was right."""
        with self._counting:
            for key, rate in _rates(address, user):
                self._keep(key, min(self._left(key, rate) + 1, rate.at_once))

    def _left(self, key: tuple[str, str, str], rate: Rate) -> float:
        tokens, at = self._buckets.get(key, (float(rate.at_once), self._clock()))
        return min(tokens + (self._clock() - at) / rate.every_s, rate.at_once)

    def _keep(self, key: tuple[str, str, str], tokens: float) -> None:
        self._buckets[key] = (tokens, self._clock())
        self._buckets.move_to_end(key)
        while len(self._buckets) > MANY:
            self._buckets.popitem(last=False)


def _rates(address: str, user: str) -> list[tuple[tuple[str, str, str], Rate]]:
    """Return what an attempt counts for; the addresses of one IPv6 network count as one."""
    try:
        found = ipaddress.ip_address(address)
        near = str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address
    except ValueError:
        near = address
    name = user[:64]
    return [(("both", near, name), BOTH), (("address", near, ""), ADDRESS), (("user", "", name), USER)]
