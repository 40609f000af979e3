"""A private folder of this process for files that nobody has added yet; what a killed process left is deleted."""

import shutil
import tempfile
import weakref
from pathlib import Path

from filelock import FileLock, Timeout

_ALIVE = ".alive"


class Scratch:
    """A folder that only its owner may read, until it is closed or the process ends."""

    def __init__(self, parent: Path) -> None:
        """Make one below `parent`, and delete those whose process is gone."""
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(parent / ".lock"):
            for other in parent.iterdir():
                if other.is_dir() and not _alive(other):
                    shutil.rmtree(other, ignore_errors=True)
            self.path = Path(tempfile.mkdtemp(dir=parent))
            self._delete = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
            self._lock = FileLock(self.path / _ALIVE)
            self._lock.acquire()

    def folder(self) -> Path:
        """Return a new folder in it, empty."""
        return Path(tempfile.mkdtemp(dir=self.path))

    def close(self) -> None:
        """Delete it with everything in it."""
        self._lock.release()
        self._delete()


def _alive(folder: Path) -> bool:
    """Say whether the process that made a folder lives: it holds a lock there."""
    try:
        with FileLock(folder / _ALIVE, timeout=0):
            return False
    except (Timeout, OSError):  # or another user's
        return True
