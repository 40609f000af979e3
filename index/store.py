"""A folder on disk in, a searchable `Store` out: papers, vectors, words, and the manifest that stamps them."""

import math
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.catalog import Counts
from index.chroma import CHROMA, ChunkTable
from index.chunks import whole_paper
from index.columns import Columns
from index.errors import StoreError
from index.manifest import MANIFEST, Manifest, differs, rebuild
from index.paper import Paper
from index.paperfile import PaperFile
from index.postings import Positions
from index.refill import is_there
from index.remote import RemoteMatrix
from index.server import Server
from index.tenancy import kept_elsewhere, opened
from index.vectors import Encoder, Vectors, WordEncoder
from index.wordvectors import FILE as WORDS
from index.wordvectors import WordVectorTable


class Store:
    """An index opened for reading; safe to share between threads.

    Attributes:
        folder: Where it lies.
        manifest: What shaped it.
        papers: In the order of their ids; positions below count in it. Read from the disk when asked for.
        server: Of Chroma, which keeps its vectors; None where they lie in the folder.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        columns: Columns,
        encoder: Encoder,
        stamp: "tuple[int, int] | None",
        server: Server | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.papers: Sequence[Paper] = PaperFile(manifest.papers_file(folder), columns.ends)
        self.server = server
        self._columns = columns
        self._matrix = columns.matrix
        self._words = columns.words_index(folder, manifest)
        vectors = manifest.vectors_folder(folder)
        self._word_vectors = WordVectorTable(vectors) if isinstance(encoder, WordEncoder) else None
        self._remote = opened(folder, server, manifest) if server and manifest.chunks else None
        if self._remote:
            self._matrix = RemoteMatrix.over(columns.matrix, self._remote, self.papers, columns.catalog)
        self._stamp = stamp

    @classmethod
    def open(cls, folder: Path, encoder: Encoder, server: Server | None = None) -> "Store":
        """Open an index that was built with this encoder.

        Args:
            folder: Of the index.
            encoder: That made the vectors.
            server: Of Chroma, which keeps them; None where they lie in the folder.

        Raises:
            StoreError: There is none, a part of it is damaged, another encoder or chunking shaped it, or its vectors
                are kept elsewhere; `StoreAway` where the server does not answer.
        """
        while True:
            stamp = _stamp(folder)
            manifest = Manifest.read(folder)
            if manifest is None:
                raise StoreError(f"No index in {folder}. Build one: paperchat index --index {folder} [SOURCE…]")
            if mismatch := differs(manifest, encoder):
                raise StoreError(f"{folder} {mismatch}. {rebuild(folder)}")
            papers = manifest.papers_file(folder)
            try:
                store = cls._opened(folder, manifest, encoder, stamp, server)
                if _stamp(folder) == stamp:
                    return store
                store.close()  # updated meanwhile: some of what was opened may be of the next generation
            except (StoreError, OSError) as error:
                if _stamp(folder) != stamp or manifest.papers_file(folder) != papers:  # what was there has gone
                    continue
                if isinstance(error, StoreError):
                    raise
                raise StoreError(f"{folder} cannot be read ({error}). {rebuild(folder)}") from error

    @classmethod
    def _opened(
        cls,
        folder: Path,
        manifest: Manifest,
        encoder: Encoder,
        stamp: "tuple[int, int] | None",
        server: Server | None,
    ) -> "Store":
        vectors, columns = manifest.vectors_folder(folder), Columns.load(folder, manifest)
        if manifest.chunks and columns.matrix.lies_here != (server is None):
            raise StoreError(kept_elsewhere(folder, server))
        has_words = not isinstance(encoder, WordEncoder) or (vectors / WORDS).exists()
        if not has_words or not (server or is_there(vectors / CHROMA)):
            raise StoreError(f"The vectors of {folder} are gone. {rebuild(folder)}")
        return cls(folder, manifest, columns, encoder, stamp, server)

    def close(self) -> None:
        """Let go of the files."""
        _close(self._remote, self._word_vectors)

    def close_when_unused(self) -> None:
        """Let go of the files once nobody holds this store any more."""
        weakref.finalize(self, _close, self._remote, self._word_vectors).atexit = False

    def stale(self) -> bool:
        """Tell whether the folder holds a newer generation than this store; looks at the manifest only if it changed.

        Raises:
            StoreError: The manifest is damaged.
        """
        stamp = _stamp(self.folder)
        if stamp == self._stamp:
            return False
        manifest = Manifest.read(self.folder)
        if manifest is None or manifest.generation == self.manifest.generation:
            self._stamp = stamp
            return False
        return True

    def paper(self, paper_id: str) -> Paper | None:
        """Return a paper by its id."""
        at = self.place(paper_id)
        return None if at is None else self.papers[at]

    def place(self, paper_id: str) -> int | None:
        """Return the position of a paper, None where the index has none of that id."""
        for at in self._columns.catalog.having("id", paper_id).tolist():
            if self.papers[at].id == paper_id:
                return int(at)
        return None

    def nearest(self, vector: Vectors, count: int, within: Positions | None = None) -> list[int]:
        """Return the positions of the papers of the `count` chunks nearest to a vector, best first, each once.

        Args:
            vector: float32 `(dim,)`, of length 1.
            count: How many chunks.
            within: Positions, in order, of the papers to choose from; None takes all.
        """
        return self._matrix.nearest(vector, count, within)

    def similarities(self, positions: Sequence[int], vector: Vectors) -> NDArray[np.float32]:
        """Return float32 `(positions, 2)`: cosine of a vector with each whole paper, and with its best chunk."""
        return self._matrix.similarities(positions, vector)

    def wholes(self, positions: Sequence[int]) -> Vectors:
        """Return float32 `(positions, dim)`: the vector of each paper as a whole."""
        return self._matrix.wholes(positions)

    def word_vectors(self, positions: Sequence[int]) -> list[Vectors]:
        """Return for each paper float32 `(its different words, dim)`, rows of length 1; none where there are none."""
        nothing = np.zeros((0, self.manifest.dim), dtype=np.float32)
        if self._word_vectors is None:
            return [nothing] * len(positions)
        ids = [whole_paper(self.papers[at]).id for at in positions]
        rows = self._word_vectors.read(ids)
        self._may_lack([each for each in ids if each not in rows])
        return [rows.get(chunk_id, nothing) for chunk_id in ids]

    def word_cosines(self, positions: Sequence[int], vectors: Vectors) -> tuple[tuple[int, ...], Vectors]:
        """Return how many words each paper has, and float32 `(all these words, vectors)`: cosines with some vectors."""
        if self._word_vectors is None or not len(vectors):
            return (0,) * len(positions), np.zeros((0, len(vectors)), dtype=np.float32)
        ids = [whole_paper(self.papers[at]).id for at in positions]
        steps = self._word_vectors.steps(ids)
        if none := [each for each, size in zip(ids, steps.sizes, strict=True) if not size]:
            self._may_lack(sorted(set(none) - self._word_vectors.has(none)))  # what is there may have no words
        if not sum(steps.sizes):
            return steps.sizes, np.zeros((0, len(vectors)), dtype=np.float32)
        return steps.sizes, steps.cosines(vectors)

    def _may_lack(self, ids: Sequence[str]) -> None:
        """Take it that the words of some chunks are not there, as those of an index that has been updated may be.

        Raises:
            StoreError: There are such chunks, and the index is the one that was opened.
        """
        if ids and not self.stale():
            path = self.manifest.vectors_folder(self.folder) / WORDS
            raise StoreError(
                f"{path} lacks the words of some papers. Repair it: paperchat doctor --repair --index {self.folder}"
            )

    def words(self, question: str) -> NDArray[np.float32]:
        """Return float32 `(papers,)`: the BM25 score of each paper."""
        return self._words.scores(question)

    def weighted_words(self, weights: Mapping[str, float], positions: Sequence[int]) -> NDArray[np.float32]:
        """Return float32 `(positions,)`: the BM25 score of some papers for (stemmed) words that count unequally."""
        return self._words.weighted(weights, positions)

    def frequency(self, word: str) -> int:
        """Return the number of papers that a (stemmed) word stands in."""
        return self._words.frequency(word)

    def rare(self, words: Sequence[str]) -> bool:
        """Tell whether all of some (stemmed) words, at least one, stand in one paper of twenty at most, or in two."""
        most = max(2, len(self.papers) // 20)
        return bool(words) and all(self.frequency(word) <= most for word in words)

    def rarity(self, word: str) -> float:
        """Return the inverse document frequency of a (stemmed) word, ln(1 + papers / (1 + papers with it))."""
        return math.log(1 + len(self.papers) / (1 + self.frequency(word)))

    def published(self) -> NDArray[np.int32]:
        """Return int32 `(papers,)`: dates as YYYYMMDD, 00 for a month or day not known, 0 where no date is."""
        return self._columns.catalog.published

    def having(self, kind: str, key: str) -> Positions:
        """Return the positions, in order, of the papers that have an "author", "category" or "source" (`Catalog`)."""
        return self._columns.catalog.having(kind, key)

    def counts(self) -> Counts:
        """Return how many papers have each "kind", "source", "category" and "year"; "" counts those without any."""
        return self._columns.catalog.counts


def _close(*tables: ChunkTable | WordVectorTable | None) -> None:
    for table in tables:
        if table:
            table.close()


def _stamp(folder: Path) -> "tuple[int, int] | None":
    """Return what changes whenever the manifest is replaced."""
    try:
        found = (folder / MANIFEST).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
