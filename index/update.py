"""Papers in, an index on disk out: only what changed is embedded, and the new one replaces the old in one step."""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import columns as derived
from index.bm25 import SEGMENT_PAPERS, Segment
from index.catalog import Catalog
from index.change import Change, change
from index.chroma import ChunkTable
from index.chunks import CHUNKING, WHOLE_PAPERS, Chunk, chunk, whole_paper
from index.columns import Columns
from index.errors import StoreError
from index.formats import convert
from index.leftovers import Leftovers, tidy
from index.lock import writing
from index.manifest import FORMAT, PAPERS, LaterFormat, Manifest, differs, vectors_folder
from index.matrix import EXACT_ROWS, VectorMatrix, digest_of, ranges
from index.paper import Paper
from index.paperfile import PaperFile, read_papers, write
from index.remote import bring
from index.server import Server
from index.store import CHROMA
from index.tenancy import claim, drop_others
from index.vectors import Encoder, WordEncoder
from index.wordvectors import FILE as WORDS
from index.wordvectors import WordVectorTable

Progress = Callable[[int, int], None]
"""Called with chunks embedded so far, and in all."""

WHOLE_ONLY_PAPERS = 200_000
"""Of more papers than this, each is one chunk: the windows of a million would be three million vectors more, and twice
the hours of embedding."""

FOLDED_PAPERS = 5_000
"""A segment of the words index of so few papers is built again with the new ones rather than kept beside them."""

_SLICE = 128
_LINES = 10_000
"""Papers or chunks that are handled at once where all of them would fill the memory."""


@dataclass(frozen=True)
class Update:
    """What an update did: papers now, and which of them are new, changed or gone; chunks embedded."""

    papers: int
    new: int
    changed: int
    removed: int
    embedded: int
    wrote: bool


def update(
    folder: Path,
    papers: Iterable[Paper],
    encoder: Encoder,
    replace_all: bool = False,
    progress: Progress = lambda done, total: None,
    remove: Collection[str] = (),
    server: Server | None = None,
    anew: bool = False,
) -> Update:
    """Bring an index up to date with papers, and to what the encoder and the chunking of today would build.

    Cut short at any moment, the index is still what it was; what was embedded is kept, and running again goes on from
    there. The old index becomes the new one when the manifest is replaced.

    Args:
        folder: Of the index; made when missing.
        papers: To add, or to put in the place of what the same source said of them before.
        encoder: Asked for the texts of new and changed chunks only; of so many at once as its `texts_at_once`, or 128.
        replace_all: Let go of the papers that are in the index and not in `papers`.
        progress: Told after each batch.
        remove: Ids of papers to let go of.
        server: Of Chroma, which keeps the vectors; None keeps them in the folder. Those that lie in the folder are
            brought there.
        anew: Make everything anew from the papers and from the vectors that are there, whether it is whole or not.

    Raises:
        StoreError: Another process is writing, the folder cannot be written, or the server is away.
    """
    try:
        with writing(folder):
            return _Builder(folder, encoder, progress, server, anew).run(papers, replace_all, remove)
    except (OSError, MemoryError) as error:
        said = str(error) or "out of memory"
        raise StoreError(f"Cannot write the index in {folder}: {said}. Make room or choose --index DIR.") from error


class _Builder:
    """One update of one folder, step by step."""

    def __init__(self, folder: Path, encoder: Encoder, progress: Progress, server: Server | None, anew: bool) -> None:
        self.folder = folder
        self.anew = anew
        self.encoder = encoder
        self.progress = progress
        self.server = server
        self.vectors = vectors_folder(folder, encoder.digest)
        self.leftovers = Leftovers(self.vectors)

    def run(self, papers: Iterable[Paper], replace_all: bool, remove: Collection[str]) -> Update:
        """Do all of it; see `update`."""
        manifest = _readable(self.folder)
        convert(self.folder)
        self.generation = max([manifest.generation if manifest else 0, *_generations(self.folder)]) + 1
        tidy(self.folder, manifest, self.vectors)
        self.vectors.mkdir(exist_ok=True)
        self.remote = claim(self.folder, self.server, self.encoder.digest) if self.server else None
        try:
            return self._run(manifest, papers, replace_all, remove)
        finally:
            if self.remote:
                self.remote.close()

    def _run(
        self, manifest: Manifest | None, papers: Iterable[Paper], replace_all: bool, remove: Collection[str]
    ) -> Update:
        base = self._base(manifest)
        made = change(base.papers, base.columns.catalog, papers, replace_all, remove)
        report = Update(len(made.order), made.new, made.changed, made.removed, 0, False)
        chunking = _chunking(manifest, len(made.order))
        nothing = base.whole and base.chunking == chunking and made.nothing
        if nothing and not self.leftovers.any:
            return report
        self.table = self.remote or ChunkTable(self.vectors / CHROMA)
        self.words = WordVectorTable(self.vectors, write=True)
        try:
            if nothing and manifest:  # but an update that was cut short has left something
                self.leftovers.clear(self.table, self.words, _Membership(self.folder, manifest))
                return report
            embedded = self._replace(manifest, base, made, chunking)
        finally:
            self.table.close()
            self.words.close()
        return replace(report, embedded=embedded, wrote=True)

    def _replace(self, manifest: Manifest | None, base: "_Base", made: Change, chunking: str) -> int:
        """Let the next generation take the place of the one that is there, and return how many chunks were embedded."""
        with_words = manifest.with_words if manifest and isinstance(self.encoder, WordEncoder) else 0
        chunks = len(base.columns.matrix.chunk_ids)
        there = base.whole and self.table.count() >= chunks and self.words.count() >= with_words
        if there and base.chunking == chunking:
            stale = {f"{base.papers[at].id}#{each}" for at in made.gone for each in base.columns.matrix.ids_of(at)}
        else:  # all is derived anew, from vectors that are there where they are
            made, base = _all_fresh(base.papers, made), _Base.empty()
            stale = self.table.ids() | self.words.ids()
        cut = [_cut(paper, chunking) for paper in made.fresh]
        embedded = self._embed([piece for pieces in cut for piece in pieces], {pieces[0].id for pieces in cut}, stale)
        written = self._write(manifest, base, made, cut, chunking)
        tidy(self.folder, written)
        later = stale if self.remote else ()  # who reads the old index may ask for them yet
        self.leftovers.clear(self.table, self.words, _Membership(self.folder, written), later)
        if self.remote:
            before = [manifest.encoder_digest] if manifest else []
            drop_others(self.folder, self.remote, written.encoder_digest, *before)
            shutil.rmtree(self.vectors / CHROMA, ignore_errors=True)  # what was brought from there
        return embedded

    def _base(self, manifest: Manifest | None) -> "_Base":
        """Return what the update begins with: the index as it is, or where it is not whole the papers that it had."""
        if manifest and not self.anew and not differs(manifest, self.encoder):
            try:
                columns = Columns.load(self.folder, manifest)
                columns.words_index(self.folder, manifest)
            except (StoreError, OSError):
                pass
            else:
                papers = PaperFile(self.folder / PAPERS, columns.ends)
                if self.remote and columns.matrix.lies_here and manifest.chunks:
                    bring(self.remote, columns.matrix, papers, lambda paper: _cut(paper, manifest.chunking))
                elif self._has_vectors(manifest, columns):
                    return _Base(papers, columns, manifest.words, manifest.chunking, True)
        found = sorted(read_papers(self.folder), key=lambda paper: paper.id)
        empty = _Base.empty()
        catalog = Catalog.of(found, range(len(found)))
        return replace(empty, papers=found, columns=replace(empty.columns, catalog=catalog), whole=False)

    def _has_vectors(self, manifest: Manifest, columns: Columns) -> bool:
        """Tell whether the vectors of an index are where this update keeps them."""
        if not (self.vectors / WORDS).is_file():
            return False
        if self.remote:
            return self.remote.count() >= manifest.chunks
        return (self.vectors / CHROMA).is_dir() and columns.matrix.lies_here

    def _embed(self, pieces: Sequence[Chunk], wholes: set[str], stale: set[str]) -> int:
        """Embed the chunks that have no vectors yet, and return how many; those that may be left over are noted."""
        by_words = wholes if isinstance(self.encoder, WordEncoder) else set()
        ids = list({piece.id: None for piece in pieces})
        there = self.table.has(ids) - (by_words - self.words.has(sorted(by_words)))
        missing = {piece.id: piece for piece in pieces if piece.id not in there}
        self.leftovers.note(stale | missing.keys())
        _embed(self.table, self.words, list(missing.values()), by_words, self.encoder, self.progress)
        return len(missing)

    def _write(
        self, manifest: Manifest | None, base: "_Base", made: Change, cut: Sequence[Sequence[Chunk]], chunking: str
    ) -> Manifest:
        """Write the next generation beside the one that is there, then let it take that one's place."""
        papers = self.folder / f"papers-{self.generation}.jsonl"
        sizes, digest = write(papers, _pieces(base.papers, made))
        lengths = np.concatenate([np.diff(base.columns.ends), sizes])[made.order]
        words, places = self._write_words(base, made)
        catalog = Catalog.of(made.fresh, made.positions)
        gone = [base.papers[at] for at in made.gone]
        columns = Columns(
            np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
            base.columns.catalog.moved(made.places, made.order, gone, catalog),
            self._matrix(base.columns.matrix, made, cut),
            places,
        )
        stamp = Manifest(
            FORMAT,
            self.generation,
            self.encoder.name,
            self.encoder.digest,
            self.table.dim(),
            chunking,
            len(made.order),
            len(columns.matrix.chunk_ids),
            len(made.order) if isinstance(self.encoder, WordEncoder) else 0,
            _iso(int(columns.catalog.published.max(initial=0))),
            int(columns.ends[-1]),
            digest,
            "",
            words,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        columns.save(stamp.columns_folder(self.folder), words)
        known = derived.digests(self.folder, manifest) if manifest and base.whole else {}
        known = {name: known[name] for name in known if name.split("/")[0] in base.words}
        stamp = replace(
            stamp, columns_digest=derived.stamp(self.folder, stamp.columns_folder(self.folder), words, known)
        )
        stamp.write(self.folder)
        return stamp

    def _write_words(self, base: "_Base", made: Change) -> tuple[tuple[str, ...], tuple[NDArray[np.int32], ...]]:
        """Write the words of new papers, and of small segments together with them; return all segments and places."""
        moved = [np.where(old >= 0, made.places[old], -1).astype(np.int32) for old in base.columns.places]
        most = max(FOLDED_PAPERS, 2 * len(made.fresh))
        kept = [(name, places) for name, places in zip(base.words, moved, strict=True) if (places >= 0).sum() > most]
        held = np.zeros(len(made.order), dtype=np.bool_)
        for _, places in kept:
            held[places[places >= 0]] = True
        rest = np.flatnonzero(~held)
        for number, start in enumerate(range(0, len(rest), SEGMENT_PAPERS)):
            part = rest[start : start + SEGMENT_PAPERS]
            name = f"words-{self.generation}-{number}"
            Segment.build(_now(base.papers, made, part)).save(self.folder / name)
            kept.append((name, part.astype(np.int32)))
        return tuple(name for name, _ in kept), tuple(places for _, places in kept)

    def _matrix(self, old: VectorMatrix, made: Change, cut: Sequence[Sequence[Chunk]]) -> VectorMatrix:
        """Return the vectors in the new order: those that are kept, and those of new chunks from the table."""
        ids = [piece.id for pieces in cut for piece in pieces]
        dim = self.table.dim()
        counts = np.concatenate([np.diff(old.starts), [len(pieces) for pieces in cut]]).astype(np.int64)
        starts = (np.cumsum(counts) - counts)[made.order]
        now = ranges(starts, starts + counts[made.order])
        counts = counts[made.order]
        chunk_ids = np.concatenate([old.chunk_ids, np.asarray([digest_of(each) for each in ids], dtype=np.uint64)])[now]
        if self.remote:
            nothing = np.zeros((0, dim), dtype=np.float32)
            return VectorMatrix.of(counts.tolist(), chunk_ids, nothing, np.zeros(dim, dtype=np.float32))
        rows = np.empty((len(ids), dim), dtype=np.float32 if len(now) <= EXACT_ROWS else np.float16)
        for start in range(0, len(ids), _LINES):
            part = ids[start : start + _LINES]
            found = self.table.vectors(part)
            rows[start : start + len(part)] = [found[each] for each in part]
        both = np.concatenate([old.rows, rows])[now] if len(old.rows) else rows[now]
        kept = len(made.order) - len(made.fresh)
        mean = old.mean if kept >= len(made.fresh) else both.mean(axis=0, dtype=np.float32)
        return VectorMatrix.of(counts.tolist(), chunk_ids, both, mean)


@dataclass(frozen=True)
class _Base:
    """What an update begins with: papers, what is derived from them, and whether that is whole."""

    papers: Sequence[Paper]
    columns: Columns
    words: tuple[str, ...]
    chunking: str
    whole: bool

    @classmethod
    def empty(cls) -> "_Base":
        return cls((), Columns.empty(), (), "", False)


class _Membership:
    """Tells whether a chunk is of an index."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._columns = Columns.load(folder, manifest)
        self._papers = PaperFile(folder / PAPERS, self._columns.ends)

    def __call__(self, chunk_id: str) -> bool:
        paper_id, _, digest = chunk_id.rpartition("#")
        places = self._columns.catalog.having("id", paper_id).tolist()
        return any(digest in self._columns.matrix.ids_of(at) and self._papers[at].id == paper_id for at in places)


def _all_fresh(papers: Sequence[Paper], made: Change) -> Change:
    """Return a change that makes the same papers of nothing."""
    return change((), Catalog.of((), ()), _now(papers, made, np.arange(len(made.order))))


def _now(papers: Sequence[Paper], made: Change, positions: NDArray[np.int64]) -> Iterator[Paper]:
    """Yield the papers that stand at some positions after a change."""
    for at in made.order[positions].tolist():
        yield papers[at] if at < len(papers) else made.fresh[at - len(papers)]


def _pieces(papers: Sequence[Paper], made: Change) -> Iterator[Paper | bytes]:
    """Yield what `papers.jsonl` holds after a change: lines that stay as they are, in runs, and new papers."""
    edges = np.flatnonzero((np.diff(made.order) != 1) | (made.order[1:] >= len(papers))) + 1
    for run in np.split(made.order, edges):
        first = int(run[0]) if len(run) else len(papers)
        if first >= len(papers):
            yield from (made.fresh[int(at) - len(papers)] for at in run)
        elif isinstance(papers, PaperFile):
            for start in range(first, first + len(run), _LINES):
                yield papers.lines(start, min(start + _LINES, first + len(run)))


def _chunking(manifest: Manifest | None, papers: int) -> str:
    """Return how an index of so many papers is cut; a large one stays so until it is half as large."""
    large = manifest is not None and manifest.chunking == WHOLE_PAPERS
    return WHOLE_PAPERS if papers > WHOLE_ONLY_PAPERS // (2 if large else 1) else CHUNKING


def _cut(paper: Paper, chunking: str) -> Sequence[Chunk]:
    return chunk(paper) if chunking == CHUNKING else [whole_paper(paper)]


def _iso(number: int) -> str:
    """Return a date of the catalog as ISO has it, empty for none."""
    parts = [f"{number // 10_000:04}", f"{number // 100 % 100:02}", f"{number % 100:02}"] if number else []
    return "-".join(part for part in parts if part != "00")


def _embed(
    table: ChunkTable,
    words: WordVectorTable,
    chunks: Sequence[Chunk],
    wholes: set[str],
    encoder: Encoder,
    progress: Progress,
) -> None:
    """Embed chunks, longest first so that batches are even, and write them as they come; wholes also by their words."""
    ordered = sorted(chunks, key=lambda piece: (piece.id not in wholes, -len(piece.embedded)))
    by_words = sum(piece.id in wholes for piece in ordered)
    for start, end in _slices(getattr(encoder, "texts_at_once", _SLICE), by_words, len(ordered)):
        part = ordered[start:end]
        texts = [piece.embedded for piece in part]
        if start < by_words and isinstance(encoder, WordEncoder):
            encoded = encoder.encode_words(texts)
            words.add({piece.id: each.word_vectors for piece, each in zip(part, encoded, strict=True)})
            table.add(part, np.stack([each.vector for each in encoded]))
        else:
            table.add(part, encoder.encode(texts))
        progress(end, len(ordered))


def _slices(most: int, *ends: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of slices of at most `most`, none of which reaches over one of the ends."""
    start = 0
    for end in ends:
        for at in range(start, end, most):
            yield at, min(at + most, end)
        start = end


def _readable(folder: Path) -> Manifest | None:
    """Return the manifest, None when there is none that can be read: then everything derived is built anew."""
    try:
        return Manifest.read(folder)
    except LaterFormat:
        raise
    except StoreError:
        return None


def _generations(folder: Path) -> list[int]:
    """Return the numbers of the generations that left a trace, be it of an update that was cut short."""
    names = [path.stem.split("-")[1] for path in [*folder.glob("columns-*"), *folder.glob("papers-*.jsonl")]]
    return [int(name) for name in names if name.isdigit()]
