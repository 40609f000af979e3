"""A sentence and the papers it may lean on in, who bears it and how well out: by rules and vectors alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.vectors import Vectors
from index.words import tokenize
from rag.answer import Quote, Support
from rag.evidence import Source
from rag.names import name_keys

COVERED, HALF_COVERED = 0.6, 0.4
"""Shares of a sentence's content words that must stand in the cited abstracts: supported, and at least partial."""
NEAR, FAR = 0.7, 0.45
"""Cosines with the nearest cited sentence that count as much."""

_NUMBER = re.compile(r"(?<![A-Za-z\d.])(?:\d+(?:[.,]\d+)*|\.\d+)")
_SPELT = {
    word: str(number)
    for number, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
    if number > 1
}
_HINT = 0.1


@dataclass(frozen=True)
class Verdict:
    """Which sources bear a sentence (positions, best first), the sentence of each that does, and how well."""

    sources: tuple[int, ...]
    quotes: tuple[Quote, ...]
    support: Support


def attribute(sentence: str, vector: Vectors, sources: Sequence[Source], hints: Sequence[int] = ()) -> Verdict:
    """Find the papers that a sentence leans on, and check it against them.

    A paper's claim is half the cosine of its nearest sentence, half the share of the sentence's words in it, less what
    numbers and names it lacks. A second paper is cited when it has numbers or names that the first lacks.

    Args:
        sentence: Without markers.
        vector: Of the sentence, float32 `(dim,)`.
        sources: What may be cited; at least one.
        hints: Positions of sources that the writer named itself; they win when claims are close.
    """
    facts = _facts(sentence)
    texts = [_Text(source) for source in sources]
    words = set(tokenize(sentence))
    claims = [
        0.5 * float((source.vectors @ vector).max(initial=0.0))
        + 0.5 * _share(words, text.words)
        - 0.5 * len(facts - text.facts) / max(len(facts), 1)
        + (_HINT if at in hints else 0.0)
        for at, (source, text) in enumerate(zip(sources, texts, strict=True))
    ]
    order = [int(at) for at in np.lexsort((np.arange(len(claims)), -np.round(claims, 6)))]
    cited = order[:1]
    lacking = facts - texts[cited[0]].facts
    for at in order[1:]:
        if found := texts[at].facts & lacking:
            cited.append(at)
            lacking -= found
    quotes = tuple(_quote(sources[at], vector, sentence) for at in cited)
    cosine = max(quote.score for quote in quotes)
    share = _share(words, set().union(*(texts[at].words for at in cited)))
    return Verdict(tuple(cited), quotes, _support(lacking, share, cosine))


def _support(lacking: set[str], share: float, cosine: float) -> Support:
    """Weigh what was found: any number or name that no cited paper has is not supported."""
    if lacking or (share < HALF_COVERED and cosine < FAR):
        return "unsupported"
    return "supported" if share >= COVERED or cosine >= NEAR else "partial"


class _Text:
    """What of a paper a sentence is held against: its title and whole abstract."""

    def __init__(self, source: Source) -> None:
        text = f"{source.paper.title} {source.paper.abstract}"
        self.words = set(tokenize(text))
        self.facts = _facts(text) | _acronyms(text)


def _facts(text: str) -> set[str]:
    """Return the numbers and the names of a text, each in one spelling."""
    return numbers(text) | name_keys(text)


def _acronyms(text: str) -> set[str]:
    """Return what neighbouring words of a text may be abbreviated to: "language model" bears LM."""
    initials = "".join(word[0] for word in re.findall(r"[A-Za-z]+", text)).casefold()
    return {initials[at : at + length] for length in range(2, 6) for at in range(len(initials) - length + 1)}


def numbers(text: str) -> set[str]:
    """Return the numbers of a text in one spelling: 1,000 and 1000, 0.50 and .5, two and 2 are the same."""
    digits = (found[0].replace(",", "") for found in _NUMBER.finditer(text))
    plain = {
        number.lstrip("0").rstrip("0").rstrip(".") if "." in number else number.lstrip("0") or "0" for number in digits
    }
    return plain | {_SPELT[word] for word in re.findall(r"[a-z]+", text.casefold()) if word in _SPELT}


def _share(words: set[str], there: set[str]) -> float:
    return len(words & there) / len(words) if words else 0.0


def _quote(source: Source, vector: Vectors, sentence: str) -> Quote:
    """Return the sentence of a source that bears another best: nearest in meaning, with its words and its numbers."""
    words, wanted = set(tokenize(sentence)), numbers(sentence)
    cosines = source.vectors @ vector
    shared = [_share(words, set(tokenize(span.text))) + _share(wanted, numbers(span.text)) for span in source.spans]
    at = int(np.argmax(np.round(cosines + 0.3 * np.asarray(shared), 6)))
    return source.quote(at, float(cosines[at]))
