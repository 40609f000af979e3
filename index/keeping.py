"""Where an update keeps the vectors of chunks, be it cut short at any moment: chunks in, each embedded once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from index.chroma import BATCH, CHROMA, ChunkTable
from index.chunks import Chunk
from index.embedding import Progress, embed
from index.leftovers import Leftovers
from index.pending import Pending
from index.refill import finish, opened, salvage, without_vectors
from index.seal import is_sealed, seal, unseal
from index.vectors import Encoder, WordEncoder
from index.wordvectors import WordVectorTable


class Keeping:
    """The vectors of one encoder in an index, while an update writes them.

    Attributes:
        table: Chunks with their vectors, once it is open.
        words: Vectors of words, once it is open.
    """

    table: ChunkTable
    words: WordVectorTable

    def __init__(self, folder: Path, remote: ChunkTable | None) -> None:
        """Take a folder for vectors, and the collection of a server; None for Chroma in the folder."""
        self._folder = folder
        self._chroma = folder / CHROMA
        self._remote = remote
        self._leftovers = Leftovers(folder)
        self._pending = Pending(folder)
        finish(self._chroma)

    @property
    def settled(self) -> bool:
        """Tell whether the last update came to its end and has left nothing over."""
        return not self._leftovers.any and (self._remote is not None or is_sealed(self._chroma))

    def open(self, fill: Callable[[ChunkTable], None] | None) -> None:
        """Open everything for writing.

        Args:
            fill: Fills a Chroma that is empty with the vectors of the index; None where nothing else has them.
        """
        if fill is None and self._remote is None:
            salvage(self._chroma, self._pending)
        self._cut_short = self._leftovers.any or self._pending.any
        self.table = self._remote or opened(self._chroma, fill or (lambda table: None))
        self.words = WordVectorTable(self._folder, write=True)

    def close(self, whole: bool = False) -> None:
        """Let go of the files; `whole` says that Chroma was not cut short while it wrote."""
        self.table.close()
        self.words.close()
        if whole and self._remote is None:
            seal(self._chroma)

    def embed(
        self, pieces: Sequence[Chunk], wholes: set[str], stale: set[str], encoder: Encoder, progress: Progress
    ) -> int:
        """Embed the chunks that have no vectors yet, and return how many.

        Args:
            pieces: All that have to have vectors.
            wholes: Ids of those that are whole papers, which are embedded by their words too.
            stale: Ids of chunks that will be left over; noted with those that are left over if this is cut short.
            encoder: Makes the vectors.
            progress: Told after each batch.
        """
        by_words = wholes if isinstance(encoder, WordEncoder) else set()
        wanted = {piece.id: piece for piece in pieces}
        unseal(self._chroma)
        there = self.table.has(list(wanted))
        if self._cut_short:
            there = self._brought(wanted, there)
        there -= by_words - self.words.has(sorted(by_words))
        missing = {piece.id: piece for piece in pieces if piece.id not in there}
        self._leftovers.note(stale | missing.keys())
        embed(self.table, self._pending, self.words, list(missing.values()), by_words, encoder, progress)
        return len(missing)

    def clear(self, is_of_index: Callable[[str], bool], later: Collection[str] = ()) -> None:
        """Delete what is left over, but for chunks of `later`: the next time."""
        unseal(self._chroma)
        self._leftovers.clear(self.table, self.words, is_of_index, later)
        self._pending.clear()

    def _brought(self, wanted: Mapping[str, Chunk], there: set[str]) -> set[str]:
        """Bring vectors that an update that was cut short has embedded to Chroma; return all chunks that have some."""
        lost = without_vectors(self.table, sorted(there))
        self.table.remove(lost)
        there = there.difference(lost)
        away = [each for each in wanted if each not in there]
        for start in range(0, len(away), BATCH):
            if kept := self._pending.vectors(away[start : start + BATCH]):
                self.table.add([wanted[each] for each in kept], np.stack(list(kept.values())))
                there |= kept.keys()
        return there
