"""Pages that a service gave, kept on disk by their address. Knows nothing of what stands in them."""

import gzip
import hashlib
import os
import time
import zlib
from contextlib import suppress
from pathlib import Path

_KEPT_S = 30 * 24 * 3600.0  # older pages are deleted


def pages_folder() -> Path:
    """Return the folder of the pages of all services: `pages` in PAPERCHAT_CACHE, or in the user's cache folder."""
    from platformdirs import user_cache_dir

    return (Path(os.environ.get("PAPERCHAT_CACHE") or user_cache_dir("paperchat")) / "pages").expanduser().resolve()


class Pages:
    """The pages of one service.

    Args:
        folder: Where they are kept; made when it is missing. Pages of long ago are deleted from it.
        fresh_s: A page may be so old.

    Raises:
        OSError: The folder cannot be made.
    """

    def __init__(self, folder: Path, fresh_s: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._fresh_s = fresh_s
        oldest = time.time() - _KEPT_S
        for path in folder.glob("*.gz*"):  # halves too that a killed process left
            with suppress(FileNotFoundError):  # another process deletes as well
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def read(self, address: str, of_any_age: bool = False) -> bytes | None:
        """Return a page; None where it was not kept, is too old, or is damaged, and then it is deleted."""
        path = self._path(address)
        try:
            if not of_any_age and time.time() - path.stat().st_mtime > self._fresh_s:
                return None
            return gzip.decompress(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, EOFError, zlib.error):
            self.forget(address)
            return None

    def keep(self, address: str, page: bytes) -> None:
        """Keep a page: whoever reads sees the whole of it or nothing.

        Raises:
            OSError: The disk is full or cannot be written.
        """
        path = self._path(address)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(gzip.compress(page, compresslevel=6))  # what a power cut damages is asked for again
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def forget(self, address: str) -> None:
        """Delete a page, if it was kept."""
        self._path(address).unlink(missing_ok=True)

    def _path(self, address: str) -> Path:
        return self._folder / f"{hashlib.sha256(address.encode()).hexdigest()[:40]}.gz"
