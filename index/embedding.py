"""Chunks in, their vectors kept as they come: what takes the time of a build."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from index.chroma import ChunkTable
from index.chunks import Chunk
from index.pending import Pending
from index.vectors import Encoder, WordEncoder
from index.wordvectors import WordVectorTable

Progress = Callable[[int, int], None]
"""Called with chunks embedded so far, and in all."""

TEXTS_AT_ONCE = 128
"""For an encoder that does not say itself how many texts it wants."""


def embed(
    table: ChunkTable,
    pending: Pending,
    words: WordVectorTable,
    chunks: Sequence[Chunk],
    wholes: set[str],
    encoder: Encoder,
    progress: Progress,
) -> None:
    """Embed chunks, longest first so that batches are even, and write them as they come; wholes also by their words."""
    ordered = sorted(chunks, key=lambda piece: (piece.id not in wholes, -len(piece.embedded)))
    by_words = sum(piece.id in wholes for piece in ordered)
    for start, end in _slices(getattr(encoder, "texts_at_once", TEXTS_AT_ONCE), by_words, len(ordered)):
        part = ordered[start:end]
        texts = [piece.embedded for piece in part]
        if start < by_words and isinstance(encoder, WordEncoder):
            encoded = encoder.encode_words(texts)
            words.add({piece.id: each.word_vectors for piece, each in zip(part, encoded, strict=True)})
            vectors = np.stack([each.vector for each in encoded])
        else:
            vectors = encoder.encode(texts)
        pending.add([piece.id for piece in part], vectors)
        table.add(part, vectors)
        progress(end, len(ordered))


def _slices(most: int, *ends: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of slices of at most `most`, none of which reaches over one of the ends."""
    start = 0
    for end in ends:
        for at in range(start, end, most):
            yield at, min(at + most, end)
        start = end
