"""Papers in, an index on disk out: only what changed is embedded, and the new one replaces the old in one step."""

import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from index.change import Change, all_fresh, change
from index.chroma import CHROMA, ChunkTable
from index.chunks import CHUNKING, WHOLE_PAPERS, Chunk, chunk, whole_paper
from index.columns import Columns
from index.embedding import Progress
from index.errors import StoreError
from index.formats import convert
from index.generation import Base, Check, Generation, checked, papers_now
from index.keeping import Keeping
from index.leftovers import Membership, tidy
from index.lock import writing
from index.manifest import PAPERS, LaterFormat, Manifest, differs, vectors_folder
from index.paper import Paper
from index.paperfile import PaperFile, read_papers
from index.remote import bring
from index.server import Server
from index.tenancy import claim, drop_others
from index.vectors import Encoder, WordEncoder
from index.wordvectors import FILE as WORDS

WHOLE_ONLY_PAPERS = 200_000
"""Of more papers than this, each is one chunk: the windows of a million would be three million vectors more, and twice
the hours of embedding."""


_NO_ROOM = "failed to map segment"
"""What the loader of a library says that finds no memory."""


@dataclass(frozen=True)
class Update:
    """What an update did.

    Attributes:
        papers: Of the index now.
        new: Of these, how many it had not.
        changed: Of these, how many something else is said of.
        removed: Papers that are gone.
        embedded: Chunks that were embedded.
        wrote: Whether anything changed.
        held: Papers that were left as they are, because another abstract was given; see `keep` of `update`.
        bridges: What became of records that name several papers of the index, a line for each.
    """

    papers: int
    new: int
    changed: int
    removed: int
    embedded: int
    wrote: bool
    held: int = 0
    bridges: tuple[str, ...] = ()


def update(
    folder: Path,
    papers: Iterable[Paper],
    encoder: Encoder,
    replace_all: bool = False,
    progress: Progress = lambda done, total: None,
    remove: Collection[str] = (),
    server: Server | None = None,
    anew: bool = False,
    check: Check = lambda last: None,
    keep: bool = False,
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
        check: Called between steps, see `Check`.
        keep: Leave papers as they are of which `papers` say another abstract.

    Raises:
        StoreError: Another process is writing, the folder cannot be written, or the server is away.
    """
    try:
        with writing(folder):
            return _Builder(folder, encoder, progress, server, anew, check).run(papers, replace_all, remove, keep)
    except (OSError, MemoryError, ImportError, SystemError) as error:
        # Python itself raises SystemError where an import finds no memory to say so
        no_memory = isinstance(error, MemoryError | SystemError) or _NO_ROOM in str(error)
        if isinstance(error, ImportError) and not no_memory:
            raise
        said = "out of memory" if no_memory else str(error)
        raise StoreError(f"Cannot write the index in {folder}: {said}. Make room or choose --index DIR.") from error


class _Builder:
    """One update of one folder, step by step."""

    def __init__(
        self, folder: Path, encoder: Encoder, progress: Progress, server: Server | None, anew: bool, check: Check
    ) -> None:
        self.folder = folder
        self.check = check
        self.anew = anew
        self.encoder = encoder
        self.progress = progress
        self.server = server
        self.vectors = vectors_folder(folder, encoder.digest)

    def run(self, papers: Iterable[Paper], replace_all: bool, remove: Collection[str], keep: bool) -> Update:
        """Do all of it; see `update`."""
        manifest = _readable(self.folder)
        convert(self.folder)
        self.generation = max([manifest.generation if manifest else 0, *_generations(self.folder)]) + 1
        tidy(self.folder, manifest, self.vectors)
        self.vectors.mkdir(exist_ok=True)
        self.remote = claim(self.folder, self.server, self.encoder.digest) if self.server else None
        try:
            self.kept = Keeping(self.vectors, self.remote)
            return self._run(manifest, papers, replace_all, remove, keep)
        finally:
            if self.remote:
                self.remote.close()

    def _run(
        self,
        manifest: Manifest | None,
        papers: Iterable[Paper],
        replace_all: bool,
        remove: Collection[str],
        keep: bool,
    ) -> Update:
        if manifest and manifest.papers and not (self.folder / PAPERS).exists() and not replace_all:
            raise StoreError(
                f"{self.folder / PAPERS} is gone, and with it what {manifest.papers} papers said. Restore it; or give "
                "all papers again: paperchat index SOURCE --replace; or choose another folder: --index DIR."
            )
        base = self._base(manifest)
        made = change(base.papers, base.columns.catalog, checked(papers, self.check), replace_all, remove, keep)
        self.check(False)
        report = Update(len(made.order), made.new, made.changed, made.removed, 0, False, len(made.held), made.bridges)
        chunking = _chunking(manifest, len(made.order))
        nothing = base.whole and base.chunking == chunking and made.nothing
        if nothing and self.kept.settled:
            return report
        self.kept.open(partial(_fill, base) if base.whole else None)
        try:
            if nothing and manifest:  # but an update that was cut short has left something
                embedded = 0
                self.kept.clear(Membership(self.folder, manifest))
            else:
                embedded = self._replace(manifest, base, made, chunking)
        except (StoreError, OSError, MemoryError):
            self.kept.close()
            raise
        except BaseException:  # whoever cut it short, Chroma was not writing
            self.kept.close(whole=True)
            raise
        self.kept.close(whole=True)
        if nothing:
            return report
        return replace(report, embedded=embedded, wrote=True)

    def _replace(self, manifest: Manifest | None, base: Base, made: Change, chunking: str) -> int:
        """Let the next generation take the place of the one that is there, and return how many chunks were embedded."""
        with_words = manifest.with_words if manifest and isinstance(self.encoder, WordEncoder) else 0
        chunks = len(base.columns.matrix.chunk_ids)
        there = base.whole and self.kept.table.count() >= chunks and self.kept.words.count() >= with_words
        if there and base.chunking == chunking:
            stale = {f"{base.papers[at].id}#{each}" for at in made.gone for each in base.columns.matrix.ids_of(at)}
        else:  # all is derived anew, from vectors that are there where they are
            made = all_fresh(papers_now(base.papers, made, np.arange(len(made.order))))
            base = Base.of(())
            stale = self.kept.table.ids() | self.kept.words.ids()
        cut = [_cut(paper, chunking) for paper in checked(made.fresh, self.check)]
        pieces, wholes = [piece for pieces in cut for piece in pieces], {pieces[0].id for pieces in cut}
        embedded = self.kept.embed(pieces, wholes, stale, self.encoder, self.progress)
        generation = Generation(self.folder, self.generation, self.encoder, self.kept.table, self.remote is not None)
        written = generation.write(base, made, cut, chunking, self.check)
        tidy(self.folder, written)
        later = stale if self.remote else ()  # who reads the old index may ask for them yet
        self.kept.clear(Membership(self.folder, written), later)
        if self.remote:
            before = [manifest.encoder_digest] if manifest else []
            drop_others(self.folder, self.remote, written.encoder_digest, *before)
            shutil.rmtree(self.vectors / CHROMA, ignore_errors=True)  # what was brought from there
        return embedded

    def _base(self, manifest: Manifest | None) -> Base:
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
                    return Base(papers, columns, manifest)
        return Base.of(sorted(read_papers(self.folder), key=lambda paper: paper.id))

    def _has_vectors(self, manifest: Manifest, columns: Columns) -> bool:
        """Tell whether the vectors of an index are where this update keeps them."""
        if not (self.vectors / WORDS).is_file():
            return False
        if self.remote:
            return self.remote.count() >= manifest.chunks
        return (self.vectors / CHROMA).is_dir() and columns.matrix.lies_here


def _fill(base: Base, table: ChunkTable) -> None:
    """Fill Chroma with the vectors of an index as it is."""
    if base.manifest and base.columns.matrix.lies_here:
        bring(table, base.columns.matrix, base.papers, partial(_cut, chunking=base.manifest.chunking))


def _chunking(manifest: Manifest | None, papers: int) -> str:
    """Return how an index of so many papers is cut; a large one stays so until it is half as large."""
    large = manifest is not None and manifest.chunking == WHOLE_PAPERS
    return WHOLE_PAPERS if papers > WHOLE_ONLY_PAPERS // (2 if large else 1) else CHUNKING


def _cut(paper: Paper, chunking: str) -> Sequence[Chunk]:
    return chunk(paper) if chunking == CHUNKING else [whole_paper(paper)]


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
