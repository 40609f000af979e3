"""A damaged index in, a whole one out: what is derived is made anew from its papers, and from vectors that are whole.

No only copy of anything is deleted: a damaged file of papers is kept beside the one of what could be read of it.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from index.chroma import CHROMA, ChunkTable
from index.chunks import CHUNKING, chunk, whole_paper
from index.columns import Columns
from index.doctor import Finding, examine, rows_of, unreadable
from index.errors import StoreError
from index.lock import writing
from index.manifest import PAPERS, Manifest, differs, vectors_folder
from index.matrix import VectorMatrix
from index.paper import Paper
from index.paperfile import PaperFile, parse
from index.places import FILE as PLACES
from index.places import read_places
from index.refill import DAMAGED, refill, without_vectors
from index.remote import bring
from index.seal import is_sealed, seal, unseal
from index.server import Server
from index.tablecheck import chroma_faults, damaged_words, word_faults
from index.update import update
from index.vectors import Encoder
from index.wordvectors import FILE as WORDS
from index.wordvectors import WordVectorTable

_AT_ONCE = 500


def repair(
    folder: Path,
    encoder: Encoder,
    progress: Callable[[int, int], None] = lambda done, total: None,
    server: Server | None = None,
) -> tuple[list[Finding], list[str]]:
    """Put right what `examine` finds, and return that and what was done about it.

    Args:
        folder: Of the index.
        encoder: That made its vectors; asked for those only that are damaged.
        progress: Told after each batch that is embedded.
        server: Of Chroma, which keeps the vectors; None where they lie in the folder.

    Raises:
        StoreError: There is no index, its papers are gone, another encoder shaped it, or it cannot be written.
    """
    found = examine(folder, server)
    if not found:
        return [], []
    manifest = _manifest(folder)
    if manifest and manifest.encoder_digest != encoder.digest:
        raise StoreError(
            f"{folder} {differs(manifest, encoder)}. Repair it with that encoder: PAPERCHAT_ENCODER={manifest.encoder}"
        )
    vectors = vectors_folder(folder, encoder.digest)
    anew = not all(each.harmless for each in found)
    try:
        with writing(folder):
            done = _mend_places(folder)
            done += _mended(folder, manifest, vectors) if anew else []
    except OSError as error:
        raise StoreError(f"Cannot write the index in {folder}: {error}. Make room, or repair a copy.") from error
    report = update(folder, (), encoder, progress=progress, server=server, anew=anew)
    shutil.rmtree(vectors / (CHROMA + DAMAGED), ignore_errors=True)
    (vectors / (WORDS + DAMAGED)).unlink(missing_ok=True)
    if anew:
        return found, [*done, f"{report.papers} papers indexed anew, {report.embedded} chunks embedded again"]
    return found, done or ["What was left over is gone"]


def _mended(folder: Path, manifest: Manifest | None, vectors: Path) -> list[str]:
    """Mend the papers, Chroma and the words, so that an update can make the rest of them; say what was done."""
    columns = _columns(folder, manifest)
    done = _mend_papers(folder, manifest)
    if columns is None or columns.matrix.lies_here:
        papers = PaperFile(manifest.papers_file(folder), columns.ends) if columns and manifest else ()
        whole = bool(manifest and manifest.chunking != CHUNKING)
        done += _mend_chroma(vectors / CHROMA, columns.matrix if columns else None, papers, whole)
    return done + (_mend_words(vectors / WORDS) if (vectors / WORDS).exists() else [])


def _mend_papers(folder: Path, manifest: Manifest | None) -> list[str]:
    """Put the lines that are whole in the place of a damaged file of papers, which is kept; say what was lost."""
    done = []
    for other in sorted(folder.glob("papers-*.jsonl")) if manifest is None else ():  # nobody knows whether they count
        kept = _free(folder / f"{PAPERS}.{other.stem}")
        os.rename(other, kept)
        done.append(f"{other.name} may be newer than {PAPERS}: kept as {kept.name}")
    path = manifest.papers_file(folder) if manifest else folder / PAPERS
    if not path.exists():
        raise StoreError(f"{path} is gone, and nothing else has the papers. Restore it, or index their sources again.")
    faults, whole = unreadable(path)
    if not faults:
        return done
    kept = _free(folder / (PAPERS + DAMAGED))
    shutil.copy2(path, kept)
    fresh = folder / f".{PAPERS}.salvaged"
    ordered: list[bytes] = sorted(whole, key=_id)
    with fresh.open("wb") as file:
        file.writelines(ordered)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    lost = ", ".join(f"line {fault.number}" for fault in faults[:20]) + (" …" if len(faults) > 20 else "")
    return [*done, f"{path.name}: {len(whole)} papers kept, lost: {lost}; as it was it is kept as {kept.name}"]


def _mend_places(folder: Path) -> list[str]:
    """Set a damaged list of places aside; say what that means."""
    try:
        read_places(folder)
        return []
    except StoreError:
        kept = _free(folder / (PLACES + DAMAGED))
        os.rename(folder / PLACES, kept)
        return [f"{PLACES}: kept as {kept.name}; name the sources again, so that --update asks them"]


def _mend_chroma(path: Path, matrix: VectorMatrix | None, papers: Sequence[Paper], whole: bool) -> list[str]:
    """Fill Chroma anew from whole columns; without such, take out of it what is no vector of length 1.

    Args:
        path: Of its folder.
        matrix: Vectors that are whole; None where nothing is known.
        papers: By position of the matrix.
        whole: Whether each is one chunk.
    """
    sample = range(0, len(papers), max(1, len(papers) // _AT_ONCE))
    faults = list(chroma_faults(path, matrix, rows_of(papers, matrix) if matrix else {}, sample, noted=True))
    if not faults and matrix is None and is_sealed(path):
        unseal(path)
        table = ChunkTable(path)
        try:
            bad = without_vectors(table, sorted(table.ids()))
            table.remove(bad)
        finally:
            table.close()
        seal(path)
        return [f"{path.name}: {len(bad)} damaged vectors taken out"] if bad else []
    if (not faults and is_sealed(path)) or (matrix is None and not path.exists()):
        return []

    def fill(table: ChunkTable) -> None:
        if matrix is not None:
            bring(table, matrix, papers, (lambda paper: [whole_paper(paper)]) if whole else chunk)

    filled = refill(path, fill)
    return [f"{path.name}: made anew, {filled} vectors taken over"]


def _mend_words(path: Path) -> list[str]:
    """Take damaged rows out of the table of words, or its whole rows over into a new one."""
    faults = list(word_faults(path, 0, (), noted=True))
    if not faults:
        return []
    try:
        table = WordVectorTable(path.parent, write=True)
        try:
            bad = damaged_words(table, sorted(table.ids()), 0)
            if [fault for fault in faults if "rows" not in fault]:
                raise StoreError(faults[0])
            table.remove(bad)
            return [f"{path.name}: {len(bad)} damaged rows taken out"]
        finally:
            table.close()
    except StoreError:
        aside = path.with_name(WORDS + DAMAGED)
        if path.exists():
            os.replace(path, aside)
        table = WordVectorTable(path.parent, write=True)
        try:
            return [f"{path.name}: made anew, {table.copy_whole(aside)} rows taken over"]
        finally:
            table.close()


def _id(line: bytes) -> str:
    return parse(line).id


def _manifest(folder: Path) -> Manifest | None:
    try:
        return Manifest.read(folder)
    except StoreError:
        return None


def _columns(folder: Path, manifest: Manifest | None) -> Columns | None:
    """Return the columns of an index where they are whole."""
    try:
        return Columns.load(folder, manifest) if manifest else None
    except StoreError:
        return None


def _free(path: Path) -> Path:
    """Return a name that no file has: this one with a number behind it."""
    numbers = range(1, len(list(path.parent.iterdir())) + 2)
    return next(named for each in numbers if not (named := path.with_name(f"{path.name}-{each}")).exists())
