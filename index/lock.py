"""One writer of an index at a time, over all processes of a machine; a second one is told who holds it."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import StoreError

LOCK, WRITER = ".lock", ".writer.json"
WAIT_S = 10.0


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the lock of an index, its folder made when missing; the lock of a process that died is free again.

    Raises:
        StoreError: Another process has held it for `WAIT_S` seconds.
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=WAIT_S)
    except Timeout:
        raise StoreError(
            f"Another process is updating {folder}{_who(folder)}. Wait for it to end, then run again."
        ) from None
    try:
        who = {"process": os.getpid(), "machine": socket.gethostname(), "since": _now()}
        (folder / WRITER).write_text(json.dumps(who), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            (folder / WRITER).unlink(missing_ok=True)
        lock.release()


def _who(folder: Path) -> str:
    """Say which process holds the lock, as far as it says so itself; one that has ended does not."""
    try:
        who = json.loads((folder / WRITER).read_text(encoding="utf-8"))
        process, machine = int(who["process"]), str(who["machine"])
        if machine == socket.gethostname() and _has_ended(process):
            return ""
        return f" (process {process} on {machine}, since {who['since']})"
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return ""


def _has_ended(process: int) -> bool:
    """Tell whether there is no such process of this machine; where that cannot be asked, no."""
    if os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
