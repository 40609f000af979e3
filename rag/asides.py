"""A question in; what of it says which papers are meant ("since 2024", "by Hinton", "newest first"), and the rest, out.

By rule, at no cost. What stands in quotation marks or in the title of a paper is never taken for such a phrase, nor is
what only looks like one: "ImageNet 2012", "before training", "in 2D", "in 2000 steps".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rag import attributes, periods
from rag.filters import Filter
from rag.phrases import GONE, PAPERS, Known, Phrase

_QUOTED = re.compile(
    r"“[^”]{0,500}”|\"[^\"]*\"|„[^“]{0,500}“|«[^»]{0,500}»|(?<!\w)['\u2018][^'\u2019]{1,500}['\u2019](?!\w)"
)
_BLANK_BEFORE = re.compile(r"(?<!\s)\s++([?.!,;:)])")
_THEM = r"(?:those|these|them)"
_KEEPS = re.compile(
    rf"(?:^|\b(?:which|any|some|most|all|many|and|or) )(?:out )?of {_THEM}\b|\bof (?:those|these) {PAPERS}\b"
    rf"|\b(?:among|within) {_THEM}\b|\bsame (?:years?|period|time|dates?|months?|filter|authors?)\b",
    re.I,
)
_OPENING = re.compile(
    r"^\W*(?:(?:and|or|but|so|then|also|now|only|just|what about|how about|the ones?|those|papers?)\b\W*)+$", re.I
)


@dataclass(frozen=True)
class Aside:
    """What a question says beside what it asks.

    Attributes:
        rest: The question without it; "" where nothing else is left.
        filter: What it says.
        phrases: The words that say it, in the order of the question.
        counted: A phrase counts from the newest paper of the index.
        undated: Phrases that count from the newest paper where no paper has a date; they stay in the question.
        keeps: It says that what was said before still holds ("of those", "in the same years").
    """

    rest: str
    filter: Filter = field(default_factory=Filter)
    phrases: tuple[str, ...] = ()
    counted: bool = False
    undated: tuple[str, ...] = ()
    keeps: bool = False


def read(question: str, known: Known) -> Aside:
    """Take apart what a question asks and which papers it means."""
    text = _QUOTED.sub(lambda found: GONE * len(found[0]), question)
    phrases: list[Phrase] = []
    undated: list[str] = []
    for rule in _RULES:
        for phrase in rule(text, known):
            shown = question[phrase.start : phrase.end].strip(" ,")
            taken = any(phrase.start < other.end and other.start < phrase.end for other in phrases)
            if taken or _titled(question, phrase, known):
                continue
            if phrase.counted and not known.newest:
                undated.append(shown)
                continue
            phrases.append(phrase)
            text = text[: phrase.start] + GONE * (phrase.end - phrase.start) + text[phrase.end :]
    phrases.sort(key=lambda phrase: phrase.start)
    told = Filter()
    for phrase in phrases:
        told = _joined(told, phrase.filter)
    return Aside(
        _left(question, phrases) if phrases else question,
        told,
        tuple(question[phrase.start : phrase.end].strip(" ,") for phrase in phrases),
        any(phrase.counted for phrase in phrases),
        tuple(undated),
        bool(_KEEPS.search(question)),
    )


_RULES: tuple[Callable[[str, Known], Iterator[Phrase]], ...] = (
    *(periods.spans, periods.bounds, periods.lately, periods.within, periods.calendar_years, periods.recent_years),
    *(attributes.categories, attributes.authors, attributes.speakers, attributes.order, periods.recent),
)


def _titled(question: str, phrase: Phrase, known: Known) -> bool:
    """Tell whether a phrase, with the word before or behind it, stands in the title of a paper."""
    words = question[phrase.start : phrase.end].strip(" ,")
    before, behind = question[: phrase.start].split()[-1:], question[phrase.end :].split()[:1]
    return any(known.titled(" ".join(each)) for each in ([*before, words], [words, *behind]) if len(each) > 1)


def _joined(one: Filter, other: Filter) -> Filter:
    """Return what two phrases say together."""
    since = max(one.since, other.since)
    until = min(filter(None, (one.until, other.until)), default="")
    several = {name: getattr(one, name) + getattr(other, name) for name in ("authors", "categories", "sources")}
    return Filter(since, until, **several, newest_first=one.newest_first or other.newest_first)


def _left(question: str, phrases: list[Phrase]) -> str:
    """Return a question without its phrases, tidied; "" where only words that open a follow-up are left."""
    rest, at = "", 0
    for phrase in phrases:
        rest, at = f"{rest}{question[at : phrase.start]} {phrase.instead} ", phrase.end
    rest = " ".join((rest + question[at:]).split())
    rest = _BLANK_BEFORE.sub(r"\1", rest)
    rest = re.sub(r"(?:[,;]\s*)+(?=[?.!,;]|$)|^[,;:\s]+|\(\s*\)", "", rest).strip()
    rest = re.sub(r"\b(?:and|or|but|only)\s*(?=[?.!]*$)", "", rest).strip() if _OPENING.sub("", rest) else ""
    return _BLANK_BEFORE.sub(r"\1", rest)
