"""`papers.jsonl` ⇄ papers: one a line, in the order of their ids, read where they lie. The source of truth."""

import hashlib
import json
import mmap
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from index.errors import StoreError
from index.manifest import PAPERS
from index.paper import Paper

Ends = NDArray[np.int64]
"""Where the lines of a file end: `(papers + 1,)`, the first 0, so that paper `at` is `bytes[ends[at]:ends[at + 1]]`."""

_LATER = ("uploaded", "official")
"""Fields that an earlier paperchat does not know; where they are empty, it can read the line."""
_KEPT = 20_000
"""So many papers of a file stay in memory once read: some 60 MB."""


class PaperFile(Sequence[Paper]):
    """The papers of a file, each read when asked for; safe to share between threads."""

    def __init__(self, path: Path, ends: Ends) -> None:
        """Map a file into memory; it may be replaced meanwhile, what is mapped stays.

        Raises:
            StoreError: It is shorter than its lines.
            OSError: It cannot be read.
        """
        self._path = path
        self._ends = ends
        self._kept: dict[int, Paper] = {}
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < int(ends[-1]):
                raise StoreError(f"{path} was cut off. Restore it, or: paperchat doctor --repair --index {path.parent}")
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if int(ends[-1]) else b""

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, at: int) -> Paper: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Paper, ...]: ...

    def __getitem__(self, at: int | slice) -> Paper | tuple[Paper, ...]:
        if isinstance(at, slice):
            return tuple(self[each] for each in range(*at.indices(len(self))))
        at = range(len(self))[at]
        if (paper := self._kept.get(at)) is None:
            try:
                paper = parse(self.lines(at, at + 1))
            except (ValueError, TypeError) as error:
                raise damaged(self._path, at + 1, error) from error
            if len(self._kept) < _KEPT:
                self._kept[at] = paper
        return paper

    def __iter__(self) -> Iterator[Paper]:
        return (self[at] for at in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sequence)
            and len(self) == len(other)
            and all(a == b for a, b in zip(self, other, strict=True))
        )

    def __hash__(self) -> int:
        return id(self)

    def lines(self, start: int, end: int) -> bytes:
        """Return the lines of some papers as they stand in the file."""
        return self._bytes[int(self._ends[start]) : int(self._ends[end])]


def read_papers(folder: Path, name: str = PAPERS) -> list[Paper]:
    """Return the papers of an index from its source of truth; an empty list where there is none.

    Raises:
        StoreError: A line of it cannot be read.
    """
    path = folder / name
    if not path.exists():
        return []
    papers = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                papers.append(parse(line))
            except (ValueError, TypeError, RecursionError) as error:
                raise damaged(path, number, error) from error
    return papers


def write(path: Path, pieces: Iterable[Paper | bytes]) -> tuple[list[int], str]:
    """Write papers, or whole lines of another such file, and bring them to the disk.

    Returns:
        The bytes of each paper among the pieces, and the SHA-256 of the file.
    """
    digest, sizes = hashlib.sha256(), []
    with path.open("wb") as file:
        for piece in pieces:
            text = piece if isinstance(piece, bytes) else line(piece)
            digest.update(text)
            file.write(text)
            if isinstance(piece, Paper):
                sizes.append(len(text))
        file.flush()
        os.fsync(file.fileno())
    return sizes, digest.hexdigest()


def papers_text(papers: Iterable[Paper]) -> str:
    """Return what `papers.jsonl` holds: one paper a line, in the order of their ids."""
    return b"".join(map(line, sorted(papers, key=lambda paper: paper.id))).decode()


def line(paper: Paper) -> bytes:
    """Return the line of a paper."""
    values = {name: value for name, value in paper.to_dict().items() if value or name not in _LATER}
    return (json.dumps(values, ensure_ascii=False) + "\n").encode()


def parse(text: bytes) -> Paper:
    """Return the paper of a line.

    Raises:
        ValueError, TypeError: It holds none.
    """
    values = json.loads(text.decode())
    if not isinstance(values, dict):
        raise TypeError("not an object")
    paper = Paper.from_dict(values)
    if not all(isinstance(text, str) for text in (paper.id, paper.title, paper.abstract)):
        raise TypeError("id, title and abstract must be texts")
    return paper


def damaged(path: Path, number: int, error: Exception) -> StoreError:
    """Return what is said of a line that cannot be read."""
    return StoreError(f"{path}, line {number}, is damaged ({error}). Restore it or remove that line.")
