"""Papers in, a words index (BM25) out, in segments that stay as they were written. The one home of bm25s."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import StoreError
from index.paper import Paper
from index.postings import hashed, mapped
from index.words import question_words, tokenize

K1, B = 1.5, 0.75
TITLE_TIMES = 2

SEGMENT_PAPERS = 100_000
"""Papers of the largest segment: building one takes some 300 MB."""

_NO_WORD = "-"
"""Stands in a segment without any word, since bm25s cannot be empty; no question holds it."""

_KEPT = 100_000
_ARRAYS = ("words", "starts", "papers", "scores", "size")


@dataclass(frozen=True)
class Segment:
    """Some papers by their words, numbered in the order that they were given.

    Attributes:
        words: uint64, the hashes of its (stemmed) words, sorted.
        starts: int64 `(words + 1,)`, where the papers of each word begin.
        papers: int32, numbers of the papers that have a word, in order.
        scores: float32, beside each what the word scores in that paper here.
        size: int64 `(1,)`, the number of papers.
    """

    words: NDArray[np.uint64]
    starts: NDArray[np.int64]
    papers: NDArray[np.int32]
    scores: NDArray[np.float32]
    size: NDArray[np.int64]

    @classmethod
    def build(cls, papers: Iterable[Paper]) -> "Segment":
        """Index papers; a paper without any word never scores."""
        import bm25s

        vocabulary: dict[str, int] = {}
        texts = [[vocabulary.setdefault(word, len(vocabulary)) for word in _words(paper)] for paper in papers]
        size = len(texts)
        if not vocabulary:
            vocabulary, texts = {_NO_WORD: 0}, [[0]] * max(size, 1)
        bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
        bm25.index((texts, vocabulary), create_empty_token=False, show_progress=False)
        hashes = np.fromiter(map(hashed, vocabulary), np.uint64, len(vocabulary))
        order = np.argsort(hashes)
        starts = np.asarray(bm25.scores["indptr"], dtype=np.int64)
        sizes = np.diff(starts)[order]
        rows = np.concatenate([np.arange(starts[at], starts[at + 1]) for at in order])
        return cls(
            hashes[order],
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.asarray(bm25.scores["indices"], dtype=np.int32)[rows],
            np.asarray(bm25.scores["data"], dtype=np.float32)[rows],
            np.asarray([size], dtype=np.int64),
        )

    @classmethod
    def load(cls, folder: Path) -> "Segment":
        """Open what `save` wrote, mapped into memory.

        Raises:
            StoreError: The folder does not hold a whole segment.
        """
        try:
            return cls(*(mapped(folder / f"{name}.npy") for name in _ARRAYS))
        except (OSError, EOFError, ValueError) as error:
            raise StoreError(
                f"The words index in {folder} is damaged ({error}). Rebuild it: paperchat index --index {folder.parent}"
            ) from error

    def save(self, folder: Path) -> None:
        """Write the segment into a folder of its own."""
        folder.mkdir(parents=True)
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))

    def rows(self, word: str) -> slice:
        """Return where a (stemmed) word stands in `papers` and `scores`; an empty slice where it doesn't."""
        key = np.uint64(hashed(word))
        at = int(self.words.searchsorted(key))
        if at == len(self.words) or self.words[at] != key:
            return slice(0, 0)
        return slice(int(self.starts[at]), int(self.starts[at + 1]))


class WordsIndex:
    """BM25 over title (twice), abstract and topics of each paper.

    Robertson's BM25 with idf as Lucene has it (bm25s, Lù 2024, arXiv:2407.03618), k1 1.5, b .75. Each segment knows the
    mean length of its own papers; the rarity of a word is that in all of them, papers counted that have since changed.
    """

    def __init__(self, segments: Sequence[tuple[Segment, NDArray[np.int32]]], count: int) -> None:
        """Take segments, each with the position of its papers in the index, -1 for those that are gone."""
        self._segments = segments
        self._count = count
        self._sizes = [int(segment.size[0]) for segment, _ in segments]
        self._whole = [bool((places >= 0).all()) for _, places in segments]
        self.frequency = lru_cache(_KEPT)(self._frequency)

    @classmethod
    def build(cls, papers: Sequence[Paper]) -> "WordsIndex":
        """Index papers in one segment."""
        return cls([(Segment.build(papers), np.arange(len(papers), dtype=np.int32))], len(papers))

    def scores(self, question: str) -> NDArray[np.float32]:
        """Return float32 `(papers,)`: the BM25 score of each paper, 0 where no word is shared."""
        result = np.zeros(self._count, dtype=np.float32)
        for at, rows, weight in self._found(dict.fromkeys(question_words(question), 1.0)):
            segment, places = self._segments[at]
            positions, scores = places[segment.papers[rows]], segment.scores[rows]
            if not self._whole[at]:
                there = positions >= 0
                positions, scores = positions[there], scores[there]
            result[positions] += np.float32(weight) * scores
        return result

    def weighted(self, weights: Mapping[str, float], positions: Sequence[int]) -> NDArray[np.float32]:
        """Return float32 `(positions,)`: the BM25 score of some papers for (stemmed) words that count unequally."""
        asked = np.asarray(positions, dtype=np.int64)
        owners, numbers = (each[asked] for each in self._homes)
        result = np.zeros(len(asked), dtype=np.float32)
        mine = [np.flatnonzero(owners == at) for at in range(len(self._segments))]
        for at, rows, weight in self._found(weights):
            segment, places = self._segments[at][0], mine[at]
            papers = segment.papers[rows]  # in order
            found = np.minimum(papers.searchsorted(numbers[places]), len(papers) - 1)
            there = papers[found] == numbers[places]
            result[places[there]] += np.float32(weight) * segment.scores[rows][found[there]]
        return result

    def _found(self, weights: Mapping[str, float]) -> Iterator[tuple[int, slice, float]]:
        """Yield (segment, where a word stands in it, what its scores there count) for words that do stand there."""
        for word, weight in weights.items():
            found = [segment.rows(word) for segment, _ in self._segments]
            everywhere = _idf(sum(rows.stop - rows.start for rows in found), sum(self._sizes))
            for at, (size, rows) in enumerate(zip(self._sizes, found, strict=True)):
                if rows.stop > rows.start:
                    share = everywhere / _idf(rows.stop - rows.start, size) if len(self._segments) > 1 else 1.0
                    yield at, rows, weight * share

    @cached_property
    def _homes(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """For each paper int32: the segment that it is in, and its number there."""
        owners, numbers = np.full((2, self._count), -1, dtype=np.int32)
        for at, (_, places) in enumerate(self._segments):
            there = np.flatnonzero(places >= 0)
            owners[places[there]], numbers[places[there]] = at, there
        return owners, numbers

    def _frequency(self, word: str) -> int:
        """Return the number of papers that a (stemmed) word stands in."""
        found = 0
        for (segment, places), whole in zip(self._segments, self._whole, strict=True):
            rows = segment.rows(word)
            found += rows.stop - rows.start if whole else int((places[segment.papers[rows]] >= 0).sum())
        return found


def _words(paper: Paper) -> list[str]:
    return tokenize(f"{paper.title} " * TITLE_TIMES + paper.abstract + " " + " ".join(paper.topics))


def _idf(with_it: int, size: int) -> float:
    """Return the inverse document frequency as Lucene has it."""
    return math.log(1 + (size - with_it + 0.5) / (with_it + 0.5))
