"""A folder on disk in, a searchable `Store` out: papers, vectors, words, and the manifest that stamps them."""

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.chroma import ChunkTable
from index.chunks import CHUNKING, chunk
from index.errors import StoreError
from index.papers import Paper
from index.vectors import Encoder, Vectors, WordEncoder
from index.words import WordsIndex
from index.wordvectors import FILE as WORD_VECTORS
from index.wordvectors import WordVectorTable

FORMAT = 2
_PAPERS_KEPT = 20_000
"""Of so many papers the vectors stay in memory once read: some 200 MB."""

PAPERS, MANIFEST, CHROMA = "papers.jsonl", "manifest.json", "chroma"


@dataclass(frozen=True)
class Manifest:
    """What shaped an index and what is in it.

    Attributes:
        format: Of the folder; another one is refused.
        generation: Counts the updates; a reader that sees another one opens anew.
        encoder: Name of the model that made the vectors.
        encoder_digest: What its weights hash to.
        dim: Numbers in a vector.
        chunking: How papers were cut.
        papers: Papers in it.
        chunks: Chunks in it.
        with_words: Papers whose words have vectors too.
        papers_digest: SHA-256 of `papers.jsonl`, the source of truth.
        built: ISO time of the last update, UTC.
    """

    format: int
    generation: int
    encoder: str
    encoder_digest: str
    dim: int
    chunking: str
    papers: int
    chunks: int
    with_words: int
    papers_digest: str
    built: str

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """Return the manifest of an index, None where there is none.

        Raises:
            StoreError: It is damaged or of another format.
        """
        try:
            values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreError(f"{folder / MANIFEST} is damaged ({error}). {rebuild(folder)}") from error
        if not isinstance(values, dict) or values.get("format") != FORMAT or set(values) != set(cls.__annotations__):
            raise StoreError(f"{folder} was written by another version of paperchat. {rebuild(folder)}")
        return cls(**values)

    def write(self, folder: Path) -> None:
        """Replace the manifest of an index in one step."""
        replace_file(folder / MANIFEST, json.dumps(asdict(self), indent=2) + "\n")

    def words_folder(self, folder: Path) -> Path:
        """Return where the words index of this generation lies."""
        return folder / f"words-{self.generation}"


class Store:
    """An index opened for reading; safe to share between threads.

    Attributes:
        folder: Where it lies.
        manifest: What shaped it.
        papers: In the order of their ids; positions below count in it.
    """

    def __init__(self, folder: Path, manifest: Manifest, papers: tuple[Paper, ...], words: WordsIndex) -> None:
        self.folder = folder
        self.manifest = manifest
        self.papers = papers
        self._words = words
        self._chunks = ChunkTable(folder / CHROMA)
        self._word_vectors = WordVectorTable(folder)
        self._chunk_ids: dict[int, list[str]] = {}
        self._vectors: dict[int, Vectors] = {}
        self._place = {paper.id: at for at, paper in enumerate(papers)}

    @classmethod
    def open(cls, folder: Path, encoder: Encoder) -> "Store":
        """Open an index that was built with this encoder.

        Raises:
            StoreError: There is none, its last update was cut short, or another encoder or chunking shaped it.
        """
        manifest = Manifest.read(folder)
        if manifest is None:
            raise StoreError(f"No index in {folder}. Build one: paperchat index --index {folder} [SOURCE…]")
        if mismatch := differs(manifest, encoder):
            raise StoreError(f"{folder} {mismatch}. {rebuild(folder)}")
        if file_digest(folder / PAPERS) != manifest.papers_digest:
            raise StoreError(f"The last update of {folder} was cut short. {rebuild(folder)}")
        words = WordsIndex.load(manifest.words_folder(folder))
        if not (folder / CHROMA).is_dir() or (
            isinstance(encoder, WordEncoder) and not (folder / WORD_VECTORS).exists()
        ):
            raise StoreError(f"The vectors of {folder} are gone. {rebuild(folder)}")
        store = cls(folder, manifest, tuple(read_papers(folder)), words)
        if manifest.chunks and not store._chunks.count():
            store.close()
            raise StoreError(f"{folder / CHROMA} holds no vectors. Remove that folder. {rebuild(folder)}")
        return store

    def close(self) -> None:
        """Let go of the files."""
        self._chunks.close()
        self._word_vectors.close()

    def stale(self) -> bool:
        """Tell whether the folder holds a newer generation than this store."""
        manifest = Manifest.read(self.folder)
        return manifest is not None and manifest.generation != self.manifest.generation

    def paper(self, paper_id: str) -> Paper | None:
        """Return a paper by its id."""
        at = self.place(paper_id)
        return None if at is None else self.papers[at]

    def nearest(self, vector: Vectors, count: int) -> list[int]:
        """Return the positions of the papers of the `count` chunks nearest to a vector, best first, each once."""
        if count >= self.manifest.chunks:  # all of them: Chroma's graph may miss some beside what an ended update kept
            cosines = self.similarities(range(len(self.papers)), vector).max(axis=1, initial=-1.0)
            return [int(at) for at in np.argsort(-cosines, kind="stable")]
        found = [self._place.get(paper_id) for _, paper_id in self._chunks.nearest(vector, count)]
        return list(dict.fromkeys(at for at in found if at is not None))

    def similarities(self, positions: Sequence[int], vector: Vectors) -> NDArray[np.float32]:
        """Return float32 `(positions, 2)`: exact cosine of a vector with each whole paper, and with its best chunk."""
        result = np.zeros((len(positions), 2), dtype=np.float32)
        for at, rows in enumerate(self._vectors_of(positions)):
            if len(rows):
                cosines = rows @ vector
                result[at] = cosines[0], cosines[1:].max(initial=cosines[0] if len(rows) == 1 else -1.0)
        return result

    def place(self, paper_id: str) -> int | None:
        """Return the position of a paper, None where the index has none of that id."""
        return self._place.get(paper_id)

    def wholes(self, positions: Sequence[int]) -> Vectors:
        """Return float32 `(positions, dim)`: the vector of each paper as a whole."""
        nothing = np.zeros(self.manifest.dim, dtype=np.float32)
        wholes = [rows[0] if len(rows) else nothing for rows in self._vectors_of(positions)]
        return np.asarray(wholes, dtype=np.float32).reshape(len(positions), self.manifest.dim)

    def _vectors_of(self, positions: Sequence[int]) -> list[Vectors]:
        """Return float32 `(chunks, dim)` for each paper, the whole of it first; read once, then kept."""
        unread = [at for at in positions if at not in self._vectors]
        read: dict[int, Vectors] = {}
        if unread:
            ids = {at: self._ids_of(at) for at in unread}
            rows = self._chunks.vectors([chunk_id for of_paper in ids.values() for chunk_id in of_paper])
            there = {at: [rows[chunk_id] for chunk_id in of_paper if chunk_id in rows] for at, of_paper in ids.items()}
            read = {at: np.asarray(found, dtype=np.float32) for at, found in there.items()}
        result = [read[at] if at in read else self._vectors[at] for at in positions]
        if len(self._vectors) + len(read) <= _PAPERS_KEPT:
            self._vectors.update(read)
        return result

    def word_vectors(self, positions: Sequence[int]) -> list[Vectors]:
        """Return for each paper float32 `(its different words, dim)`, rows of length 1; none where there are none."""
        ids = [self._ids_of(at)[0] for at in positions]
        rows = self._word_vectors.read(ids)
        nothing = np.zeros((0, self.manifest.dim), dtype=np.float32)
        return [rows.get(chunk_id, nothing) for chunk_id in ids]

    def _ids_of(self, position: int) -> list[str]:
        """Return the chunk ids of a paper, the whole of it first; cut once, then remembered."""
        if position not in self._chunk_ids:
            self._chunk_ids[position] = [piece.id for piece in chunk(self.papers[position])]
        return self._chunk_ids[position]

    def words(self, question: str) -> NDArray[np.float32]:
        """Return float32 `(papers,)`: the BM25 score of each paper."""
        return self._words.scores(question)

    def weighted_words(self, weights: Mapping[str, float]) -> NDArray[np.float32]:
        """Return float32 `(papers,)`: the BM25 score of each paper for (stemmed) words that count unequally."""
        return self._words.weighted(weights)

    def frequency(self, word: str) -> int:
        """Return the number of papers that a (stemmed) word stands in."""
        return self._words.frequency(word)

    def rare(self, words: Sequence[str]) -> bool:
        """Tell whether all of some (stemmed) words, at least one, stand in one paper of twenty at most, or in two."""
        most = max(2, len(self.papers) // 20)
        return bool(words) and all(self.frequency(word) <= most for word in words)

    def rarity(self, word: str) -> float:
        """Return the inverse document frequency of a (stemmed) word, ln(1 + papers / (1 + papers with it))."""
        return math.log(1 + len(self.papers) / (1 + self.frequency(word)))


def rebuild(folder: Path) -> str:
    """Return the sentence that says how an index is made whole again."""
    return f"Rebuild it: paperchat index --index {folder}"


def differs(manifest: Manifest, encoder: Encoder) -> str:
    """Say how an index differs from what an encoder would build; empty when it doesn't."""
    if manifest.encoder_digest != encoder.digest:
        return (
            f"was built with {manifest.encoder} (digest {manifest.encoder_digest[:12]}), "
            f"settings ask for {encoder.name} (digest {encoder.digest[:12]})"
        )
    if isinstance(encoder, WordEncoder) and manifest.with_words < manifest.papers:
        return "was built without vectors of its words"
    return "" if manifest.chunking == CHUNKING else f"was cut into chunks in another way ({manifest.chunking})"


def read_papers(folder: Path) -> list[Paper]:
    """Return the papers of an index from its source of truth; an empty list where there is none.

    Raises:
        StoreError: A line of it cannot be read.
    """
    path = folder / PAPERS
    if not path.exists():
        return []
    papers = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                papers.append(_paper(json.loads(line.decode())))
            except (ValueError, TypeError) as error:
                raise StoreError(
                    f"{path}, line {number}, is damaged ({error}). Restore it or remove that line."
                ) from error
    return papers


def _paper(values: Any) -> Paper:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(values, dict):
        raise TypeError("not an object")
    paper = Paper.from_dict(values)
    if not all(isinstance(text, str) for text in (paper.id, paper.title, paper.abstract)):
        raise TypeError("id, title and abstract must be texts")
    return paper


def papers_text(papers: Iterable[Paper]) -> str:
    """Return what `papers.jsonl` holds: one paper a line, in the order of their ids."""
    rows = sorted(papers, key=lambda paper: paper.id)
    return "".join(json.dumps(paper.to_dict(), ensure_ascii=False) + "\n" for paper in rows)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def replace_file(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees the old one or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
