"""A sentence and a paper in, whether they disagree on who beats whom out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.words import tokenize

WINS = (
    r"outperform(?:s|ed|ing)?|beat(?:s|en|ing)?|surpass(?:es|ed|ing)?|exceed(?:s|ed|ing)?|outdo(?:es|ing)?|tops|"
    r"overtakes?|triples|doubles|(?:better|faster|higher|stronger|more accurate)(?: \w+)? than|superior to|ahead of"
)
LOSES = (
    r"underperform(?:s|ed|ing)?|loses? to|(?:worse|slower|lower|weaker)(?: \w+)? than|inferior to|behind|lags?|trails?|"
    r"falls? short of|(?:beaten|outperformed|surpassed) by"
)
"""What stands between the one that is better and the one that is worse, and the other way round."""

_VERDICT = re.compile(rf"\b(?:(?P<loses>{LOSES})|(?P<wins>{WINS}))\b(?!-)", re.I)
_CLAUSE = re.compile(r"[;:]|\s(?:while|whereas|but|although|though|which|because)\s")
_NOT = re.compile(r"\b(?:not|no|never|hardly|without)\b|n['’]t\b", re.I)
_AFTER = re.compile(r"\b(?:by|on|in|at|with|for|under|across|when)\b|,\s(?=\d)")
_LEFT, _RIGHT = 8, 14
"""Words on either side of a verdict that name the two."""


@dataclass(frozen=True)
class _Frame:
    """Who is said to be better than whom, as stems."""

    better: frozenset[str]
    worse: frozenset[str]


def turned(sentence: str, evidence: Sequence[str], own: str) -> bool:
    """Tell whether a sentence has the loser of a comparison win.

    Sides are compared by their words: a frame is turned round when more of its words stand on the other side of the
    nearest frame of the paper than on the same. The paper's own method stands on the winning side where none is named.

    Args:
        sentence: To be checked.
        evidence: Sentences of the paper that are nearest to it.
        own: What the paper calls its method, "" where nothing is known.
    """
    name = frozenset(tokenize(own))
    there = [frame for text in evidence for frame in _frames(text, name, of_paper=True)]
    for frame in _frames(sentence, name):
        shares = [
            (
                len(frame.better & other.better) + len(frame.worse & other.worse),
                len(frame.better & other.worse) + len(frame.worse & other.better),
            )
            for other in there
        ]
        straight, crossed = max(shares, key=max, default=(0, 0))
        if crossed > straight and crossed > 1:
            return True
    return False


def _frames(text: str, own: frozenset[str], of_paper: bool = False) -> list[_Frame]:
    frames = []
    for clause in _CLAUSE.split(text):
        for match in _VERDICT.finditer(clause):
            if _NOT.search(clause[: match.start()]):
                continue
            left = frozenset(tokenize(" ".join(clause[: match.start()].split()[-_LEFT:])))
            right = frozenset(tokenize(" ".join(_AFTER.split(clause[match.end() :])[0].split()[:_RIGHT])))
            better, worse = (right, left) if match["loses"] else (left, right)
            if of_paper and own and not own & (better | worse):
                better = better | own
            frames.append(_Frame(better - worse, worse - better))
    return frames
