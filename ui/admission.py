"""Who asks for an answer in, its place in the queue out: so many are written at once, so many may wait, in order."""

import asyncio
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

from index.errors import UserError

_FIRST_GUESS_S = 10.0
_POLL_S = 0.2
_NEWEST_COUNTS = 0.2


class Busy(UserError):
    """Too many wait; `retry_after_s` says in how many seconds there may be room."""

    def __init__(self, in_progress: int, waiting: int, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(
            f"Too many questions at once: {in_progress} in progress, {waiting} waiting. "
            f"Ask again in {retry_after_s} seconds."
        )


class Admission:
    """Lets `at_once` in at the same time and `waiting` more wait, first come first served; safe between threads."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self.at_once = at_once
        self.room = waiting
        self._places: list[Place] = []  # in order of arrival: those within, then those who wait
        self._changed = threading.Condition()
        self._typical_s = _FIRST_GUESS_S

    @property
    def in_progress(self) -> int:
        """How many are within."""
        return min(len(self._places), self.at_once)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return max(len(self._places) - self.at_once, 0)

    def enter(self) -> "Place":
        """Take a place at the end of the queue; whoever takes it has to leave it.

        Raises:
            Busy: As many as may wait do.
        """
        with self._changed:
            if len(self._places) >= self.at_once + self.room:
                retry_after_s = math.ceil(self._typical_s * (self.waiting + 1) / self.at_once)
                raise Busy(self.in_progress, self.waiting, max(retry_after_s, 1))
            place = Place(self)
            self._places.append(place)
            if not self._ahead(place):
                place.began = time.monotonic()
            return place

    def _ahead(self, place: "Place") -> int:
        return max(self._places.index(place) - self.at_once + 1, 0) if place in self._places else 0

    def _leave(self, place: "Place") -> None:
        with self._changed:
            if place not in self._places:
                return
            self._places.remove(place)
            now = time.monotonic()
            if place.began is not None:
                self._typical_s += _NEWEST_COUNTS * (now - place.began - self._typical_s)
            for other in self._places[: self.at_once]:
                other.began = other.began or now
            listeners = [other.moved for other in self._places]
            self._changed.notify_all()
        for moved in listeners:
            with suppress(RuntimeError):  # its event loop is closed: nobody listens
                moved()


class Place:
    """A place in the queue of an `Admission`; as a context manager it is left at the end."""

    def __init__(self, admission: Admission) -> None:
        self.began: float | None = None
        self.moved: Callable[[], object] = int  # told of every step forward
        self._admission = admission

    @property
    def ahead(self) -> int:
        """How many must leave before this one may begin; 0 once it may."""
        with self._admission._changed:
            return self._admission._ahead(self)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Return once this one may begin, True, or after the timeout, False."""
        changed = self._admission._changed
        with changed:
            return changed.wait_for(lambda: not self._admission._ahead(self), timeout_s)

    async def steps(self, cancel: threading.Event) -> AsyncGenerator[int, None]:
        """Yield how many are ahead whenever that changes, while an event loop goes on.

        Ends once this one may begin, or within a moment after `cancel` is set.
        """
        loop, moved, told = asyncio.get_running_loop(), asyncio.Event(), 0
        self.moved = lambda: loop.call_soon_threadsafe(moved.set)
        while (ahead := self.ahead) and not cancel.is_set():
            if ahead != told:
                told = ahead
                yield ahead
            with suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), _POLL_S)
            moved.clear()

    def leave(self) -> None:
        """Make room for the next; a second time it does nothing."""
        self._admission._leave(self)

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *error: object) -> None:
        self.leave()
