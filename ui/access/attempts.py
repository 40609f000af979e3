"""Attempts to log in, counted: which are refused for a while, and how long strangers wait for their answer."""

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
"""For a user's name from one address or device, for an address whatever the name, for a name from all strangers."""
STEP_S, LONGEST_S = 0.5, 10.0
"""What each attempt beyond `USER` adds to the wait of the next stranger who gives that name, and the longest wait."""


class Attempts:
    """Counts attempts by token buckets; thread-safe.

    Attempts from elsewhere refuse nobody, or a stranger could lock a user out: they make strangers wait.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str, str], tuple[float, float]] = OrderedDict()
        self._counting = threading.Lock()

    def take(self, address: str, user: str, device: str = "") -> float:
        """Count an attempt, which stays counted unless it is forgiven.

        Args:
            address: Where it is made.
            user: The name that is given.
            device: Known of that user, which has a count of its own, so that others at its address do not use it up.

        Returns:
            0 when it may be made; else it is not counted, and these are the seconds until one may.
        """
        with self._counting:
            left = {key: self._left(key, rate) for key, rate in _rates(address, user, device)}
            wait_s = max((1 - left[key]) * rate.every_s for key, rate in _rates(address, user, device))
            if wait_s > 0:
                return wait_s
            for key, tokens in left.items():
                self._keep(key, tokens - 1)
            return 0

    def delay_s(self, user: str) -> float:
        """Count a stranger's attempt for a name; return the seconds that its answer has to wait."""
        with self._counting:
            left = max(self._left(_of(user), USER) - 1, -LONGEST_S / STEP_S)
            self._keep(_of(user), left)
            return max(0.0, -left * STEP_S)

    def forgive(self, address: str, user: str, device: str = "", *, stranger: bool = False) -> None:
        """Let the last attempt count for nothing, because it was right; `stranger` if it was delayed too."""
        with self._counting:
            for key, rate in _rates(address, user, device) + [(_of(user), USER)] * stranger:
                self._keep(key, min(self._left(key, rate) + 1, rate.at_once))

    def _left(self, key: tuple[str, str, str], rate: Rate) -> float:
        tokens, at = self._buckets.get(key, (float(rate.at_once), self._clock()))
        return min(tokens + (self._clock() - at) / rate.every_s, rate.at_once)

    def _keep(self, key: tuple[str, str, str], tokens: float) -> None:
        self._buckets[key] = (tokens, self._clock())
        self._buckets.move_to_end(key)
        while len(self._buckets) > MANY:
            self._buckets.popitem(last=False)


def network(address: str) -> str:
    """Return what counts as one address: all of an IPv6 network, since who has one of its addresses has them all."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address


def _rates(address: str, user: str, device: str) -> list[tuple[tuple[str, str, str], Rate]]:
    """Return what an attempt counts for, and is refused by."""
    name, near = user[:64], network(address)
    if device:
        return [(("device", device, name), BOTH)]
    return [(("both", near, name), BOTH), (("address", near, ""), ADDRESS)]


def _of(user: str) -> tuple[str, str, str]:
    return ("user", "", user[:64])
