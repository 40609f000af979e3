"""A path in, the documents that lie there out: the file itself, or what is packed in it. Knows nothing of papers."""

import gzip
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, cast

from index.sources.budget import Budget
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


def documents(path: Path, source: str, budget: Budget) -> Iterator[Document | LeftOut]:
    """Yield the documents of one file: itself, what a gzip file holds, or each member of a ZIP archive.

    Args:
        path: A regular file; a link is not followed.
        source: Name of the source, whose ending tells how the file is called.
        budget: Counts the members of an archive, and all that is read.

    Raises:
        Unreadable: It can't be unpacked, or is no document at all.
        OverBudget: There is more than may be read.
        OSError: The file can't be read.
    """
    name = PurePosixPath(source)
    with _regular(path) as file:
        start = file.read(_START_BYTES)
    if start.startswith(_GZIP):
        inner = name.stem if name.suffix.lower() == ".gz" else name.name
        yield _document(source, inner, partial(_gzipped, path, budget))
    elif start.startswith(_ZIP):
        with _regular(path) as file, _archive(file) as archive:
            yield from _members(archive, source, budget)
    else:
        yield _document(source, name.name, lambda: _counted(_regular(path), budget))


def _regular(path: Path) -> io.BufferedReader:
    """Open a file; a pipe or a device that took its place would block, a link would lead elsewhere."""
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    file = open(path, "rb", opener=lambda name, usual: os.open(name, usual | flags))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Unreadable("not a regular file")
    return file


def _gzipped(path: Path, budget: Budget) -> io.BufferedIOBase:
    """Return what a gzip file holds."""
    file = _regular(path)
    packed_bytes = os.fstat(file.fileno()).st_size
    return _counted(cast(io.BufferedIOBase, gzip.GzipFile(fileobj=file)), budget, packed_bytes, file)


def _archive(file: io.BufferedReader) -> zipfile.ZipFile:
    """Return a ZIP archive, once its table of contents is read."""
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise Unreadable(_why(error)) from error


def _members(archive: zipfile.ZipFile, source: str, budget: Budget) -> Iterator[Document | LeftOut]:
    """Yield the files of a ZIP archive in order of name, hidden ones passed over."""
    budget.spend_documents(len(archive.infolist()))
    files = sorted((each for each in archive.infolist() if not each.is_dir()), key=lambda each: each.filename)
    if any(each.filename in ("[Content_Types].xml", "mimetype") for each in files):
        raise Unreadable("an Office document or an e-book. Save it as a .csv file, or its text as a .txt file")
    files = [each for each in files if not _is_hidden(each)]
    if not files:
        raise Unreadable("an empty archive")
    for each in files:
        inner = f"{source}/{each.filename}"
        try:
            _check_member(each)
            yield _document(inner, each.filename, partial(_member, archive, each, budget))
        except Unreadable as error:
            yield LeftOut(inner, error.line, error.reason)


def _is_hidden(member: zipfile.ZipInfo) -> bool:
    parts = member.filename.split("/")
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in parts)


def _check_member(member: zipfile.ZipInfo) -> None:
    """Refuse what is no file, what would lie outside of the archive, and what can't be unpacked bit by bit."""
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Unreadable("a symbolic link. Put the file itself into the archive")
    name = PurePosixPath(member.filename)
    if name.is_absolute() or ".." in name.parts:
        raise Unreadable("its name leads out of the archive. Name it otherwise")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable(_why(NotImplementedError(f"method {member.compress_type}")))


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget) -> io.BufferedIOBase:
    """Return a file of an archive."""
    try:
        opened = cast(io.BufferedIOBase, archive.open(member))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, struct.error) as error:
        raise Unreadable(_why(error)) from error
    return _counted(opened, budget, member.compress_size)


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


class _Counted(io.RawIOBase):
    """The bytes of a file, unpacked and counted; whatever is wrong with what is packed is raised as `Unreadable`."""

    def __init__(
        self, opened: io.BufferedIOBase, budget: Budget, packed_bytes: int | None, within: io.BufferedIOBase | None
    ) -> None:
        self._opened = opened
        self._within = within
        self._budget = budget
        self._left = None if packed_bytes is None else max(_UNPACKED_BYTES, packed_bytes * _UNPACKED_SHARE)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer; return how many bytes were put into it."""
        view = memoryview(buffer).cast("B")
        try:
            more = self._opened.read(len(view))
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
            raise Unreadable(_why(error)) from error
        self._budget.spend_bytes(more)
        if self._left is not None:
            self._left -= len(more)
            if self._left < 0:
                raise Unreadable(f"unpacks to more than {_UNPACKED_SHARE} times its size. {_UNPACK}")
        view[: len(more)] = more
        return len(more)

    def close(self) -> None:
        """Close what is packed too."""
        self._opened.close()
        if self._within:
            self._within.close()
        super().close()


def _counted(
    opened: io.BufferedIOBase, budget: Budget, packed_bytes: int | None = None, within: io.BufferedIOBase | None = None
) -> io.BufferedIOBase:
    """Return a file that counts what is read of it; `packed_bytes` is its size before it was unpacked."""
    return io.BufferedReader(_Counted(opened, budget, packed_bytes, within), 1 << 18)


def _why(error: Exception) -> str:
    """Return what is wrong with something packed."""
    if isinstance(error, NotImplementedError):
        return f"packed in a way that is not read ({error}). {_UNPACK}"
    if isinstance(error, RuntimeError):
        return f"packed with a password. {_UNPACK}"
    if isinstance(error, EOFError):
        return "cut off: its packed data ends too early. Get the file again"
    return f"damaged: its packed data can't be read ({error}). Get the file again"
