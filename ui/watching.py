"""A folder in, a call each time that its files have changed and are still again; knows nothing of papers."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

Snapshot = dict[str, tuple[int, int, int]]
"""Path of each file -> its number, size and time of change."""


def watch(
    folder: Path,
    changed: Callable[[], None],
    tell: Callable[[str], None],
    stop: threading.Event,
    still_s: float = 1.0,
) -> None:
    """Call `changed` once at the beginning, and whenever files of a folder have come, changed or gone.

    Waits until they have been still for a moment. A folder that vanishes is waited for. Where the system does not say
    what changes, as on network drives, the files are looked at every few moments.

    Args:
        folder: Watched with the folders in it; hidden files don't count.
        changed: Called with the files as they are; what changes while it runs leads to another call.
        tell: Is told, once each time, that the folder is gone or there again.
        stop: Ends the watching when set.
        still_s: How long files must be still, in seconds.
    """
    seen: Snapshot | None = None
    gone = False
    while not stop.is_set():
        if gone != (not folder.is_dir()):
            gone = not gone
            tell(f"{folder} is gone; waiting for it to come back." if gone else f"{folder} is there again.")
        now = None if gone else _still(folder, stop, still_s)
        if now is None:
            stop.wait(still_s)
        elif now != seen:
            seen = now
            changed()
        else:
            _wait_for_change(folder, seen, stop, still_s)


def _wait_for_change(folder: Path, seen: Snapshot, stop: threading.Event, still_s: float) -> None:
    """Return when something happens in the folder, or it looks different."""
    from watchfiles import watch as stirrings

    try:
        for stirred in stirrings(
            *_folders(folder),
            recursive=False,  # or it would follow links to folders elsewhere
            watch_filter=None,
            debounce=50,
            rust_timeout=int(still_s * 2000),
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=True,
            ignore_permission_denied=True,
        ):
            if stirred or _files(folder) != seen:
                return
    except FileNotFoundError:
        return  # it went between two looks


def _still(folder: Path, stop: threading.Event, still_s: float) -> Snapshot | None:
    """Return the files once they have not changed for a moment, None if the folder goes meanwhile."""
    before = _files(folder)
    while not stop.wait(still_s):
        if not folder.is_dir():
            return None
        if (now := _files(folder)) == before:
            return now
        before = now
    return None


def _files(folder: Path) -> Snapshot:
    return dict(_walk(folder))


def _folders(folder: Path) -> list[str]:
    """Return a folder and those in it that are neither hidden nor links."""
    return [parent for parent, _ in _visible(folder)]


def _visible(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder and the names of its files, hidden ones passed over and links to folders not followed."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield parent, names


def _walk(folder: Path) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for parent, names in _visible(folder):
        for path in (os.path.join(parent, name) for name in names if not name.startswith(".")):
            try:
                found = os.lstat(path)
            except OSError:
                continue  # gone since
            yield path, (found.st_ino, found.st_size, found.st_mtime_ns)
