"""The reader: a small cross-encoder that tells whether an abstract, and which of its sentences, answers a question.

Trained by `bench/training`, shipped beside this module as ONNX with int8 weights; described in `reader/MODEL_CARD.md`.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError
from rag.judges.overlap import overlap
from rag.judges.pairs import Pair, PairTokenizer
from rag.settings import cores

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FOLDER = Path(__file__).parent / "reader"
DIGESTS = {
    "encoder.onnx": "cff486ce77517e07917c8be2e3b573ba6c37358d838833e5d7699505ef38eb26",
    "heads.npz": "b17b76e9775919cfcc32aa688de6312590e96d38305141200219ed6efef3ec9b",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_NONE = np.float32(-20)
"""The logit of a second sentence where there is none."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Reading:
    """The reader's scores for a paper.

    Attributes:
        paper: The probability that the abstract answers; of one too long for a pass, that of its best part.
        sentences: The probability that each sentence does, float32 `(sentences,)`, of a very long one by its beginning;
            0 for those behind the last pass of a very long abstract (`MOST_TOKENS` x 4).
    """

    paper: float
    sentences: Floats


class Reader:
    """Reads questions and abstracts in one pass; safe to share between threads."""

    def __init__(self, session: "InferenceSession", heads: dict[str, Floats], tokenizer: PairTokenizer) -> None:
        self._session, self._heads, self._tokenizer = session, heads, tokenizer

    @classmethod
    @cache
    def load(cls, folder: Path = FOLDER) -> "Reader":
        """Return the reader of a folder, by default the one that comes with this package, loaded once.

        Raises:
            ModelError: A file is missing, or its SHA-256 is not the expected one.
        """
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime reads this at import; by default it sends telemetry
        from onnxruntime import InferenceSession, SessionOptions, disable_telemetry_events

        disable_telemetry_events()
        for name, digest in DIGESTS.items():
            try:
                there = hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
            except OSError:
                there = False
            if not there:
                raise ModelError(f"The reader's file {name} is missing or damaged. Install paperchat again.")
        options = SessionOptions()
        options.intra_op_num_threads = 1  # a thread for each pair is faster than several for one
        session = InferenceSession(str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"])
        with np.load(folder / "heads.npz") as heads:
            return cls(session, dict(heads), PairTokenizer(folder / "tokenizer.json"))

    def read(self, question: str, papers: Sequence[tuple[str, Sequence[str]]]) -> list[Reading]:
        """Score papers, each given as its title and sentences, for a question; one reading per paper, in order."""
        with ThreadPoolExecutor(cores(), "reader") as threads:  # closed after each call: threads do not survive a fork
            return list(threads.map(lambda paper: self._read(question, *paper), papers))

    def _read(self, question: str, title: str, sentences: Sequence[str]) -> Reading:
        lexical = overlap(question, title, sentences)
        chances, whole = np.zeros(len(sentences), dtype=np.float32), 0.0
        for pair in self._tokenizer.pairs(question, title, sentences) if sentences else ():
            part = slice(pair.first, pair.first + len(pair.spans))
            chances[part], of_part = self._scores(self._states(pair), pair, lexical[part])
            whole = max(whole, of_part)
        return Reading(whole, chances)

    def _states(self, pair: Pair) -> Floats:
        """Return the encoder's last hidden states, float32 `(tokens, width)`."""
        types = np.ones(len(pair.ids), dtype=np.int64)
        types[: pair.question_tokens] = 0
        ids = np.asarray(pair.ids, dtype=np.int64)
        states: Floats = self._session.run(None, {"input_ids": ids[None], "token_type_ids": types[None]})[0][0]
        return states

    def _scores(self, states: Floats, pair: Pair, lexical: Floats) -> tuple[Floats, float]:
        """Return the probabilities of the sentences of a pair, and of the abstract: see `bench/training/network.py`."""
        whole = states[0]
        nothing = np.zeros((1, len(whole)), dtype=np.float32)
        tokens = [states[start:end] if end > start else nothing for start, end in pair.spans]
        rows = np.stack([np.concatenate([each.mean(0), each.max(0), whole]) for each in tokens])
        logits = self._head("sentence", np.concatenate([rows, lexical], 1))
        best = np.sort(np.append(logits, _NONE))[::-1][:2].clip(min=_NONE)
        abstract = np.concatenate([whole, best, lexical.max(0), lexical.mean(0)])
        return _sigmoid(logits), float(_sigmoid(self._head("paper", abstract[None]))[0])

    def _head(self, name: str, rows: Floats) -> Floats:
        """Return the logits of a head of two layers, float32 `(rows,)`; GELU in its tanh form, within .0005."""
        inner, bias, outer, last = (self._heads[f"{name}.{at}.{part}"] for at in (1, 3) for part in ("weight", "bias"))
        hidden = rows @ inner.T + bias
        hidden = 0.5 * hidden * (1 + np.tanh(np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3)))
        logits: Floats = (hidden @ outer.T + last)[:, 0]
        return logits


def _sigmoid(logits: Floats) -> Floats:
    chances: Floats = (1 / (1 + np.exp(-logits.clip(-30, 30)))).astype(np.float32)
    return chances
