"""The folder of an index in, what is wrong with it out, each finding with what to do about it. Writes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.chroma import CHROMA
from index.chunks import whole_paper
from index.columns import Columns, digests
from index.errors import StoreError
from index.leftovers import FILE as LEFTOVERS
from index.leftovers import LATER
from index.manifest import MANIFEST, PAPERS, Manifest, file_digest
from index.matrix import VectorMatrix, digest_of
from index.paper import Paper
from index.paperfile import PaperFile, parse
from index.places import FILE as PLACES
from index.places import read_places
from index.server import Server
from index.tablecheck import chroma_faults, same, word_faults
from index.tenancy import FILE as LINK
from index.tenancy import faults as server_faults
from index.wordvectors import FILE as WORDS

SAMPLE = 50
"""So many papers of an index are searched for, spread over all."""

_AMONG = 50


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        file: Where, relative to the index.
        what: Is wrong, in a few words.
        advice: What to do about it.
        harmless: Whether the index answers rightly all the same, and the next update puts it right by itself.
    """

    file: str
    what: str
    advice: str
    harmless: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Line:
    """A line of `papers.jsonl` that holds no paper of its own: its number from 1, and why."""

    number: int
    why: str


def examine(folder: Path, server: Server | None = None) -> list[Finding]:
    """Check everything in an index: its manifest, every file against its digest, the papers, the vectors and the words.

    Args:
        folder: Of the index.
        server: Of Chroma, which keeps the vectors; None where they lie in the folder.

    Raises:
        StoreError: There is no index, a later version of paperchat wrote it, or its vectors are kept elsewhere;
            `StoreAway` where the server does not answer.
    """
    repair = f"Repair it: paperchat doctor --repair --index {folder}"
    try:
        manifest = Manifest.read(folder)
    except StoreError as error:
        if not (folder / PAPERS).exists() or "version of paperchat" in str(error):
            raise
        return [Finding(MANIFEST, "is damaged", repair), *_papers(folder / PAPERS, None, repair)]
    if manifest is None:
        if not (folder / PAPERS).exists():
            raise StoreError(f"No index in {folder}. Build one: paperchat index --index {folder} [SOURCE…]")
        return [Finding(MANIFEST, "is gone", repair), *_papers(folder / PAPERS, None, repair)]
    found = [*_papers(manifest.papers_file(folder), manifest, repair), *_files(folder, manifest, repair)]
    found += [*_places(folder, repair), *_remains(folder, manifest)]
    if found and not all(each.harmless for each in found):
        return found + list(_vectors(folder, manifest, None, server, repair))
    columns = Columns.load(folder, manifest)
    found += _order(folder, manifest, columns, repair)
    return found + list(_vectors(folder, manifest, columns, server, repair))


def unreadable(path: Path) -> tuple[list[Line], list[bytes]]:
    """Return the lines of a file of papers that hold none or one that came before, and the lines that are whole."""
    faults, whole, ids = [], [], set()
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                paper = parse(line)
            except (ValueError, TypeError, RecursionError) as error:
                faults.append(Line(number, f"cannot be read ({error})"))
                continue
            if paper.id in ids:
                faults.append(Line(number, f"holds {paper.id} once more"))
                continue
            ids.add(paper.id)
            whole.append(line if line.endswith(b"\n") else line + b"\n")
    return faults, whole


def _papers(path: Path, manifest: Manifest | None, repair: str) -> Iterator[Finding]:
    """Yield what is wrong with the source of truth."""
    name = path.name
    if not path.exists():
        yield Finding(name, "is gone", "It cannot be made from anything else: restore it, or index its sources again.")
        return
    faults, whole = unreadable(path)
    for fault in faults[:10]:
        yield Finding(f"{name}, line {fault.number}", fault.why, repair)
    if len(faults) > 10:
        yield Finding(name, f"has {len(faults) - 10} more such lines", repair)
    if manifest and not faults and file_digest(path) != manifest.papers_digest:
        count = f"{len(whole)} papers, {manifest.papers} when it was indexed"
        yield Finding(name, f"is not what was indexed ({count})", f"Restore it. Or take it as it is. {repair}")
    ids = [parse(line).id for line in whole]
    if ids != sorted(ids):
        yield Finding(name, "is not in the order of ids", repair)


def _files(folder: Path, manifest: Manifest, repair: str) -> Iterator[Finding]:
    """Yield the derived files that are not as they were written."""
    try:
        listed = digests(folder, manifest)
    except StoreError:
        name = manifest.columns_folder(folder).name
        yield Finding(f"{name}/digests.json", "is gone or damaged", repair)
        return
    for name, (size, digest) in listed.items():
        path = folder / name
        if not path.is_file():
            yield Finding(name, "is gone", repair)
        elif path.stat().st_size != size:
            yield Finding(name, f"has {path.stat().st_size} bytes, {size} when it was written", repair)
        elif file_digest(path) != digest:
            yield Finding(name, "is damaged", repair)


def _places(folder: Path, repair: str) -> Iterator[Finding]:
    """Yield whether it cannot be read where the sources lie; no answer depends on that."""
    try:
        read_places(folder)
    except StoreError:
        yield Finding(PLACES, "is damaged: the sources cannot be asked again", repair, harmless=True)


def _remains(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    """Yield what an update that was cut short has left."""
    update = f"The next update clears it away: paperchat index --index {folder}"
    kept = {manifest.columns_folder(folder).name, manifest.vectors_folder(folder).name, *manifest.words}
    kept.add(manifest.papers_file(folder).name)
    for pattern in ("columns-*", "words-*", "vectors-*", "papers-*.jsonl"):
        for path in sorted(folder.glob(pattern)):
            if path.name not in kept:
                yield Finding(path.name, "is left from an update that was cut short", update, harmless=True)
    if (manifest.vectors_folder(folder) / LEFTOVERS).exists():
        name = f"{manifest.vectors_folder(folder).name}/{LEFTOVERS}"
        yield Finding(name, "says that an update was cut short", update, harmless=True)


def _order(folder: Path, manifest: Manifest, columns: Columns, repair: str) -> Iterator[Finding]:
    """Yield what does not agree among the columns, and papers that searches do not find by their own words."""
    name = manifest.columns_folder(folder).name
    papers = PaperFile(manifest.papers_file(folder), columns.ends)
    placed = np.concatenate([np.zeros(0, dtype=np.int32), *columns.places])
    if not np.array_equal(np.sort(placed[placed >= 0]), np.arange(len(papers))):
        yield Finding(name, "does not place every paper once in the words index", repair)
    sizes = {len(papers), len(columns.catalog.published), len(columns.matrix.starts) - 1, manifest.papers}
    if len(sizes) > 1 or len(columns.matrix.chunk_ids) != manifest.chunks:
        yield Finding(name, "does not hold as many papers and chunks as the manifest says", repair)
        return
    for at, paper in enumerate(papers):
        if digest_of(whole_paper(paper).id) != int(columns.matrix.chunk_ids[columns.matrix.starts[at]]):
            yield Finding(name, f"holds another text than {paper.id} has", repair)
    words = columns.words_index(folder, manifest)
    for at in _sample(len(papers)):
        scores = words.scores(f"{papers[at].title} {papers[at].abstract}")
        if scores.any() and (scores > scores[at]).sum() >= _AMONG:
            yield Finding("words", f"does not find {papers[at].id} by its own words", repair)
        if columns.matrix.lies_here:
            own = columns.matrix.wholes([at])[0]
            nearest = columns.matrix.nearest(own, _AMONG)
            if at not in nearest and not any(same(columns.matrix.wholes([other])[0], own) for other in nearest):
                yield Finding(name, f"does not find {papers[at].id} by its own vector", repair)


def _vectors(
    folder: Path, manifest: Manifest, columns: Columns | None, server: Server | None, repair: str
) -> Iterator[Finding]:
    """Yield what is wrong with Chroma's files or in its server, and with the words; without columns what they tell."""
    vectors = manifest.vectors_folder(folder)
    matrix = columns.matrix if columns else None
    papers = PaperFile(manifest.papers_file(folder), columns.ends) if columns else ()
    rows = rows_of(papers, matrix) if matrix else {}
    noted = any((vectors / name).exists() for name in (LEFTOVERS, LATER))
    in_server = bool(server) if matrix is None else not matrix.lies_here
    if manifest.papers and in_server:
        ids = list(rows)
        for fault in server_faults(folder, server, manifest, ids, [ids[at] for at in _sample(len(ids))]):
            yield Finding(LINK, fault, repair)
    elif manifest.papers:
        for fault in chroma_faults(vectors / CHROMA, matrix, rows, _sample(len(papers)), noted):
            yield Finding(f"{vectors.name}/{CHROMA}", fault, repair)
    if manifest.with_words:
        wholes = [whole_paper(paper).id for paper in papers]
        for fault in word_faults(vectors / WORDS, manifest.dim, wholes, noted):
            yield Finding(f"{vectors.name}/{WORDS}", fault, repair)


def rows_of(papers: Sequence[Paper], matrix: VectorMatrix) -> dict[str, int]:
    """Return the id of every chunk of some papers, and its row."""
    return {
        f"{paper.id}#{digest}": int(matrix.starts[at]) + number
        for at, paper in enumerate(papers)
        for number, digest in enumerate(matrix.ids_of(at))
    }


def _sample(count: int) -> list[int]:
    """Return some positions, spread over all."""
    return list(range(0, count, max(1, count // SAMPLE)))[:SAMPLE]
