"""A premise and a sentence in, whether the one entails or contradicts the other out: by a cross-encoder, if one is set.

Natural language inference as Bowman et al. (2015, arXiv:1508.05326) have it. Which model is up to the setting `nli`;
the order of its labels is read from its configuration.
"""

import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from index import models
from index.errors import UserError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

Inference = Literal["entailment", "neutral", "contradiction"]
_STEMS: dict[str, Inference] = {"entail": "entailment", "neutral": "neutral", "contradict": "contradiction"}


class Inferrer(Protocol):
    """What tells how a sentence follows from another."""

    def infer(self, premise: str, sentence: str) -> Inference:
        """Say whether the premise entails the sentence, contradicts it, or neither."""
        ...


class CrossEncoderInferrer:
    """A cross-encoder with labels of inference; loaded at the first sentence, safe to share between threads."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._lock = threading.Lock()

    @classmethod
    def from_name(cls, name: str, offline: bool = False) -> "CrossEncoderInferrer":
        """Return the model that a folder or a hub name stands for, fetched if it is not there.

        Raises:
            ModelError: It cannot be had.
        """
        return cls(name, models.fetch(name, offline=offline))

    def infer(self, premise: str, sentence: str) -> Inference:
        """Return the likeliest label.

        Raises:
            UserError: The model's labels are not those of inference.
        """
        with self._lock:
            scores = self._model.predict([(premise, sentence)], show_progress_bar=False)
            return self._labels[int(scores[0].argmax())]

    @cached_property
    def _labels(self) -> list[Inference]:
        """Return what each output stands for, in order."""
        named: dict[int, str] = getattr(self._model.config, "id2label", None) or {}
        spelt = [named[at].casefold() for at in sorted(named)]
        found = [label for name in spelt for stem, label in _STEMS.items() if name.startswith(stem)]
        if sorted(found) != sorted(_STEMS.values()):
            raise UserError(
                f"{self.name} has the labels {', '.join(spelt)}, expected entailment, neutral and contradiction. "
                "Set PAPERCHAT_NLI to a cross-encoder for natural language inference, or leave it out."
            )
        return found

    @cached_property
    def _model(self) -> "CrossEncoder":
        from sentence_transformers import CrossEncoder

        model: CrossEncoder = CrossEncoder(str(self._folder), local_files_only=True)
        return model
