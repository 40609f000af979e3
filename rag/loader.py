"""Loads a language model and the judge of what it writes, and reports how far it is."""

import threading
from collections.abc import Callable
from contextlib import suppress

from index.errors import UserError
from rag import prompt
from rag.judges import Judge
from rag.settings import Settings
from rag.writer import NONE, Writer, open_writer


class WriterLoader:
    """Loads a language model in a thread of its own and tells how far it is.

    Attributes:
        writer: The loaded model; None until then.
        judge: What verifies its sentences; None where nothing does.
        state: "loading", "ready", or why there is no model.
    """

    def __init__(self, load: Callable[[], Writer | None], settings: Settings, warm: bool = False) -> None:
        self.writer: Writer | None = None
        self.judge: Judge | None = None
        self.state = "loading"
        self._load = load
        self._settings = settings
        self._warm = warm
        self._thread = threading.Thread(target=self._run, daemon=True)

    @classmethod
    def of(cls, writer: Writer | None, settings: Settings) -> "WriterLoader":
        """Return one that has loaded this writer."""
        loader = cls(lambda: writer, settings)
        loader._run()
        return loader

    @classmethod
    def named(cls, settings: Settings, warm: bool) -> "WriterLoader":
        """Return one that loads what the settings name; where that is none, there is nothing to wait for."""
        if settings.model == NONE:
            return cls.of(None, settings)
        return cls(lambda: open_writer(settings), settings, warm)

    def start(self) -> None:
        """Begin to load; one that has loaded stays as it is."""
        if self.state == "loading":
            self._thread.start()

    def wait(self) -> None:
        """Return once the model is loaded or has failed."""
        if self._thread.is_alive():
            self._thread.join()

    def reason(self) -> str:
        """Say why there is no writer."""
        return "The language model is still loading." if self.state == "loading" else self.state

    def _run(self) -> None:
        try:
            writer = self._load()
        except UserError as error:
            self.state = str(error)
            return
        with suppress(UserError, RuntimeError):  # without a judge nothing is marked, and answers go on
            self.judge = Judge.for_writer(writer, self._settings)
        self.writer = writer
        self.state = "ready" if writer else "No language model is set."
        if writer and self._warm:
            readers = [
                threading.Thread(target=self._read_opening, args=(writer,), daemon=True)
                for _ in range(self._settings.parallel)
            ]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()

    def _read_opening(self, writer: Writer) -> None:
        """Let the model read what all prompts begin with, so that the first question finds it read."""
        for _ in writer.write(prompt.build("", ()), 1, threading.Event()):
            pass
