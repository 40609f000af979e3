"""An index of an earlier format in, its vectors where those of today lie out: nothing is embedded again."""

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from index.chroma import CHROMA
from index.manifest import MANIFEST, vectors_folder
from index.seal import seal
from index.vectors import Vectors
from index.wordvectors import WordVectorTable

_AT_ONCE = 500


def convert(folder: Path) -> None:
    """Bring the vectors of an index of format 2 to where an update finds them; cut short, it goes on when run again.

    Format 2 had `chroma/` with the encoder's digest in `encoder.txt`, and word vectors of eight bits in
    `word-vectors.sqlite`. What else it had is made anew from its papers.
    """
    chroma, words = folder / "chroma", folder / "word-vectors.sqlite"
    stamp = chroma / "encoder.txt"
    if not chroma.is_dir():
        return
    digest = stamp.read_text(encoding="utf-8", errors="replace") if stamp.exists() else _digest(folder)
    vectors = vectors_folder(folder, digest)
    vectors.mkdir(exist_ok=True)
    if words.exists():
        table = WordVectorTable(vectors, write=True)
        try:
            for part in _read(words):
                table.add(part)
        except (sqlite3.Error, ValueError):
            pass  # what cannot be read is embedded again
        finally:
            table.close()
        words.unlink()
    seal(chroma, vectors)
    os.replace(chroma, vectors / CHROMA)


def _read(path: Path) -> Iterator[dict[str, Vectors]]:
    """Yield the word vectors of a few chunks of format 2 at a time."""
    rows = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        found = rows.execute("SELECT chunk_id, dim, rows FROM words")
        while part := found.fetchmany(_AT_ONCE):
            yield {
                chunk_id: np.frombuffer(blob, dtype=np.int8).reshape(-1, dim).astype(np.float32)
                for chunk_id, dim, blob in part
            }
    finally:
        rows.close()


def _digest(folder: Path) -> str:
    """Return the digest of the encoder that the manifest names, empty where it names none."""
    try:
        return str(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["encoder_digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
