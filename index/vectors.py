"""Texts in, vectors out: float32 `(n, dim)`, rows of length 1."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from index import models
from index.words import tokenize

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Encoding

Vectors = NDArray[np.float32]

BATCH_SIZE = 32
BATCH_TOKENS = 2048
"""Of a batch with its padding, at most: a fifth faster than four times as many on a processor (bench.encode)."""

INT8 = "-int8"
"""Ends the name of an encoder that reckons in int8."""


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

    texts_at_once = 512
    """Texts that a build hands over in one call: they are sorted and put into batches by their tokens."""

    def __init__(self, name: str, folder: Path, digest: str) -> None:
        self.name = name
        self.digest = digest
        self._folder = folder
        self._lock = threading.RLock()

    @classmethod
    def from_name(cls, name: str, offline: bool = False) -> "SentenceEncoder":
        """Return the encoder that a known name, a folder or a hub name stands for, fetched if it is not there.

        A name that ends in `-int8` stands for the model of the name before it, reckoned in int8 (`index.quantized`).

        Raises:
            ModelError: It cannot be had.
        """
        if name.endswith(INT8) and not Path(name).expanduser().exists():
            from index.quantized import QuantizedEncoder

            return QuantizedEncoder.from_name(name, offline)
        folder = models.fetch(name, offline=offline)
        return cls(name, folder, models.weights_digest(folder))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dim)`, rows of length 1; long texts are cut at the model's limit.

        Equal texts are read once.
        """
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        places = {text: at for at, text in enumerate(dict.fromkeys(texts))}
        with self._lock:
            rows = np.asarray(
                self._model.encode(
                    list(places),
                    batch_size=BATCH_SIZE,
                    normalize_embeddings=True,
                    convert_to_numpy=True,
                    show_progress_bar=False,
                ),
                dtype=np.float32,
            )
        return rows if len(places) == len(texts) else rows[[places[text] for text in texts]]

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        """Return each text as a whole and by its words, at the cost of `encode`; a long text's end has no words.

        A word is what the model's tokenizer takes for one; its vector is the mean of its last hidden states. Where the
        tokenizer cannot tell words apart, or the model wants a prompt in front of each text, there are none. Equal
        texts are read once.
        """
        different = list(dict.fromkeys(texts))
        if not different:
            return []
        with self._lock:
            if not getattr(self._model.tokenizer, "is_fast", False) or self._model.default_prompt_name:
                none = np.zeros((0, self.dim), dtype=np.float32)
                return [Encoded(row, (), none) for row in self.encode(texts)]
            cut = self._model.tokenizer(
                different, truncation=True, max_length=self._model.max_seq_length, verbose=False
            ).encodings
            read: dict[str, Encoded] = {}
            for batch in _batches([len(each) for each in cut]):
                part = [(different[at], cut[at]) for at in batch]
                read |= zip((text for text, _ in part), self._read(part), strict=True)
        return [read[text] for text in texts]

    def _read(self, batch: "Sequence[tuple[str, Encoding]]") -> Iterator[Encoded]:
        """Yield each text of a batch as the model reads it."""
        import torch

        fields = {"input_ids": [cut.ids for _, cut in batch]}
        if "token_type_ids" in self._model.tokenizer.model_input_names:
            fields["token_type_ids"] = [cut.type_ids for _, cut in batch]
        padded = self._model.tokenizer.pad(fields, return_tensors="pt", verbose=False)
        with torch.inference_mode():
            out = self._model({name: value.to(self._model.device) for name, value in padded.items()})
            vectors = torch.nn.functional.normalize(out["sentence_embedding"].float(), dim=1).cpu().numpy()
            tokens = out["token_embeddings"][padded["attention_mask"].bool()].float().cpu().numpy()
        first = 0
        for vector, (text, cut) in zip(vectors, batch, strict=True):
            places = _places(text, cut)
            yield Encoded(vector, tuple(places), _means(tokens[first : first + len(cut)], list(places.values())))
            first += len(cut)

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        return self._load()

    def _load(self, device: str | None = None) -> "SentenceTransformer":
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        return SentenceTransformer(str(self._folder), device=device, local_files_only=True)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the places of texts of like length, the longest first, at most `BATCH_TOKENS` with padding in a batch."""
    order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
    start = 0
    while start < len(order):
        end = start + max(1, BATCH_TOKENS // max(1, lengths[order[start]]))
        yield order[start:end]
        start = end


def _places(text: str, cut: "Encoding") -> dict[str, list[int]]:
    """Return the stem of each different word of a text that counts, and where its tokens are."""
    spans: dict[int, list[int]] = {}
    for at, word in enumerate(cut.word_ids):
        if word is not None:
            spans.setdefault(word, []).append(at)
    offsets = cut.offsets
    places: dict[str, list[int]] = {}
    for tokens in spans.values():
        if stem := _stem(text[offsets[tokens[0]][0] : offsets[tokens[-1]][1]]):
            places.setdefault(stem, []).extend(tokens)
    return places


@lru_cache(maxsize=2**16)
def _stem(word: str) -> str:
    """Return the stem of a word, empty for a word that does not count."""
    return next(iter(tokenize(word)), "")


def _means(tokens: Vectors, places: Sequence[Sequence[int]]) -> Vectors:
    """Return the mean of the tokens at each of the places, brought to length 1: float32 `(len(places), dim)`."""
    if not places:
        return np.zeros((0, tokens.shape[1]), dtype=np.float32)
    counts = [len(each) for each in places]
    starts = np.cumsum([0, *counts[:-1]])
    sums = np.add.reduceat(tokens[[at for each in places for at in each]], starts, axis=0)
    means: Vectors = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return means
