"""An encoder in, one out that embeds each text once and keeps its vector for the next run.

Runs over the same files embed the same questions and papers again and again; rankings don't change by keeping them.
What is timed must not use it.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from index.vectors import Encoder, Vectors


class KeptVectors:
    """Answers from memory what it was asked before; an `Encoder` itself."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        """Take up what an earlier run saved in a folder for this encoder."""
        self.name = encoder.name
        self.digest = encoder.digest
        self._encoder = encoder
        self._path = folder / f"vectors-{encoder.digest[:16]}.npz"
        self._kept: dict[bytes, Vectors] = {}
        self._saved = 0
        if self._path.exists():
            with np.load(self._path) as arrays:
                self._kept = {key.tobytes(): row for key, row in zip(arrays["keys"], arrays["rows"], strict=True)}
            self._saved = len(self._kept)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dim)`, rows of length 1; new texts are embedded."""
        keys = [sha256(text.encode()).digest()[:16] for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._kept}
        if new or not texts:
            rows = self._encoder.encode(list(new.values()))
            self._kept |= dict(zip(new, rows, strict=True))
            if not texts:
                return rows
        return np.stack([self._kept[key] for key in keys])

    def save(self) -> None:
        """Keep the vectors for the next run, where there are new ones."""
        if len(self._kept) == self._saved:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new.npz")
        keys = np.frombuffer(b"".join(self._kept), dtype=np.uint8).reshape(-1, 16)
        np.savez(temporary, keys=keys, rows=np.stack(list(self._kept.values())))
        temporary.replace(self._path)
        self._saved = len(self._kept)
