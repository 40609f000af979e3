"""The judge: calibrated probabilities that an abstract supports a claim or answers a question."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index import models
from index.errors import ModelError
from index.vectors import Vectors
from rag.judges import calibration
from rag.judges.calibration import Calibration
from rag.judges.odds import TokenModel, read
from rag.judges.tasks import ANSWERS, GATE, TASKS, VERIFY
from rag.judges.vetoes import unmarked, veto
from rag.settings import Settings
from rag.writer import LlamaIndexWriter, Writer

if TYPE_CHECKING:
    from rag.llamacpp import LlamaCpp

DEFAULT = "qwen2.5-coder-1.5b-instruct"
_CONTEXT_TOKENS = 4096


class Judge:
    """A language model that is asked for one token, calibrated.

    Attributes:
        threshold: Least probability at which a claim gets its mark. The README says how many of such claims are fully
            supported, measured on sentences that the model wrote.
    """

    def __init__(self, model: TokenModel, fitted: Calibration) -> None:
        self.threshold = fitted.threshold
        self._model = model
        self._fits = fitted.fits

    @classmethod
    def load(cls, model: str | None = None, threads: int = 0, parallel: int = 2) -> "Judge":
        """Load a language model as the judge, offline.

        Args:
            model: A known name or GGUF file; the default language model where it is None.
            threads: 0 takes one for each core.
            parallel: Papers read side by side.

        Raises:
            ModelError: It is not on this machine, or has no calibration.
        """
        from rag.llamacpp import LlamaCpp

        path = models.fetch(model or DEFAULT, offline=True)
        if (fitted := calibration.load(_digest(path))) is None:
            raise ModelError(f"No calibration for {model} as a judge. Use {DEFAULT}.")
        return cls(LlamaCpp(path, threads, parallel, _CONTEXT_TOKENS), fitted)

    @classmethod
    def for_writer(cls, writer: Writer | None, settings: Settings) -> "Judge | None":
        """Return the judge of what a language model writes.

        A model that llama.cpp runs and that has a calibration judges itself. For any other, on a server too, the
        default model is loaded beside it where it is installed.

        Returns:
            None if there is no language model, no judge for it, or the settings want none: nothing is verified then,
            and nothing is marked.
        """
        if writer is None or not settings.verify:
            return None
        if (own := _llamacpp(writer)) and (fitted := calibration.load(_digest(Path(own.path)))):
            return cls(own, fitted)
        if models.find(DEFAULT) is None:
            return None
        return cls.load(threads=settings.threads, parallel=settings.parallel)

    def verify(self, claims: Sequence[tuple[str, str, str]], slot: int | None = None) -> Vectors:
        """Return the probability that a paper supports a claim completely.

        Args:
            claims: `(claim, title, passage)`.
            slot: A lease of the model's slot that the caller holds for this paper; without it each paper gets one.

        Returns:
            float32 `(claims,)`. A claim with a number that the paper does not have is never above .1; one that may not
            be marked, for its names or its form (`unmarked`), is below `threshold`.
        """
        found = self._probabilities(VERIFY, claims, slot) * veto(claims)
        below = np.nextafter(np.float32(self.threshold), np.float32(0))
        return np.where(unmarked(claims), np.minimum(found, below), found)

    def gate(self, pairs: Sequence[tuple[str, str, str]], slot: int | None = None) -> Vectors:
        """Return the probability that a paper answers a question.

        Args:
            pairs: `(question, title, passage)`.
            slot: As for `verify`.

        Returns:
            float32 `(pairs,)`.
        """
        return self._probabilities(GATE, pairs, slot)

    def answers(self, sentences: Sequence[tuple[str, str, str, str]], slot: int | None = None) -> Vectors:
        """Return the probability that a sentence of a paper answers a question.

        Args:
            sentences: `(question, sentence, title, passage)`.
            slot: As for `verify`.

        Returns:
            float32 `(sentences,)`.
        """
        return self._probabilities(ANSWERS, sentences, slot)

    def _probabilities(self, task: str, rows: Sequence[tuple[str, ...]], slot: int | None) -> Vectors:
        if not rows:
            return np.zeros(0, dtype=np.float32)
        return self._fits[task].probabilities(read(self._model, TASKS[task], rows, slot))


def _llamacpp(writer: Writer) -> "LlamaCpp | None":
    """Return the model behind a writer where llama.cpp runs it in this process."""
    from rag.llamacpp import LlamaCpp

    llm = writer.llm if isinstance(writer, LlamaIndexWriter) else None
    return llm if isinstance(llm, LlamaCpp) else None


def _digest(path: Path) -> str:
    """Return the SHA-256 of a model's file; a known one was hashed when it was found."""
    known = [model for model in models.KNOWN.values() if model.path(models.cache_folder()) == path]
    return known[0].main.sha256 if known else models.digest(path)
