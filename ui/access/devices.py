"""Where a user has logged in before, addresses and browsers by a cookie: strangers do not slow these down."""

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict

from ui.access.attempts import network

COOKIE = "paperchat_device"
LASTS_S = 365 * 24 * 3600
EACH = 20
"""Addresses of a user that are remembered; the longest unused go first."""


def token(user: str, stamp: str) -> str:
    """Return what a browser is given when a user has logged in: random, and signed for that user alone.

    The key is the stamp, the hash of the password in the file of users. So tokens outlast a restart with nothing kept
    of them, servers that share the file know each other's, and a new password ends them all.
    """
    device = secrets.token_urlsafe(16)
    return f"{device}.{_signed(device, user, stamp)}"


def device_of(token: str, user: str, stamp: str | None) -> str:
    """Return the random part of a token of ours, which names the device; "" for one that is not this user's."""
    device, _, signature = token.partition(".")
    known = stamp is not None and hmac.compare_digest(signature.encode(), _signed(device, user, stamp).encode())
    return device if known else ""


class Addresses:
    """The addresses of each user's last logins, while this process lives; thread-safe."""

    def __init__(self) -> None:
        self._seen: dict[str, OrderedDict[str, None]] = {}
        self._changing = threading.Lock()

    def add(self, user: str, address: str) -> None:
        """Remember that a user logged in from an address."""
        with self._changing:
            seen = self._seen.setdefault(user, OrderedDict())
            seen[network(address)] = None
            seen.move_to_end(network(address))
            while len(seen) > EACH:
                seen.popitem(last=False)

    def has(self, user: str, address: str) -> bool:
        """Say whether a user has logged in from an address before."""
        with self._changing:
            return network(address) in self._seen.get(user, ())


def _signed(device: str, user: str, stamp: str) -> str:
    return hmac.digest(stamp.encode(), f"device\0{user}\0{device}".encode(), hashlib.sha256).hex()
