"""Papers in, a words index (BM25) out, and scores for the words of a question."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.errors import StoreError
from index.papers import Paper

if TYPE_CHECKING:
    import bm25s
    import Stemmer

K1, B = 1.5, 0.75
TITLE_TIMES = 2

_NO_WORD = "-"
"""Stands in an index without any word, since bm25s cannot be empty; no question holds it."""

DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_POSSESSIVE = re.compile(r"['’]s\b")
_WORD = re.compile(r"[^\W_]+(?:(?:-|(?<=\d)\.(?=\d))[^\W_]+)*")
_STOP = frozenset(
    "a about all also am an and any are as at be been being between both but by can could did do does doing done "
    "for from get give gives had has have having he her his how i if in into is it its itself just like made make "
    "makes me more most much my no nor not of on one only or other our out over own paper papers please same say "
    "says she should show shows so some such tell than that the their them then there these they this those "
    "through to too under up upon us use used uses using very was we were what when where which while who whom "
    "whose why will with would you your".split()
)


def tokenize(text: str) -> list[str]:
    """Split a text into stemmed, lower-case words; a compound counts both as its parts and joined.

    Typed dashes, case, accents and the plural don't matter: "DP‑LoRA", "dp lora" and "DP-LoRAs" share words.

    >>> tokenize("The DP‑LoRAs of 4M-21")
    ['dp', 'lora', 'dplora', '4m', '21', '4m21']
    """
    return _stemmed(_split(text))


def _split(text: str) -> list[str]:
    flat = unicodedata.normalize("NFKD", _POSSESSIVE.sub("", DASHES.sub("-", text))).casefold()
    flat = "".join(letter for letter in flat if not unicodedata.combining(letter))
    words: list[str] = []
    for word in _WORD.findall(flat):
        parts = word.split("-")
        words += [part for part in parts if part not in _STOP]
        if len(parts) > 1:
            words.append("".join(parts))
    return words


def _stemmed(words: Sequence[str]) -> list[str]:
    return [str(word) for word in _stemmer().stemWords(words)]


class WordsIndex:
    """BM25 over title (twice) and abstract of each paper, in the order that they were given.

    Robertson's BM25 with idf as Lucene has it (bm25s, Lù 2024, arXiv:2407.03618), k1 1.5, b .75.
    """

    def __init__(self, bm25: "bm25s.BM25", count: int) -> None:
        self._bm25 = bm25
        self._count = count

    @classmethod
    def build(cls, papers: Sequence[Paper]) -> "WordsIndex":
        """Index papers; a paper without any word never scores."""
        import bm25s

        bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
        texts = [f"{paper.title} " * TITLE_TIMES + paper.abstract + " " + " ".join(paper.topics) for paper in papers]
        words = [tokenize(text) for text in texts]
        bm25.index(words if any(words) else [[_NO_WORD]] * max(len(papers), 1), show_progress=False)
        return cls(bm25, len(papers))

    @classmethod
    def load(cls, folder: Path) -> "WordsIndex":
        """Open what `save` wrote, mapped into memory.

        Raises:
            StoreError: The folder does not hold a whole words index.
        """
        import bm25s

        try:
            bm25 = bm25s.BM25.load(str(folder), mmap=True, load_corpus=False)
            count = int(bm25.scores["num_docs"])
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"The words index in {folder} is damaged ({error}). Rebuild it: paperchat index --index {folder.parent}"
            ) from error
        return cls(bm25, count)

    def save(self, folder: Path) -> None:
        """Write the index into a folder of its own."""
        self._bm25.save(str(folder), show_progress=False)

    def scores(self, question: str) -> NDArray[np.float32]:
        """Return float32 `(papers,)`: the BM25 score of each paper, 0 where no word is shared."""
        words = self.known(_stemmed(_joined(_split(question))))
        if not words:
            return np.zeros(self._count, dtype=np.float32)
        return np.asarray(self._bm25.get_scores(words), dtype=np.float32)

    def weighted(self, weights: Mapping[str, float]) -> NDArray[np.float32]:
        """Return float32 `(papers,)`: the BM25 score of each paper for (stemmed) words that count unequally."""
        result = np.zeros(self._count, dtype=np.float32)
        starts = self._bm25.scores["indptr"]
        for word in self.known(weights):
            at = self._bm25.vocab_dict[word]
            of_word = slice(int(starts[at]), int(starts[at + 1]))
            result[self._bm25.scores["indices"][of_word]] += weights[word] * self._bm25.scores["data"][of_word]
        return result

    def frequency(self, word: str) -> int:
        """Return the number of papers that a (stemmed) word stands in."""
        at = self._bm25.vocab_dict.get(word)
        if at is None:
            return 0
        starts = self._bm25.scores["indptr"]
        return int(starts[at + 1] - starts[at])

    def known(self, words: Iterable[str]) -> list[str]:
        """Return those words that stand in any paper, each once, in order."""
        return [word for word in dict.fromkeys(words) if word in self._bm25.vocab_dict]


def _joined(words: list[str]) -> list[str]:
    """Add neighbours written as one, so that "mega scale" finds MegaScale; unknown ones fall away later."""
    return words + [first + second for first, second in pairwise(words)]


@cache
def _stemmer() -> "Stemmer.Stemmer":
    import Stemmer

    return Stemmer.Stemmer("english")
