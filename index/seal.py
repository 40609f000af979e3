"""A seal on Chroma's graph: it says that the process that wrote there last came to its end, and what it left.

Chroma writes its graph in place, and loading a half-written one can end the process (a segmentation fault, not an
error). So nobody opens a graph without a seal: it is made anew from vectors that lie elsewhere (`index.refill`).
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from index.manifest import file_digest, replace_file

FILE = "sealed.json"

CHECKED_BYTES = 256 * 2**20
"""Of a graph of more bytes only the sizes of files are compared before an update; `paperchat doctor` compares all."""


def seal(chroma: Path, beside: Path | None = None) -> None:
    """Note the files of a graph that has just been closed, beside it or in the folder that it is about to lie in."""
    noted = {name: [path.stat().st_size, file_digest(path)] for name, path in _files(chroma)}
    replace_file((beside or chroma.parent) / FILE, json.dumps(noted, indent=1))


def unseal(chroma: Path) -> None:
    """Take the seal away, before anything is written."""
    chroma.with_name(FILE).unlink(missing_ok=True)


def is_sealed(chroma: Path) -> bool:
    """Tell whether a graph was closed as it should be."""
    return chroma.with_name(FILE).exists()


def broken(chroma: Path, up_to_bytes: float = float("inf")) -> list[str]:
    """Return the files of a sealed graph that are not as they were noted; of more than so many bytes, by size alone."""
    try:
        noted = json.loads(chroma.with_name(FILE).read_text(encoding="utf-8"))
        there = dict(_files(chroma))
        small = sum(size for size, _ in noted.values()) <= up_to_bytes
        return [
            name
            for name in sorted(noted.keys() | there.keys())
            if name not in there
            or there[name].stat().st_size != noted[name][0]
            or (small and file_digest(there[name]) != noted[name][1])
        ]
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return [FILE]


@contextmanager
def copied(chroma: Path) -> Iterator[Path]:
    """Yield a copy of Chroma's folder to be read: Chroma writes into what it opens."""
    with TemporaryDirectory(prefix="paperchat-") as place:
        yield Path(shutil.copytree(chroma, Path(place) / chroma.name))


def _files(chroma: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of the graph; the database beside them is SQLite's care."""
    for path in sorted(chroma.glob("*/*")):
        if path.is_file():
            yield path.relative_to(chroma).as_posix(), path
