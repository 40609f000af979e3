"""Texts in, vectors out: float32 `(n, dim)`, rows of length 1."""

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index import models

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
