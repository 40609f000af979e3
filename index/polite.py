"""An encoder in, one out that does the same a few texts at a time, so that others who share it get their turn."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from index.generation import Check
from index.papers import Paper
from index.server import Server
from index.update import Update, update
from index.vectors import Encoded, Encoder, Vectors, WordEncoder

AT_ONCE = 8
"""Texts between which others may come, at most; abstracts take a quarter of a second on two cores."""
_WAIT_S = 0.5
"""Target duration of a batch: a batch that took longer is followed by smaller ones, so that others wait less."""

_PAUSE_S = 0.002  # a lock that is given back and taken at once is not seen to be free by those who wait for it

Progress = Callable[[int, int | None], None]
"""Called with texts embedded so far, and in all, which is None until it is known; what it raises ends the update."""


def update_politely(
    folder: Path,
    papers: Sequence[Paper],
    encoder: Encoder,
    progress: Progress,
    server: Server | None = None,
    check: Check = lambda last: None,
    keep: bool = False,
) -> Update:
    """Bring an index up to date while others search it by the same encoder: `index.update.update`, a little at a time.

    Raises:
        StoreError: Another process is writing, the folder cannot be written, or the server is away.
    """
    of: list[int] = []

    def whole(done: int, total: int) -> None:
        of[:] = [total]
        progress(done, total)

    gentle = polite(encoder, lambda done: progress(done, of[0] if of else None))
    return update(folder, papers, gentle, progress=whole, server=server, check=check, keep=keep)


class PoliteEncoder:
    """Encodes as another encoder does, and tells how many texts that were so far.

    Args:
        encoder: That does the work.
        told: Called before each few texts with the number of those that are done; what it raises ends the work.
    """

    def __init__(self, encoder: Encoder, told: Callable[[int], None]) -> None:
        self.name, self.digest = encoder.name, encoder.digest
        self._encoder = encoder
        self._told = told
        self._done = 0
        self._at_once = AT_ONCE

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length 1 for each text, in their order."""
        rows = [self._encoder.encode(part) for part in self._parts(texts)]
        return np.concatenate(rows) if rows else self._encoder.encode([])

    def _parts(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        """Yield a few texts at a time, with a pause before each."""
        start = 0
        while start < len(texts):
            self._told(self._done)
            time.sleep(_PAUSE_S)
            begun = time.monotonic()
            yield (part := texts[start : start + self._at_once])
            took = time.monotonic() - begun
            start += len(part)
            self._done += len(part)
            if took > _WAIT_S:
                self._at_once = max(1, self._at_once // 2)
            elif took < _WAIT_S / 4:
                self._at_once = min(AT_ONCE, 2 * self._at_once)


class PoliteWordEncoder(PoliteEncoder):
    """The same, of an encoder that also tells what each word means."""

    def __init__(self, encoder: WordEncoder, told: Callable[[int], None]) -> None:
        super().__init__(encoder, told)
        self._words = encoder

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        """Return each text as a whole and by its words."""
        return [each for part in self._parts(texts) for each in self._words.encode_words(part)]


def polite(encoder: Encoder, told: Callable[[int], None]) -> PoliteEncoder:
    """Return the polite form of an encoder, with words where it has them."""
    return PoliteWordEncoder(encoder, told) if isinstance(encoder, WordEncoder) else PoliteEncoder(encoder, told)
