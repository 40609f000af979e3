"""What is derived from the papers for one generation ⇄ disk: arrays by position, mapped when opened."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.bm25 import Segment, WordsIndex
from index.catalog import Catalog
from index.errors import StoreError
from index.manifest import Manifest, file_digest, rebuild
from index.matrix import VectorMatrix
from index.paperfile import Ends
from index.postings import Positions, Postings, mapped

DIGESTS, COUNTS = "digests.json", "counts.json"

CHECKED_BYTES = 256 * 2**20
"""Files of an index that hold no more than this together are compared with their digests whenever it is opened; of a
larger one only their sizes, and `paperchat doctor` compares the rest."""


@dataclass(frozen=True)
class Columns:
    """What a search looks at, by position.

    Attributes:
        ends: Of the lines of `papers.jsonl`.
        catalog: What is known of each paper.
        matrix: The vectors.
        places: For each segment of the words index, int32: the position of each of its papers, -1 for nowhere.
    """

    ends: Ends
    catalog: Catalog
    matrix: VectorMatrix
    places: tuple[Positions, ...]

    @classmethod
    def load(cls, folder: Path, manifest: Manifest) -> "Columns":
        """Map the columns of a generation, and check the digests of a small one.

        Raises:
            StoreError: A file is missing, of another size, or damaged.
        """
        where = manifest.columns_folder(folder)
        check(folder, manifest, CHECKED_BYTES)

        def array(name: str) -> NDArray[Any]:
            return mapped(where / f"{name}.npy")

        try:
            counts = json.loads((where / COUNTS).read_text(encoding="utf-8"))
            names = Postings(array("hashes"), array("positions"))
            return cls(
                array("ends"),
                Catalog(array("published"), names, counts),
                VectorMatrix(*map(array, ("starts", "chunk_ids", "rows", "codes", "mean"))),
                tuple(array(f"places-{name}") for name in manifest.words),
            )
        except (OSError, EOFError, ValueError) as error:
            raise StoreError(f"{where} is damaged ({error}). {rebuild(folder)}") from error

    @classmethod
    def empty(cls) -> "Columns":
        """Return the columns of no papers."""
        rows, mean = np.zeros((0, 0), dtype=np.float16), np.zeros(0, dtype=np.float32)
        matrix = VectorMatrix.of((), np.zeros(0, dtype=np.uint64), rows, mean)
        return cls(np.zeros(1, dtype=np.int64), Catalog.of((), ()), matrix, ())

    def save(self, folder: Path, words: Sequence[str]) -> None:
        """Write the columns into a folder of their own."""
        folder.mkdir()
        names, matrix = self.catalog.names, self.matrix
        arrays: dict[str, NDArray[np.generic]] = {
            "ends": self.ends,
            "published": self.catalog.published,
            "hashes": names.hashes,
            "positions": names.positions,
            "starts": matrix.starts,
            "chunk_ids": matrix.chunk_ids,
            "rows": matrix.rows,
            "codes": matrix.codes,
            "mean": matrix.mean,
            **{f"places-{name}": places for name, places in zip(words, self.places, strict=True)},
        }
        for name, values in arrays.items():
            np.save(folder / f"{name}.npy", values)
        (folder / COUNTS).write_text(json.dumps(self.catalog.counts), encoding="utf-8")

    def words_index(self, folder: Path, manifest: Manifest) -> WordsIndex:
        """Open the words index that these columns place."""
        segments = [Segment.load(folder / name) for name in manifest.words]
        return WordsIndex(list(zip(segments, self.places, strict=True)), manifest.papers)


def stamp(folder: Path, columns: Path, words: Sequence[str], known: Mapping[str, Sequence[object]]) -> str:
    """Write the size and digest of every derived file beside the columns, and return the digest of that list.

    Args:
        folder: Of the index.
        columns: Folder of the columns.
        words: Names of the segments of the words index.
        known: What an earlier such list says of files that have not been written since.
    """
    listed: dict[str, Sequence[object]] = {}
    for path in _files(folder, columns, words):
        name = path.relative_to(folder).as_posix()
        listed[name] = known.get(name) or [path.stat().st_size, file_digest(path)]
        _to_disk(path)
    text = json.dumps(listed, indent=1)
    with (columns / DIGESTS).open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(text.encode()).hexdigest()


def check(folder: Path, manifest: Manifest, up_to_bytes: float = float("inf")) -> None:
    """Compare every derived file with what was written.

    Args:
        folder: Of the index.
        manifest: Of the generation.
        up_to_bytes: Of more than so many bytes in all, only the sizes are compared.

    Raises:
        StoreError: One is missing, of another size, or damaged.
    """
    listed = digests(folder, manifest)
    sizes = {name: int(str(size)) for name, (size, _) in listed.items()}
    small = sum(sizes.values()) + manifest.papers_bytes <= up_to_bytes
    for name, (_, digest) in listed.items():
        path = folder / name
        if not path.is_file():
            raise StoreError(f"{path} is gone. {rebuild(folder)}")
        if path.stat().st_size != sizes[name] or (small and file_digest(path) != digest):
            raise StoreError(f"{path} is damaged. {rebuild(folder)}")
    papers = manifest.papers_file(folder)
    if not papers.is_file() or papers.stat().st_size != manifest.papers_bytes:
        raise _papers_changed(folder)
    if small and file_digest(papers) != manifest.papers_digest:
        raise _papers_changed(folder)


def digests(folder: Path, manifest: Manifest) -> dict[str, Sequence[object]]:
    """Return path in the index → (size, SHA-256) of every derived file of a generation.

    Raises:
        StoreError: The list of them is gone or damaged.
    """
    path = manifest.columns_folder(folder) / DIGESTS
    try:
        text = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} is gone ({error.strerror}). {rebuild(folder)}") from error
    if hashlib.sha256(text).hexdigest() != manifest.columns_digest:
        raise StoreError(f"{path} is damaged. {rebuild(folder)}")
    listed: dict[str, Sequence[object]] = json.loads(text)
    return listed


def _papers_changed(folder: Path) -> StoreError:
    return StoreError(f"The papers in {folder} are not those that the index was built from. {rebuild(folder)}")


def _files(folder: Path, columns: Path, words: Sequence[str]) -> list[Path]:
    kept = [path for name in words for path in (folder / name).iterdir()]
    return sorted([*(path for path in columns.iterdir() if path.name != DIGESTS), *kept])


def _to_disk(path: Path) -> None:
    """Bring a file to the disk, so that what names it later never outlives it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
