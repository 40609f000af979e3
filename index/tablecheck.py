"""Chroma's files or those of the words in, what is wrong with them out, in a few words each. Changes nothing."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import gettempdir

import numpy as np

from index.chroma import ChunkTable
from index.errors import StoreError
from index.matrix import EXACT_ROWS, VectorMatrix
from index.seal import broken, copied, is_sealed
from index.vectors import Vectors
from index.wordvectors import WordVectorTable

_AT_ONCE = 500
_AMONG = 50
_NEAR = 1e-3  # numbers of float16 and of float32 differ less


def chroma_faults(
    folder: Path, matrix: VectorMatrix | None, rows: Mapping[str, int], sample: Sequence[int], noted: bool
) -> Iterator[str]:
    """Yield what is wrong with the chunks in Chroma's folder.

    Args:
        folder: Of Chroma.
        matrix: The same vectors, known to be whole; None where nothing is known.
        rows: Of it, by the ids of all chunks.
        sample: Positions of papers that Chroma has to find by their own vectors.
        noted: Whether an update that was cut short has noted chunks that may be too many.
    """
    if not (folder / "chroma.sqlite3").is_file():
        yield "is gone"
        return
    if fault := sqlite_fault(folder / "chroma.sqlite3"):
        yield f"is damaged: chroma.sqlite3 ({fault})"
        return
    if not is_sealed(folder):  # what a process that was killed left there can end the one that opens it
        if not noted:
            yield "was not closed by the last update"
        return
    if damaged := broken(folder):
        yield f"is damaged: {', '.join(damaged)}"
        return
    try:
        with copied(folder) as copy:
            if is_sealed(folder):  # no update has begun meanwhile
                yield from _inside(copy, matrix, rows, sample, noted)
    except StoreError as error:
        yield f"cannot be read ({error.__cause__ or error})"
    except OSError as error:
        yield f"cannot be looked into: a copy in {gettempdir()} is needed ({error})"


def _inside(
    folder: Path, matrix: VectorMatrix | None, rows: Mapping[str, int], sample: Sequence[int], noted: bool
) -> Iterator[str]:
    """Yield what is wrong with the chunks in a folder of Chroma that can be opened."""
    table = ChunkTable(folder)
    try:
        there = table.ids()
        if matrix is not None:
            yield from _against(table, there, matrix, rows, sample, noted)
    finally:
        table.close()


def word_faults(file: Path, dim: int, wanted: Sequence[str], noted: bool) -> Iterator[str]:
    """Yield what is wrong with the table of words.

    Args:
        file: Of the table.
        dim: Numbers in a vector; 0 for any.
        wanted: Ids of the chunks that have to be in it; none where nothing is known.
        noted: Whether an update that was cut short has noted chunks that may be too many.
    """
    if not file.is_file():
        yield "is gone"
        return
    if fault := sqlite_fault(file):
        yield f"is damaged ({fault})"
        return
    try:
        table = WordVectorTable(file.parent)
        try:
            there = sorted(table.ids())
            if bad := damaged_words(table, there, dim):
                yield f"holds {len(bad)} damaged rows"
            if missing := set(wanted) - set(there):
                yield f"lacks the words of {len(missing)} papers"
            if wanted and not noted and (orphans := set(there) - set(wanted)):
                yield f"holds the words of {len(orphans)} papers that are not there"
        finally:
            table.close()
    except StoreError as error:
        yield f"cannot be read ({error.__cause__ or error})"


def damaged_words(table: WordVectorTable, ids: Sequence[str], dim: int) -> list[str]:
    """Return those of some chunks whose words cannot be read, or are not vectors of `dim` numbers (0: of any)."""
    parts = (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
    return [each for part in parts for each in _damaged_among(table, part, dim)]


def sqlite_fault(path: Path) -> str:
    """Return what SQLite finds wrong with a file, empty for nothing."""
    try:
        rows = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            said = [str(row[0]) for row in rows.execute("PRAGMA integrity_check(3)")]
        finally:
            rows.close()
    except sqlite3.Error as error:
        return str(error)
    return "" if said == ["ok"] else "; ".join(" ".join(each.split()) for each in said)


def same(one: Vectors, other: Vectors) -> bool:
    """Tell whether two vectors `(dim,)` are the same, but for how exactly they are kept."""
    return one.shape == other.shape and bool((np.abs(one - other) <= _NEAR).all())


def _against(
    table: ChunkTable,
    there: set[str],
    matrix: VectorMatrix,
    rows: Mapping[str, int],
    sample: Sequence[int],
    noted: bool,
) -> Iterator[str]:
    """Yield how Chroma differs from the vectors that it should have; of many, some are compared."""
    if not noted and (orphans := there - rows.keys()):
        yield f"holds {len(orphans)} chunks that are of no paper"
    if missing := rows.keys() - there:
        yield f"lacks {len(missing)} chunks"
    known = [each for each in rows if each in there]
    known = known[:: max(1, len(known) // EXACT_ROWS)]
    wrong = 0
    for start in range(0, len(known), _AT_ONCE):
        part = known[start : start + _AT_ONCE]
        found = table.vectors(part)
        wanted = matrix.read(np.asarray([rows[each] for each in part], dtype=np.int64))
        wrong += sum(each not in found or not same(found[each], row) for each, row in zip(part, wanted, strict=True))
    if wrong:
        yield f"holds other vectors for {wrong} chunks of {len(known)}"
    for at in sample:
        own = matrix.wholes([at])[0]
        near = [rows[each] for each in table.nearest(own, min(_AMONG, len(there))) if each in rows]
        if not any(same(row, own) for row in matrix.read(np.asarray(near, dtype=np.int64))):
            yield "does not find a paper by its own vector"
            return


def _damaged_among(table: WordVectorTable, ids: Sequence[str], dim: int) -> list[str]:
    try:
        rows = table.read(ids)
    except StoreError:
        if len(ids) == 1:
            return list(ids)
        half = len(ids) // 2
        return _damaged_among(table, ids[:half], dim) + _damaged_among(table, ids[half:], dim)
    return [each for each, of_chunk in rows.items() if dim and len(of_chunk) and of_chunk.shape[1] != dim]
