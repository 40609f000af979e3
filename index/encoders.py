"""What a caller names or gives in, an `Encoder` out: a model's name, their own encoder, or one of LlamaIndex's."""

import hashlib
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from index.vectors import Encoder, SentenceEncoder, Vectors

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding


class EmbeddingEncoder:
    """A LlamaIndex embedding model as an `Encoder`; it is asked for one thing at a time, so threads may share it.

    A question is embedded as any other text is: what a model would put in front of queries only is not used. There
    are no vectors of single words, so the search leans on those of whole texts and on shared words.
    """

    def __init__(self, embedding: "BaseEmbedding") -> None:
        """Take a model; its class and the name of the model stand for its weights."""
        kind = type(embedding).__qualname__
        self.name = f"{kind} {embedding.model_name}"
        self.digest = hashlib.sha256(self.name.encode()).hexdigest()
        self._embedding = embedding
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dim)`, rows of length 1."""
        if not texts:
            return np.zeros((0, self._dim), dtype=np.float32)
        with self._lock:
            rows = np.asarray(self._embedding.get_text_embedding_batch(list(texts)), dtype=np.float32)
        unit: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return unit

    @cached_property
    def _dim(self) -> int:
        with self._lock:
            return len(self._embedding.get_text_embedding("a text"))


def as_encoder(given: "str | Encoder | BaseEmbedding", offline: bool = False) -> Encoder:
    """Return what makes the vectors.

    Args:
        given: A model's name or folder, any object of the `Encoder` protocol (threads share it), or a LlamaIndex
            `BaseEmbedding`.
        offline: Open no connection for a model that is named.

    Raises:
        ModelError: The model that is named cannot be had.
        TypeError: It is nothing of these.
        ValueError: It makes something else than one row of length 1, float32, for each text.
    """
    if isinstance(given, str):
        return SentenceEncoder.from_name(given, offline)
    from llama_index.core.base.embeddings.base import BaseEmbedding

    if isinstance(given, BaseEmbedding):
        return EmbeddingEncoder(given)
    if missing := [name for name in ("name", "digest", "encode") if not hasattr(given, name)]:
        raise TypeError(
            f"encoder is a {type(given).__name__} without {', '.join(missing)}. Give the name of a model, an object "
            "with name, digest and encode(texts), or a LlamaIndex BaseEmbedding."
        )
    rows = given.encode(["one text", "another"])
    lengths = np.linalg.norm(rows, axis=1) if np.ndim(rows) == 2 else np.zeros(0)
    if lengths.shape != (2,) or rows.dtype != np.float32 or not np.allclose(lengths, 1, atol=1e-3):
        kind = f"{getattr(rows, 'dtype', type(rows).__name__)} {np.shape(rows)}, lengths {lengths.round(3).tolist()}"
        raise ValueError(
            f"encoder {given.name} gave {kind} for 2 texts, expected float32 (2, dim) and rows of length 1."
        )
    return given
