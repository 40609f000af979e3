"""One request at a time to a service, with its pause between two, over all processes of this machine."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Turn:
    """The right to make one request; says when the next one may be made.

    Args:
        stamp: File that holds the time of the next request, in seconds since 1970.
        pause_s: Between this request and the next.
    """

    def __init__(self, stamp: Path, pause_s: float) -> None:
        self._stamp = stamp
        self._pause_s = pause_s

    def hold_off(self, seconds: float) -> None:
        """Let nobody ask again before so many seconds have passed, as the service wants it."""
        self._pause_s = max(self._pause_s, seconds)

    def end(self) -> None:
        """Write down when the next request may be made."""
        self._stamp.write_text(str(time.time() + self._pause_s), encoding="ascii")

    def wait_s(self, longest_s: float) -> float:
        """Return how long to wait before asking; never longer than `longest_s`, whatever a clock or a file says."""
        with suppress(OSError, ValueError):
            return min(max(0.0, float(self._stamp.read_text(encoding="ascii")) - time.time()), longest_s)
        return 0.0


@contextmanager
def turn(
    folder: Path, pause_s: float, longest_s: float, sleep: Callable[[float], None], waits: Callable[[], None]
) -> Iterator[Turn]:
    """Wait until it is one's turn to ask, and hold it.

    Args:
        folder: Shared by all who ask the service.
        pause_s: Between two requests.
        longest_s: Longest wait that a service may have asked for.
        sleep: Waits.
        waits: Is called when another process has its turn.

    Raises:
        OSError: The folder cannot be written.
    """
    from filelock import FileLock, Timeout

    guard = FileLock(folder / "turn.lock")
    try:
        guard.acquire(timeout=0)
    except Timeout:
        waits()
        guard.acquire()
    try:
        mine = Turn(folder / "turn.next", pause_s)
        if seconds := mine.wait_s(longest_s):
            sleep(seconds)
        try:
            yield mine
        finally:
            mine.end()
    finally:
        guard.release()
