"""A path in, the documents that lie there out: the file itself, or what is packed in it. Knows nothing of papers."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from index.sources.reading import LeftOut
from index.sources.text import Unreadable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_START_BYTES = 8192
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_DATABASE = b"SQLite format 3\0"
_UNPACKED_BYTES = 64 * 1024 * 1024  # that anything may unpack to
_UNPACKED_SHARE = 200  # of what is packed; text is seldom packed to less than a tenth
_UNPACK = "Unpack it, and name the files that come out"


@dataclass(frozen=True)
class Document:
    """Bytes that can be read from the beginning, again and again.

    Attributes:
        source: Name of the source, as in `Paper.sources`.
        suffix: Of its own name, not that of what it is packed in; small letters, with the full stop.
        start: The first bytes, up to 8192.
        is_all: Whether there are no more.
        open: Gives the bytes; the caller closes what it gets. Reading raises OSError, or `Unreadable` if packed.
    """

    source: str
    suffix: str
    start: bytes
    is_all: bool
    open: Callable[[], io.BufferedIOBase]


def documents(path: Path, source: str) -> Iterator[Document | LeftOut]:
    """Yield the documents of one file: itself, what a gzip file holds, or each member of a ZIP archive.

    Raises:
        Unreadable: It can't be unpacked, or is no document at all.
        OSError: The file can't be read.
    """
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    if start.startswith(_GZIP):
        inner = path.stem if path.suffix.lower() == ".gz" else path.name
        yield _document(source, inner, lambda: _unpacked(lambda: gzip.open(path), path.stat().st_size))
    elif start.startswith(_ZIP):
        try:
            with zipfile.ZipFile(path) as archive:
                yield from _members(archive, source)
        except zipfile.BadZipFile as error:
            raise Unreadable(_why(error)) from error
    else:
        yield _document(source, path.name, lambda: path.open("rb"))


def _members(archive: zipfile.ZipFile, source: str) -> Iterator[Document | LeftOut]:
    """Yield the files of a ZIP archive in order of name, hidden ones passed over."""
    names = sorted(each.filename for each in archive.infolist() if not each.is_dir())
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise Unreadable("an Office document or an e-book. Save it as a .csv file, or its text as a .txt file")
    names = [name for name in names if not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))]
    if not names:
        raise Unreadable("an empty archive")
    for name in names:
        inner = f"{source}/{name}"
        try:
            yield _document(inner, name, partial(_member, archive, name))
        except Unreadable as error:
            yield LeftOut(inner, error.line, error.reason)


def _member(archive: zipfile.ZipFile, name: str) -> io.BufferedIOBase:
    """Return a file of an archive."""
    return _unpacked(lambda: cast(io.BufferedIOBase, archive.open(name)), archive.getinfo(name).compress_size)


def _document(source: str, name: str, opens: Callable[[], io.BufferedIOBase]) -> Document:
    """Return a document with its first bytes; refuse what nothing can be read from."""
    with opens() as file:
        start = file.read(_START_BYTES)
        is_all = not file.read(1)
    if start.startswith(_DATABASE):
        raise Unreadable("a database. Export its table as a .csv file")
    if start.startswith((_GZIP, _ZIP)):
        raise Unreadable(f"packed twice. {_UNPACK}")
    return Document(source, Path(name).suffix.lower(), start, is_all, opens)


class _Unpacked(io.RawIOBase):
    """The bytes of something packed; whatever is wrong with it is raised as `Unreadable`."""

    def __init__(self, packed: io.BufferedIOBase, packed_bytes: int) -> None:
        self._packed = packed
        self._left = max(_UNPACKED_BYTES, packed_bytes * _UNPACKED_SHARE)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer; return how many bytes were put into it."""
        view = memoryview(buffer).cast("B")
        try:
            more = self._packed.read(len(view))
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
            raise Unreadable(_why(error)) from error
        self._left -= len(more)
        if self._left < 0:
            raise Unreadable(f"unpacks to more than {_UNPACKED_SHARE} times its size. {_UNPACK}")
        view[: len(more)] = more
        return len(more)

    def close(self) -> None:
        """Close what is packed too."""
        self._packed.close()
        super().close()


def _unpacked(opens: Callable[[], io.BufferedIOBase], packed_bytes: int) -> io.BufferedIOBase:
    """Return what is packed as a file."""
    try:
        return io.BufferedReader(_Unpacked(opens(), packed_bytes), 1 << 18)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Unreadable(_why(error)) from error


def _why(error: Exception) -> str:
    """Return what is wrong with something packed."""
    if isinstance(error, NotImplementedError):
        return f"packed in a way that can't be read ({error}). {_UNPACK}"
    if isinstance(error, RuntimeError):
        return f"packed with a password. {_UNPACK}"
    if isinstance(error, EOFError):
        return "cut off: its packed data ends too early. Get the file again"
    return f"damaged: its packed data can't be read ({error}). Get the file again"
