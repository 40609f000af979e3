"""Chroma's folder in, one that can be opened out: filled anew beside it where it cannot, then put in its place."""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from index.chroma import ChunkTable
from index.errors import StoreError
from index.pending import Pending
from index.seal import CHECKED_BYTES, broken, copied, is_sealed, seal, unseal

DAMAGED, NEW = ".damaged", ".new"
_LENGTH_ERROR = 1e-3
_AT_ONCE = 500


def opened(path: Path, fill: Callable[[ChunkTable], None]) -> ChunkTable:
    """Open Chroma's folder; where a process was killed while it wrote there, another takes its place first.

    It is sealed: whoever writes takes the seal away before.

    Raises:
        StoreError: The new one cannot be written.
    """
    finish(path)
    if path.exists() and is_sealed(path) and not broken(path, CHECKED_BYTES):
        with suppress(StoreError):
            return _read(path)
    refill(path, fill)
    shutil.rmtree(path.with_name(path.name + DAMAGED), ignore_errors=True)
    return ChunkTable(path)


def _read(path: Path) -> ChunkTable:
    """Open a folder of Chroma, and let it bring its graph up to what it has noted."""
    table = ChunkTable(path)
    try:
        table.count()
    except StoreError:
        table.close()
        raise
    return table


def salvage(path: Path, pending: Pending) -> None:
    """Keep the vectors that nothing but Chroma has, before its folder is opened for writing; a copy is read."""
    if not path.exists() or not is_sealed(path) or broken(path):
        return
    with copied(path) as copy, suppress(StoreError):
        table = ChunkTable(copy)
        try:
            ids = sorted(table.ids())
            for start in range(0, len(ids), _AT_ONCE):
                if found := table.vectors(ids[start : start + _AT_ONCE]):
                    pending.add(list(found), np.stack(list(found.values())))
        finally:
            table.close()


def is_there(path: Path) -> bool:
    """Tell whether there is a folder of Chroma; the step in which one takes the place of another goes unseen."""
    fresh = path.with_name(path.name + NEW)
    return any(each.exists() for each in (path, fresh, path))


def finish(path: Path) -> None:
    """Do the last step of a refilling that was cut short before it."""
    fresh = path.with_name(path.name + NEW)
    if fresh.exists() and not path.exists():
        os.rename(fresh, path)


def refill(path: Path, fill: Callable[[ChunkTable], None]) -> int:
    """Put a folder of Chroma that is filled anew in the place of one, which is kept aside; return its chunks."""
    fresh, aside = (path.with_name(path.name + suffix) for suffix in (NEW, DAMAGED))
    for left in (fresh, aside):
        shutil.rmtree(left, ignore_errors=True)
    unseal(path)
    table = ChunkTable(fresh)
    try:
        fill(table)
        filled = table.count()
    finally:
        table.close()
    if path.exists():
        os.rename(path, aside)
    os.rename(fresh, path)
    seal(path)
    return filled


def without_vectors(table: ChunkTable, ids: Sequence[str]) -> list[str]:
    """Return those of some chunks that have no vector, or one of another length than 1."""
    bad = []
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        found = table.vectors(part)
        bad += [
            each
            for each in part
            if each not in found or not abs(float(np.linalg.norm(found[each])) - 1) <= _LENGTH_ERROR
        ]
    return bad
