"""A sentence and what a paper says in, whether they disagree out: by a negation or by a direction.

Rules over small tables; they know no grammar, and stay silent where nothing in the paper is near enough to compare.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.words import tokenize

_NOT = (
    r"not|n['’]t|no|never|without|cannot|avoid(?:s|ed|ing)?|fails?|failed|failing|neither|nor|none|nobody|nothing|hardly|barely|unable|"
    r"insignificant|negligible"
)
_SOFT = (
    r"avoid\w*|prevent\w*|eliminat\w*|remov\w*|instead|rather|lacks?|lacking|absen\w+|un(?:changed|touched|affected|able|"
    r"necessary|needed|known|clear|like|likely)|\w+-free|\w+-agnostic|free|few|little|rarely|seldom|only|independent\w*|"
    r"frozen|except|contrast|impossible|ignor\w*|miss\w*|beyond|too|poor\w*|suffer\w*|worse|exclu\w+|dispens\w+|obviat\w+"
)
"""Words that may deny in their own way: where one stands, nothing is said of a negation."""
_NEGATION = re.compile(rf"\b(?:{_NOT})\b|n['’]t\b", re.I)
_DENYING = re.compile(rf"\b(?:{_NOT}|{_SOFT})\b|n['’]t\b", re.I)
_EXCEPT = re.compile(r"\b(?:not only|no longer|no more than|not just|nor only|not all|no less)\b", re.I)
_CLAUSE = re.compile(
    r"[;:]|,(?!\d)|\s(?:and|while|whereas|but|yet|although|though|because|since|so|even if|when)\s"
    r"|\s(?=(?:instead of|rather than|without|except|not from|beyond)\s)"
)

_AXES = (
    (
        "increase increases increased increasing raise raises raised raising rise rises rose risen rising grow grows "
        "grew growing higher more larger greater bigger",
        "decrease decreases decreased decreasing reduce reduces reduced reducing reduction lower lowers lowered "
        "lowering cut cuts cutting fall falls fell falling drop drops dropped dropping shrink shrinks shrank shrinking "
        "less fewer smaller decline declines declined",
    ),
    (
        "faster fast quick quicker quickly speeds speedup accelerate accelerates accelerated",
        "slower slow slowly slows slowed slowdown",
    ),
    (
        "better best improve improves improved improving improvement improvements enhance enhances enhanced superior "
        "outperform outperforms outperformed outperforming beat beats surpass surpasses surpassed exceed exceeds "
        "exceeded outdo outdoes boost boosts helps gain gains stronger",
        "worse worst worsen worsens worsened worsening degrade degrades degraded deteriorate deteriorates "
        "deterioration inferior underperform underperforms underperformed hurts harms loses weaker",
    ),
    ("early earlier first", "late later last afterwards finally"),
    ("before prior", "after following post"),
    ("easy easier simple simpler", "hard harder difficult"),
    ("short shorter", "long longer"),
    ("cheap cheaper inexpensive", "expensive costly dear dearer"),
    ("minimize minimizes minimise minimises minimizing", "maximize maximizes maximise maximises maximizing"),
    ("positive positively", "negative negatively"),
    ("high highly", "low"),
    ("strong strongly", "weak weakly poor"),
    ("well", "poorly badly"),
    ("unchanged untouched unaltered unaffected", "change changes changed changing alters altered modifies modified"),
    ("all both", "none neither"),
    ("always often", "never rarely seldom"),
    ("most", "least"),
)
_CUES = {word: (axis, at) for axis, sides in enumerate(_AXES) for at, side in enumerate(sides) for word in side.split()}
_PHRASES = re.compile(
    r"\b(?:falls? short of|fell short of|stays? below|stayed below|remains? below|loses? to|lost to|lags? behind|"
    r"trails? behind|trails|trailed|is behind|are behind|inferior to|worse than)\b",
    re.I,
)
_UP, _DOWN = (re.compile(rf"\b(?:go|goes|going|went) {way}\b") for way in ("up", "down"))
_WORD = re.compile(r"(?:high|low)(?=-)|[\w.%×+]+(?:[-'’][\w.]+)*|[;:]")
_REACH = 7
"""Words on each side of a word of direction that say what it is said of."""
_NEAR = 2
"""Shared words that make two clauses comparable."""


@dataclass(frozen=True)
class _Cue:
    """A word of direction: on which axis, which side, and the stems around it."""

    axis: int
    side: int
    around: frozenset[str]


def contradicts(sentence: str, evidence: Sequence[str], others: Sequence[str] = ()) -> str:
    """Say how a sentence goes against the sentences of a paper, "" where it doesn't: "negation" or "direction".

    Args:
        sentence: To be checked.
        evidence: The sentences of the paper that are nearest to it.
        others: All others; they count only where they say just what the sentence denies.
    """
    if _denies(sentence, [*evidence, *others]) or any(_denies(other, [sentence], evidence) for other in evidence):
        return "negation"
    return "direction" if _turned(sentence, evidence) else ""


def _denies(text: str, others: Sequence[str], besides: Sequence[str] = ()) -> bool:
    """Tell whether a text denies in a clause what others say, and neither they nor what stands besides say both."""
    clauses = [clause for other in others for clause in _CLAUSE.split(other)]
    rest = [clause for other in besides if other != text for clause in _CLAUSE.split(other)]
    for clause in _CLAUSE.split(_EXCEPT.sub(" ", text)):
        for match in _NEGATION.finditer(clause):
            scope = _scope(clause, match)
            near = [said for other in clauses if (said := _says(other, scope))]
            if near and not any(_DENYING.search(said) for said in near):
                most = max(_shared(said, scope) for said in near)
                affirmed = [said for other in rest if (said := _says(other, scope)) and _shared(said, scope) >= most]
                if not any(not _DENYING.search(said) for said in affirmed):
                    return True
    return False


def _scope(clause: str, negation: re.Match[str]) -> list[str]:
    """Return the stems of what is denied: what follows, and what stands before where little follows."""
    after = tokenize(_NEGATION.sub(" ", clause[negation.end() :]))[:6]
    if len(after) >= _NEAR or negation[0].casefold() not in ("not", "n't", "n’t", "never", "cannot"):
        return after
    return [*after, *tokenize(_NEGATION.sub(" ", clause[: negation.start()]))[-4:]] if after else []


def _says(clause: str, scope: Sequence[str]) -> str:
    """Return the part of a clause that says what is denied, "" where it doesn't: its verb, and most of the rest."""
    words = clause.split()
    at = [place for place, word in enumerate(words) if set(tokenize(word)) & set(scope)]
    if len(scope) < _NEAR or not at or not set(tokenize(clause)) & set(scope[:2]):
        return ""
    if _shared(clause, scope) < max(_NEAR, 0.6 * len(scope)):
        return ""
    return " ".join(words[max(at[0] - 4, 0) : at[-1] + 3])


def _shared(text: str, scope: Sequence[str]) -> int:
    words = set(tokenize(text))
    return sum(stem in words for stem in scope)


def _turned(sentence: str, evidence: Sequence[str]) -> bool:
    """Tell whether a word of direction is the opposite of the one that the paper has at that place."""
    there = [cue for other in evidence for cue in _cues(other)]
    for cue in _cues(sentence):
        same = [len(cue.around & other.around) for other in there if other.axis == cue.axis and other.side == cue.side]
        opposite = [
            len(cue.around & other.around) for other in there if other.axis == cue.axis and other.side != cue.side
        ]
        if max(opposite, default=0) >= _NEAR and max(opposite) > max(same, default=0):
            return True
    return False


@lru_cache(maxsize=4096)
def _cues(text: str) -> tuple[_Cue, ...]:
    """Return the words of direction of a text; a negation right before one turns it round."""
    text = _DOWN.sub("falls", _UP.sub("rises", _PHRASES.sub("underperforms", _EXCEPT.sub(" ", text))))
    words = [word.rstrip(".") for word in _WORD.findall(text)]
    found = []
    for at, word in enumerate(words):
        if (known := _CUES.get(word.casefold())) is None:
            continue
        denied = any(_NEGATION.fullmatch(before) for before in words[max(at - 3, 0) : at])
        around = [*words[max(at - _REACH, 0) : at], *words[at + 1 : at + 1 + _REACH]]
        stems = tokenize(" ".join(word for word in around if word.casefold() not in _CUES))
        found.append(_Cue(known[0], known[1] ^ denied, frozenset(stems)))
    return tuple(found)
