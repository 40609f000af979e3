"""Remembers which visitor the session of a page belongs to."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

DAY_S = 24 * 3600.0


class Owners:
    """The visitors who first used a name.

    Args:
        most: How many names are remembered; the least recently used are forgotten first.
        lasts_s: How long an unused name is remembered.
        now: Returns the time, in seconds.
    """

    def __init__(self, most: int = 20_000, lasts_s: float = DAY_S, now: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.lasts_s = lasts_s
        self._now = now
        self._used: OrderedDict[Hashable, tuple[str, float]] = OrderedDict()  # least recently used first

    def claim(self, name: Hashable, visitor: str) -> bool:
        """Note that a visitor uses a name, and return whether it is theirs: nobody else used it before."""
        if self._of(name) not in (None, visitor):
            return False
        self._used[name] = visitor, self._now()
        self._used.move_to_end(name)
        while len(self._used) > self.most:
            self._used.popitem(last=False)
        return True

    def owns(self, name: Hashable, visitor: str) -> bool:
        """Return whether a name is known to be a visitor's."""
        return self._of(name) == visitor

    def _of(self, name: Hashable) -> str | None:
        while self._used and next(iter(self._used.values()))[1] <= self._now() - self.lasts_s:
            self._used.popitem(last=False)
        return self._used[name][0] if name in self._used else None
