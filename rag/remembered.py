"""An encoder in, one that remembers the vectors of what it was asked last out: papers that come again cost nothing."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from index.vectors import Encoder, Vectors

TEXTS = 16_384
"""So many texts are remembered: the sentences of some 2,000 abstracts, 25 MB of vectors of 384 numbers."""


class RememberingEncoder:
    """An encoder that embeds a text once as long as it is remembered; safe to share between threads.

    A text that two threads want at the same moment may be embedded twice.
    """

    def __init__(self, encoder: Encoder, texts: int = TEXTS) -> None:
        """Remember the last `texts` different texts of an encoder."""
        self._encoder = encoder
        self._texts = texts
        self._known: OrderedDict[str, Vectors] = OrderedDict()  # the one that was wanted last at the end
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The name of the encoder."""
        return self._encoder.name

    @property
    def digest(self) -> str:
        """What the weights of the encoder hash to."""
        return self._encoder.digest

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dim)`, rows of length 1."""
        with self._lock:
            rows = {text: self._known[text] for text in texts if text in self._known}
            for text in rows:
                self._known.move_to_end(text)
        fresh = list(dict.fromkeys(text for text in texts if text not in rows))
        if fresh or not texts:
            vectors = self._encoder.encode(fresh)
            if not texts:
                return vectors
            rows |= {text: vector.copy() for text, vector in zip(fresh, vectors, strict=True)}
            with self._lock:
                self._known.update((text, rows[text]) for text in fresh)
                while len(self._known) > self._texts:
                    self._known.popitem(last=False)
        return np.stack([rows[text] for text in texts])
