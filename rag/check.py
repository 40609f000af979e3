"""A sentence and the papers it may lean on in, who bears it and how well out: by rules and vectors alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from index.papers import Paper
from index.vectors import Vectors
from index.words import tokenize
from rag.answer import Quote, Support
from rag.comparison import turned
from rag.evidence import Source
from rag.facts import lacking, misbound, numbers
from rag.names import name_keys
from rag.names import names as names_of
from rag.nli import Inferrer
from rag.polarity import contradicts
from rag.subject import owner, short_title, subject_of, wrongly_given

__all__ = ["Verdict", "attribute", "numbers"]

SUPPORTED, PARTIAL = 0.6, 0.48
"""Least weighted mean of the cosine with the nearest cited sentence and of the share of words that are there."""
_COSINE, _WORDS = 0.4, 0.6

_CAPITAL = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b")
_ABSOLUTE = re.compile(r"\b(?:completely|entirely|conclusively|always|never|every|guarantees?|proves?|perfectly)\b")
_HINT = 0.1
_FOREIGN = 0.06
"""By so much more must a paper claim a sentence than the one whose method it is about, for that to be the wrong one."""
_BESIDE = 0.25
"""A paper that has what the first lacks is cited beside it only if it claims the sentence at most so much less."""
_ECHO = 0.45
"""From this cosine on, words that only repeat the question count: below it an echo may be all that there is."""
_EVIDENCE = 2
"""Sentences of a paper, nearest first, that a sentence's direction is held against."""


@dataclass(frozen=True)
class Verdict:
    """What the check says of a sentence.

    Attributes:
        sources: Positions of the papers that bear it, best first.
        quotes: The sentence of each that does.
        support: How well.
        why: What speaks against it: "" or one of "number", "name", "subject", "negation", "direction", "meaning",
            "contradiction".
    """

    sources: tuple[int, ...]
    quotes: tuple[Quote, ...]
    support: Support
    why: str = ""


def attribute(
    sentence: str,
    vector: Vectors,
    sources: Sequence[Source],
    hints: Sequence[int] = (),
    asked: str = "",
    inferrer: Inferrer | None = None,
) -> Verdict:
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
        asked: The question: words that a sentence only repeats from it count half where the papers lack them.
        inferrer: Has a say too, where one is configured: what it finds contradicted is unsupported, what it finds
            entailed is supported unless a number, a name or the subject is wrong, anything else is partial at best.
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
        if missing - gaps[at] and meant[at] > meant[order[0]] - _BESIDE:
            cited.append(at)
            missing = missing & gaps[at]
    ranked = [_ranked(sources[at], vector, sentence) for at in cited]
    quotes = tuple(sources[at].quote(best[0], score) for at, (best, score) in zip(cited, ranked, strict=True))
    there = set().union(*(texts[at].words for at in cited))
    cosine = max(quote.score for quote in quotes)
    repeated = set(tokenize(asked)) - there if cosine >= _ECHO else set()
    meaning = _COSINE * cosine + _WORDS * (_share(words, there) + 0.5 * _share(words, repeated))
    why = "number" if missing & lacking(sentence, "") else "name" if missing else ""
    why = why or ("meaning" if meaning < PARTIAL else "")
    why = why or _against(sentence, sources, cited, [best for best, _ in ranked], meant)
    bold = not why and any(word not in texts[order[0]].lower for word in _ABSOLUTE.findall(sentence))
    verdict = Verdict(tuple(cited), quotes, _support(why, meaning, bold), why)
    return _inferred(verdict, sentence, inferrer, ranked[0][0], sources[cited[0]]) if inferrer else verdict


def _support(why: str, meaning: float, bold: bool) -> Support:
    """Sum up: nothing may speak against a sentence; more is said than the paper dares to is partial at best."""
    return "unsupported" if why else "partial" if bold or meaning < SUPPORTED else "supported"


def _inferred(verdict: Verdict, sentence: str, inferrer: Inferrer, best: Sequence[int], source: Source) -> Verdict:
    """Let a model of inference move a verdict: its premise are the title and the nearest sentences."""
    if verdict.why in ("number", "name", "subject"):
        return verdict
    premise = " ".join([f"{source.paper.title}.", *(source.spans[at].text for at in sorted(best))])
    found = inferrer.infer(premise, sentence)
    if found == "contradiction":
        return replace(verdict, support="unsupported", why=verdict.why or "contradiction")
    if found == "entailment":
        return replace(verdict, support="supported", why="")
    return verdict if verdict.support == "unsupported" else replace(verdict, support="partial")


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
        at = owner(subject, sentence, [source.paper for source in sources])
        if at is not None and subject.name not in papers[0].abstract:
            if max(meant) - meant[at] > _FOREIGN or lacking(sentence, _text(sources[at].paper).text):
                return "subject"
        if wrongly_given(subject, papers, [of[places[0]].text for of, places in zip(spans, best, strict=True)]):
            return "subject"
    if turned(sentence, near, " ".join([short_title(papers[0]), *names_of(papers[0].title)])):
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
        and sum(carries[at : at + length]) >= max(length - 1, 2)
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
