"""A sentence and the papers it may lean on in, who bears it and how well out: by rules and vectors alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from index.papers import Paper
from index.vectors import Vectors
from index.words import tokenize
from rag.answer import Quote, Support
from rag.evidence import Source
from rag.facts import lacking, misbound, numbers
from rag.names import name_keys
from rag.polarity import contradicts
from rag.subject import beaten_by_another, owner, subject_of, wrongly_given

__all__ = ["Verdict", "attribute", "numbers"]

SUPPORTED, PARTIAL = 0.62, 0.5
"""What a paper's claim must be: the mean of the cosine with its nearest sentence and the share of words that it has."""

_CAPITAL = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b")
_HINT = 0.1
_FOREIGN = 0.1
"""By so much more must a paper claim a sentence than the one whose method it is about, for that to be the wrong one."""
_EVIDENCE = 2
"""Sentences of a paper, nearest first, that a sentence's direction is held against."""


@dataclass(frozen=True)
class Verdict:
    """What the check says of a sentence.

    Attributes:
        sources: Positions of the papers that bear it, best first.
        quotes: The sentence of each that does.
        support: How well.
        why: What speaks against it: "" or one of "number", "name", "subject", "negation", "direction", "meaning".
    """

    sources: tuple[int, ...]
    quotes: tuple[Quote, ...]
    support: Support
    why: str = ""


def attribute(sentence: str, vector: Vectors, sources: Sequence[Source], hints: Sequence[int] = ()) -> Verdict:
    """Find the papers that a sentence leans on, and check it against them.

    A paper's claim is half the cosine of its nearest sentence, half the share of the sentence's words in it, less what
    numbers and names it lacks. A second paper is cited when it has numbers or names that the first lacks. What is
    checked, in this order: every number stands in a cited paper with its unit, and is said of what it is said of there;
    every name stands there; the subject is whom the paper means; nothing is denied or turned round; enough of its words
    or of its meaning is there.

    Args:
        sentence: Without markers.
        vector: Of the sentence, float32 `(dim,)`.
        sources: What may be cited; at least one.
        hints: Positions of sources that the writer named itself; they win when claims are close.
    """
    names = name_keys(sentence)
    words = set(tokenize(sentence))
    texts = [_text(source.paper) for source in sources]
    gaps = [{*lacking(sentence, text.text), *(names - text.names), *_foreign(sentence, text)} for text in texts]
    facts = max(len(names) + len(numbers(sentence)), 1)
    meant = [
        0.5 * float((source.vectors @ vector).max(initial=0.0)) + 0.5 * _share(words, texts[at].words)
        for at, source in enumerate(sources)
    ]
    claims = [
        meant[at] - 0.5 * len(gaps[at]) / facts + (_HINT if at in hints else 0.0) for at, source in enumerate(sources)
    ]
    order = [int(at) for at in np.lexsort((np.arange(len(claims)), -np.round(claims, 6)))]
    cited, missing = order[:1], gaps[order[0]]
    for at in order[1:]:
        if missing - gaps[at]:
            cited.append(at)
            missing = missing & gaps[at]
    ranked = [_ranked(sources[at], vector, sentence) for at in cited]
    quotes = tuple(sources[at].quote(best[0], score) for at, (best, score) in zip(cited, ranked, strict=True))
    share = _share(words, set().union(*(texts[at].words for at in cited)))
    meaning = 0.5 * max(quote.score for quote in quotes) + 0.5 * share
    why = "number" if missing & lacking(sentence, "") else "name" if missing else ""
    why = why or ("meaning" if meaning < PARTIAL else "")
    why = why or _against(sentence, sources, cited, [best for best, _ in ranked], meant)
    return Verdict(tuple(cited), quotes, _support(why, meaning), why)


def _support(why: str, meaning: float) -> Support:
    return "unsupported" if why else "supported" if meaning >= SUPPORTED else "partial"


def _against(
    sentence: str,
    sources: Sequence[Source],
    cited: Sequence[int],
    best: Sequence[Sequence[int]],
    meant: Sequence[float],
) -> str:
    """Say what in the cited papers speaks against a sentence whose numbers and names are all there."""
    spans = [sources[at].spans for at in cited]
    near = [of[place].text for of, places in zip(spans, best, strict=True) for place in places]
    if len(cited) == 1 and misbound(sentence, near[0]):
        return "number"
    papers = [sources[at].paper for at in cited]
    if (subject := subject_of(sentence, [source.paper for source in sources])) is not None:
        at = owner(subject, [source.paper for source in sources])
        if at is not None and subject.name not in papers[0].abstract and max(meant) - meant[at] > _FOREIGN:
            return "subject"
        if wrongly_given(subject, papers, near):
            return "subject"
    if beaten_by_another(sentence, papers):
        return "direction"
    others = [
        span.text for of, places in zip(spans, best, strict=True) for at, span in enumerate(of) if at not in places
    ]
    return contradicts(sentence, near, others)


@dataclass(frozen=True)
class _Text:
    """What of a paper a sentence is held against: its title and whole abstract."""

    text: str
    lower: str
    words: frozenset[str]
    names: frozenset[str]


@lru_cache(maxsize=256)
def _read(text: str) -> _Text:
    return _Text(text, text.casefold(), frozenset(tokenize(text)), frozenset(name_keys(text) | _acronyms(text)))


def _text(paper: Paper) -> _Text:
    return _read(f"{paper.title}. {paper.abstract}")


def _acronyms(text: str) -> set[str]:
    """Return what neighbouring words of a text may be abbreviated to: "language model" bears LM, "of the model" not."""
    words = re.findall(r"[A-Za-z]+", text.casefold())
    carries = [bool(tokenize(word)) for word in words]
    return {
        "".join(word[0] for word in words[at : at + length])
        for at in range(len(words))
        for length in range(2, 6)
        if at + length <= len(words)
        and carries[at]
        and carries[at + length - 1]
        and (length > 2 or all(carries[at : at + 2]))
    }


def _foreign(sentence: str, text: _Text) -> set[str]:
    """Return the capitalised words within a sentence that a paper does not have in any spelling: "Vicuna"."""
    found = _CAPITAL.findall(sentence)
    return {word for word in found if word.casefold() not in text.lower and not set(tokenize(word)) <= text.words}


def _share(words: set[str], there: frozenset[str] | set[str]) -> float:
    return len(words & there) / len(words) if words else 0.0


def _ranked(source: Source, vector: Vectors, sentence: str) -> tuple[list[int], float]:
    """Return the sentences of a source that bear another best (nearest in meaning, with its words and its numbers)."""
    words, wanted = set(tokenize(sentence)), numbers(sentence)
    cosines = source.vectors @ vector
    shared = [_share(words, set(tokenize(span.text))) + _share(wanted, numbers(span.text)) for span in source.spans]
    order = np.argsort(-np.round(cosines + 0.3 * np.asarray(shared), 6), kind="stable")[:_EVIDENCE]
    return [int(at) for at in order], float(cosines[order[0]])
