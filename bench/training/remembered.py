"""A language model whose first tokens are kept on disk, so that nothing is asked twice and a stop costs nothing."""

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import cached_property
from pathlib import Path

from index import models
from rag.llamacpp import LlamaCpp
from rag.writer import Message


class OutOfTime(Exception):
    """Something new was asked after the time that was set."""


class Remembered:
    """llama.cpp behind a file of JSON lines: digest of model and prompt, log-probabilities of the first tokens.

    The model is loaded when something is asked that the file does not have, and from the time `until` ("HH:MM") on
    nothing new is asked.
    """

    def __init__(self, name: str, file: Path, threads: int = 0, until: str = "", parallel: int = 1) -> None:
        self.path = models.fetch(name, offline=True)
        self.parallel, self.context_tokens = parallel, 4096
        self.digest = models.digest(self.path)
        self._threads, self._until = threads, until
        self._lock = threading.Lock()
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("a+", encoding="utf-8")
        self._file.seek(0)
        self._known: dict[str, dict[str, float]] = dict(json.loads(line) for line in self._file if line.endswith("\n"))

    @cached_property
    def _llm(self) -> LlamaCpp:
        return LlamaCpp(self.path, self._threads, self.parallel, self.context_tokens)

    def count(self, text: str) -> int:
        """Return the tokens of a text, four characters each: what is long is cut the same with and without a model."""
        return -(-len(text) // 4)

    @contextmanager
    def slot(self, about: str = "") -> Iterator[int]:
        """Lease a slot where the model is loaded."""
        with self._llm.slot(about) if "_llm" in self.__dict__ else nullcontext(0) as slot:
            yield slot

    def first_token(self, messages: Sequence[Message], slot: int) -> dict[str, float]:
        """Return what the file has, else ask."""
        texts = json.dumps([self.digest, [[message.role, message.content] for message in messages]])
        key = hashlib.sha256(texts.encode()).hexdigest()[:32]
        if key not in self._known:
            if self._until and datetime.now().strftime("%H:%M") >= self._until:
                raise OutOfTime
            top = {token: round(value, 4) for token, value in self._llm.first_token(messages, slot).items()}
            with self._lock:
                self._known[key] = top
                self._file.write(json.dumps([key, top]) + "\n")
                self._file.flush()
        return self._known[key]
