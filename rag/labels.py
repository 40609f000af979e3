"""Groups of papers in, the few words that tell each from the others out."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from index.papers import Paper
from index.words import tokenize

WORDS = 3

_WORD = re.compile(r"[^\W\d_][^\W_]*(?:[-‑][^\W_]+)*")
_PRIOR = 0.5
_COMMON = 0.2
"""A word that a larger part of all papers has tells a reader nothing about some of them."""


def labels(papers: Sequence[Paper], groups: Sequence[int], words: int = WORDS) -> list[tuple[str, ...]]:
    """Return for each group the words that most tell its papers from the other ones, as they are commonly written.

    A word counts once a paper. It is ranked by the difference of its log odds in the group and in the other papers,
    divided by its standard deviation, with half a paper added to each count (after Monroe, Colaresi and Quinn,
    Political Analysis 16, 2008, doi:10.1093/pan/mpn018); ties go by the alphabet.

    Args:
        papers: All of them.
        groups: The group of each, counted from 0.
        words: How many a group.
    """
    spellings: dict[str, Counter[str]] = {}
    stems: dict[str, str] = {}
    with_word: list[Counter[str]] = [Counter() for _ in range(max(groups, default=-1) + 1)]
    sizes = Counter(groups)
    for paper, group in zip(papers, groups, strict=True):
        seen: dict[str, set[str]] = {}
        for word in _WORD.findall(f"{paper.title} {paper.abstract}"):
            if word not in stems:
                stems[word] = (tokenize(word) or [""])[-1]  # the last of a compound is the whole of it
            if len(stems[word]) > 2:
                seen.setdefault(stems[word], set()).add(word)
        with_word[group].update(seen.keys())
        for stem, spelled in seen.items():
            spellings.setdefault(stem, Counter()).update(spelled)
    everywhere = Counter[str]()
    for counts in with_word:
        everywhere.update(counts)
    return [
        tuple(
            _commonest(spellings[stem])
            for stem in _telling(with_word[group], everywhere, sizes[group], len(papers))[:words]
        )
        for group in range(len(with_word))
    ]


def _telling(here: Counter[str], everywhere: Counter[str], size: int, papers: int) -> list[str]:
    """Return the words of a group, the most telling first; common ones and those of one paper come last."""

    def score(word: str) -> float:
        inside, outside = here[word], everywhere[word] - here[word]
        odds = [
            math.log((with_it + _PRIOR) / (of - with_it + _PRIOR))
            for with_it, of in ((inside, size), (outside, papers - size))
        ]
        return (odds[0] - odds[1]) / math.sqrt(1 / (inside + _PRIOR) + 1 / (outside + _PRIOR))

    return sorted(here, key=lambda word: (here[word] < 2 or everywhere[word] > _COMMON * papers, -score(word), word))


def _commonest(spellings: Counter[str]) -> str:
    """Return how a word is written most often, in small letters where it also stands so, as in no title."""
    best = min(spellings, key=lambda word: (-spellings[word], word != word.lower(), word))
    return best.lower() if best.lower() in spellings else best
