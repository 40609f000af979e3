"""Texts in, vectors out that lie as those of a real encoder do, at no cost: what is measured is everything else.

Each word has one of the vectors that all-MiniLM-L6-v2 gave to the words of the starter corpus; a text's is their sum
about the mean of all. Texts that share words are near, as with the real encoder, and cosines spread as its do.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from index.store import Store
from index.vectors import Encoded, Vectors
from index.words import tokenize

COMMON, TEXTS_AT_ONCE = 0.35, 2048


class MadeUpEncoder:
    """Vectors from words."""

    name = "made-up"
    texts_at_once = TEXTS_AT_ONCE

    def __init__(self, store: Store) -> None:
        """Take the vectors of words from an index of a real encoder."""
        rows = np.concatenate(store.word_vectors(range(len(store.papers))))
        self._mean = rows.mean(axis=0)
        self._mean /= np.linalg.norm(self._mean)
        self._rows = rows
        self._about = rows - rows.mean(axis=0)
        self.digest = hashlib.sha256(rows.tobytes()).hexdigest()
        self._row_of = lru_cache(1_000_000)(self._drawn)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dim)`, rows of length 1."""
        return np.asarray([self._read(text)[0] for text in texts], dtype=np.float32).reshape(len(texts), -1)

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        """Return each text as a whole and by its words."""
        return [Encoded(vector, words, self._rows[rows]) for vector, words, rows in map(self._read, texts)]

    def _read(self, text: str) -> tuple[Vectors, tuple[str, ...], list[int]]:
        words = (
            tuple(dict.fromkeys(tokenize(text)))
            if len(text) < 300
            else tuple(dict.fromkeys(word for word in text.lower().split() if len(word) > 3))
        )
        rows = [self._row_of(word) for word in words]
        total = self._about[rows].sum(axis=0) if rows else self._mean
        vector = total / max(float(np.linalg.norm(total)), 1e-9) + COMMON * self._mean
        return (vector / np.linalg.norm(vector)).astype(np.float32), words, rows

    def _drawn(self, word: str) -> int:
        return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "little") % len(self._rows)
