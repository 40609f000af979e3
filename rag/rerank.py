"""A question and its ranking in, the first papers in a better order out: by a cross-encoder, if one is set.

A cross-encoder reads question and paper together (Nogueira and Cho 2019, arXiv:1901.04085); which one is up to the
setting `reranker`. It has half a say, over the first `DEPTH` papers only.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index import models
from index.errors import UserError
from rag.retrieve import Ranked
from rag.signals import spread

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

DEPTH = 30
_SAY = 0.5
_BATCH = 8


class Reranker(Protocol):
    """What tells how well texts answer a question."""

    def rate(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return float64 `(texts,)`, the larger the better; only their order and proportions count."""
        ...


class CrossEncoderReranker:
    """A cross-encoder with one output; loaded at the first question, safe to share between threads."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._lock = threading.Lock()

    @classmethod
    def from_name(cls, name: str, offline: bool = False) -> "CrossEncoderReranker":
        """Return the model that a folder or a hub name stands for, fetched if it is not there.

        Raises:
            ModelError: It cannot be had.
        """
        return cls(name, models.fetch(name, offline=offline))

    def rate(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the model's output for each text.

        Raises:
            UserError: The model has several outputs.
        """
        with self._lock:
            if self._model.num_labels != 1:
                raise UserError(
                    f"{self.name} has {self._model.num_labels} outputs, a reranker has one. Set PAPERCHAT_RERANKER "
                    "to a cross-encoder for ranking, or leave it out."
                )
            pairs = [(question, text) for text in texts]
            rated = self._model.predict(pairs, batch_size=_BATCH, show_progress_bar=False)
        return np.asarray(rated, dtype=np.float64).reshape(len(texts))

    @cached_property
    def _model(self) -> "CrossEncoder":
        from sentence_transformers import CrossEncoder

        model: CrossEncoder = CrossEncoder(str(self._folder), local_files_only=True)
        return model


def rerank(reranker: Reranker, question: str, ranked: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """Return the same papers, the first `DEPTH` in the order of the mean of their score and the reranker's.

    The reranker's ratings are stretched over the scores that the papers have, so that scores fall on down the list. A
    paper whose title was asked (score 1) stays first.
    """
    fixed = int(bool(ranked) and ranked[0].score >= 1.0)
    head, rest = ranked[fixed:DEPTH], ranked[DEPTH:]
    if len(head) < 2:
        return tuple(ranked)
    scores = np.asarray([hit.score for hit in head])
    rated = spread(reranker.rate(question, [f"{hit.paper.title}\n{hit.paper.abstract}" for hit in head]))
    least, most = scores.min(), scores.max()
    blended = (1 - _SAY) * scores + _SAY * (least + rated * (most - least))
    order = np.lexsort((np.arange(len(head)), -np.round(blended, 6)))
    return (*ranked[:fixed], *(replace(head[at], score=float(blended[at])) for at in order), *rest)
