"""Texts in, vectors out: float32 `(n, dim)`, rows of length 1."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from index import models
from index.words import tokenize

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

BATCH_SIZE = 32


class Encoder(Protocol):
    """What turns texts into vectors, and says which one it is."""

    @property
    def name(self) -> str:
        """The name that settings know it by."""
        ...

    @property
    def digest(self) -> str:
        """What its weights hash to: vectors of two digests are never compared."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length 1 for each text, in their order."""
        ...


@dataclass(frozen=True, eq=False)
class Encoded:
    """A text as a model reads it.

    Attributes:
        vector: Of the text, float32 `(dim,)`, of length 1.
        words: Its different words but stop words, stemmed, in order of first use.
        word_vectors: Of each of them where it stands, the mean over its occurrences: float32 `(words, dim)`, rows of
            length 1.
    """

    vector: Vectors
    words: tuple[str, ...]
    word_vectors: Vectors


@runtime_checkable
class WordEncoder(Encoder, Protocol):
    """An encoder that also tells what each word of a text means in it."""

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        """Return each text as a whole and by its words; a text's vector is that of `encode`."""
        ...


class SentenceEncoder:
    """A sentence-transformers model in a local folder; loaded at the first text, safe to share between threads."""

    def __init__(self, name: str, folder: Path, digest: str) -> None:
        self.name = name
        self.digest = digest
        self._folder = folder
        self._lock = threading.Lock()

    @classmethod
    def from_name(cls, name: str, offline: bool = False) -> "SentenceEncoder":
        """Return the encoder that a known name, a folder or a hub name stands for, fetched if it is not there.

        Raises:
            ModelError: It cannot be had.
        """
        folder = models.fetch(name, offline=offline)
        return cls(name, folder, models.weights_digest(folder))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dim)`, rows of length 1; long texts are cut at the model's limit."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        with self._lock:
            return np.asarray(
                self._model.encode(
                    list(texts),
                    batch_size=BATCH_SIZE,
                    normalize_embeddings=True,
                    convert_to_numpy=True,
                    show_progress_bar=False,
                ),
                dtype=np.float32,
            )

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        """Return each text as a whole and by its words, at the cost of `encode`; a long text's end has no words.

        A word is what the model's tokenizer takes for one; its vector is the mean of its last hidden states. Where the
        tokenizer cannot tell words apart, there are none.
        """
        if not texts:
            return []
        with self._lock:
            rows: Any = self._model.encode(
                list(texts),
                batch_size=BATCH_SIZE,
                normalize_embeddings=True,
                output_value=None,
                show_progress_bar=False,
            )
            pieces = [list(self._pieces(text)) for text in texts]
        return [_encoded(row, of_text) for row, of_text in zip(rows, pieces, strict=True)]

    def _pieces(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield for each token of a text its position and the stem of the word that it is of, if that word counts."""
        tokenizer = self._model.tokenizer
        if not getattr(tokenizer, "is_fast", False):
            return
        cut = tokenizer(
            text, truncation=True, max_length=self._model.max_seq_length, return_offsets_mapping=True, verbose=False
        )
        spans: dict[int, list[int]] = {}
        for at, word in enumerate(cut.word_ids()):
            if word is not None:
                spans.setdefault(word, []).append(at)
        for tokens in spans.values():
            start, end = cut["offset_mapping"][tokens[0]][0], cut["offset_mapping"][tokens[-1]][1]
            for stem in tokenize(text[start:end])[:1]:
                yield from ((at, stem) for at in tokens)

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        return SentenceTransformer(str(self._folder), local_files_only=True)


def _encoded(row: dict[str, Any], pieces: Sequence[tuple[int, str]]) -> Encoded:
    """Bring what sentence-transformers returns for one text, and the words of its tokens, into one."""
    vector = row["sentence_embedding"].float().cpu().numpy()
    tokens = row["token_embeddings"][row["attention_mask"].bool()].float().cpu().numpy()
    of_word: dict[str, list[int]] = {}
    for at, stem in pieces:
        if at < len(tokens):
            of_word.setdefault(stem, []).append(at)
    means = np.asarray([tokens[at].mean(axis=0) for at in of_word.values()], dtype=np.float32)
    means = means.reshape(len(of_word), len(vector))
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return Encoded(np.asarray(vector, dtype=np.float32), tuple(of_word), means)
