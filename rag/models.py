"""An encoder and a loader of a language model in, both ready for the first question out."""

import threading

from index.chunks import sentences
from index.vectors import Encoder
from rag.loader import WriterLoader


class Models:
    """The models of an engine.

    Attributes:
        encoder: The embedding model, which may not be ready yet.
        loader: Of the language model.
    """

    def __init__(self, encoder: Encoder, loader: WriterLoader) -> None:
        self.encoder = encoder
        self.loader = loader
        self._warmer = threading.Thread(target=self._warm, daemon=True)

    def start(self) -> None:
        """Begin to load them."""
        self._warmer.start()

    def ready_encoder(self) -> Encoder:
        """Return the embedding model once everything is loaded that it needs."""
        if self._warmer.is_alive():
            self._warmer.join()
        return self.encoder

    def wait(self) -> None:
        """Return once the language model is loaded and has read what all prompts begin with, or has failed."""
        self.ready_encoder()
        self.loader.wait()

    def _warm(self) -> None:
        """Load what the first question needs; in this order, because scipy, in the splitter, breaks on half a torch."""
        try:
            sentences("Warm.")
        finally:
            self.loader.start()
        self.encoder.encode(["warm"])
