"""The text of a question in, the phrases out that say when papers are of: "since 2024", "in the last six months"."""

import re
from collections.abc import Callable, Iterator
from typing import get_args

from rag import dates
from rag.dates import DATE, YEAR
from rag.filters import Filter
from rag.names import names
from rag.phrases import (
    BETWEEN,
    FOLLOWS,
    GONE,
    NEWS,
    OUTCOMES,
    PAPERS,
    PUBLISHED,
    Known,
    Phrase,
    is_compared,
    is_of_title,
)

RECENT_MONTHS = 12
"""What is called recent is as old as this, at most, when the newest paper appears."""

_COUNTS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split(),
        1,
    )
} | {"a": 1, "couple of": 2, "few": 3}
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})"

_UNIT = r"(?:day|week|month|year|decade)"

_SEEN = re.compile(
    r"\b(?:data|datasets?|records?|recorded|samples?|collected|crawled|gathered|measured|observed|observations?|taken|"
    r"trained|images|tweets|patients|elections?|competitions?|challenges?|olympics|won|win|wins|prices?|pandemic|"
    r"temperatures?)\b",
    re.I,
)
"""In front of a date: what the papers are about happened then, not they."""
_DATED_ITSELF = re.compile(
    r"\b(?:ask|asks|asked|away|changed?|changes|differ|differs|differed|events?|exams?|news|posts?|questions?|releases?|"
    r"shift|shifted|snapshots?|texts?|versions?)\b",
    re.I,
)
"""Between papers and "from 2022": what they are about may be of that year."""
_DONE = r"(?:published|proposed|introduced|written|appeared)"
_ASKS = re.compile(
    r"[,\s]*(?:are|can|did|do|does|find|give|has|have|how|is|list|on|show|tell|was|were|what|when|where|which|who|why|"
    rf"{OUTCOMES})\b",
    re.I,
)
_BOUNDS: tuple[tuple[re.Pattern[str], Callable[[str], Filter]], ...] = tuple(
    (re.compile(rf"{PUBLISHED}\b(?:{lead}) ({DATE})", re.I), made)
    for lead, made in (
        (r"since|as of|starting (?:in|from)|no earlier than|not before", lambda day: Filter(since=day)),
        (r"until|till|no later than|not after", lambda day: Filter(until=day)),
        (r"after|newer than|later than", lambda day: Filter(since=dates.neighbour(day, 1))),
        (r"before|prior to|older than|earlier than", lambda day: Filter(until=dates.neighbour(day, -1))),
    )
)


def spans(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "between 2019 and 2021", "from March 2019 to 2021", "in 2019-2021", "in the 2010s", "in 2019 or 2020"."""
    lead, link = r"(between|from|in|during|of)(?: the)?(?: years)?", r"\s?(?:[-\u2013]|to|and|or|until|through)\s?"
    period = rf"{lead} ({DATE}|{YEAR}(?=[-\u2013])){link}({DATE}){FOLLOWS}"
    decade = r"(?:in|from|during|of) the ((?:19|20)\d)0s\b"
    for found in re.finditer(rf"{PUBLISHED}\b(?:{period}|{decade})", text, re.I):
        if not _is_of_papers(text, found):
            continue
        if found[4]:
            yield Phrase(*found.span(), Filter(f"{found[4]}0", f"{found[4]}9"))
            continue
        first, last = dates.read_date(found[2]), dates.read_date(found[3])
        if first and last and dates.number(first) <= dates.number(last, "99"):
            yield Phrase(*found.span(), Filter(first, last))


def bounds(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "since 2024", "after March 2023", "before 2020", "until May 2021", "from 2019 on"."""
    for bound, made in _BOUNDS:
        for found in bound.finditer(text):
            if _ends(text, found) and (day := dates.read_date(found[1])) and _is_of_papers(text, found):
                yield Phrase(*found.span(), made(day))
    for found in re.finditer(rf"{PUBLISHED}\b(?:from|in) ({DATE}) (?:on|onwards?|and later|or later)\b", text, re.I):
        follows = re.match(r"\s+(?:\w)", text[found.end() :]) and found[0].lower().endswith(" on")
        if (day := dates.read_date(found[1])) and not follows and _is_of_papers(text, found):
            yield Phrase(*found.span(), Filter(since=day))


def within(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "in 2023", "papers from May 2023", "papers about bees from 2023", "papers of 2023", "2023 papers"."""
    about_papers = re.search(rf"\b(?:{PAPERS}|{_DONE})\b", text, re.I)
    for found in re.finditer(rf"{PUBLISHED}\b(in|during|from|of)(?: the year)? ({DATE})", text, re.I):
        if not _ends(text, found):
            continue
        before = text[: found.start()].split()[-1:]
        by_noun = re.search(rf"\b{PAPERS} $", text[: found.start()], re.I)
        named = any(names(each) for each in before)
        lead = found[1].lower()
        told = by_noun or (
            _is_last_of_papers(text, found) if lead == "from" else lead != "of" and (about_papers or not named)
        )
        if (day := dates.read_date(found[2])) and told and _is_of_papers(text, found):
            yield Phrase(*found.span(), Filter(day, day))
    for found in re.finditer(rf"(?<![\w-] )\b({YEAR}) (?={PAPERS}\b)|(?<=\bthe )({YEAR}) (?={PAPERS}\b)", text, re.I):
        year = found[1] or found[2]
        yield Phrase(*found.span(), Filter(year, year))


def lately(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "from the last six months", "in the past 2 years", "over the last year", "last 30 days"."""
    lead = rf"{PUBLISHED}\b(?:(?:in|over|during|from|within|of) )"
    period = rf"(?:the )?(?:last|past|previous) (?:({_COUNT}) )?({_UNIT})(s?)\b(?! of\b)"
    counted = rf"\b(?:the )?(?:last|past) ({_COUNT}) ({_UNIT})s?\b(?! of\b)"
    for found in re.finditer(rf"{lead}{period}{FOLLOWS}|{counted}{FOLLOWS}", text, re.I):
        bare = found[2] and not found[1] and "the " not in found[0].lower()  # "in last year" may be a calendar year
        if bare or not _is_of_papers(text, found):
            continue
        count = (found[1] or found[4] or ("few" if found[3] else "one")).lower()
        much = int(count) if count.isdecimal() else _COUNTS[count]
        since = _back(known, much, found[2] or found[5])
        if much:
            yield Phrase(*found.span(), Filter(since=since), counted=True)


def _back(known: Known, count: int, unit: str) -> str:
    """Return the date so long before the newest paper, "" where none has one."""
    units = {each: each for each in get_args(dates.Unit)}
    return dates.back(known.newest, count, units[unit.lower()]) if known.newest else ""


def calendar_years(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "this year", "that came out last year", "last year's papers": the newest paper's year, and that before."""
    newest = known.newest[:4]
    of_papers = rf"\b(this|last) year['’]s (?={BETWEEN}{NEWS}\b)"
    when = rf"{PUBLISHED}(?<!\bthe )\b(?:(?:from|in|during|of) )?(this|last) year(?: (?:and|or) (this|last)(?: year)?)?"
    for found in re.finditer(rf"{of_papers}|{when}{FOLLOWS}", text, re.I):
        said = {word.lower() for word in found.groups() if word}
        if (found[1] or _is_asked_of_papers(text, found)) and not is_compared(text, found.start()):
            before = dates.neighbour(newest, -1) if newest else ""
            since, until = before if "last" in said else newest, newest if "this" in said else before
            yield Phrase(*found.span(), Filter(since, until), counted=True)


def recent_years(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "in recent years", "over recent months" of papers: a few of them, up to the newest paper."""
    when = rf"{PUBLISHED}\b(?:in|over|during|from|within|of) (?:the )?(?:more |most )?recent (week|month|year)s"
    for found in re.finditer(rf"{when}{FOLLOWS}", text, re.I):
        if _is_asked_of_papers(text, found) and not is_compared(text, found.start()):
            since = _back(known, _COUNTS["few"], found[1])
            yield Phrase(*found.span(), Filter(since=since), counted=True)


def recent(text: str, known: Known) -> Iterator[Phrase]:
    """Yield "recent" of papers, and "recently" of what was published or done."""
    since = dates.back(known.newest, RECENT_MONTHS, "month") if known.newest else ""
    done = r"(?:published|released|posted|written|proposed|introduced|appeared|done)"
    adverb = rf"recently (?={done}\b)|(?P<done>\b{done} )recently\b"
    for found in re.finditer(rf"\brecent (?!{_UNIT}s\b)(?={BETWEEN}{NEWS}\b)|{adverb}", text, re.I):
        start = max(found.start(), found.end("done"))
        before = text[:start]
        if not is_of_title(text, start) and not is_compared(text, start) and not before.lower().endswith("most "):
            yield Phrase(start, found.end(), Filter(since=since), counted=True)


def _is_of_papers(text: str, found: re.Match[str]) -> bool:
    """Tell whether a date may be that of papers: in front of it stands nothing that was seen or done then."""
    before = text[: found.start()].split()[-3:]
    return not any(_SEEN.search(word) for word in before)


def _is_last_of_papers(text: str, found: re.Match[str]) -> bool:
    """Tell whether a part of a sentence names papers, then nothing with a year of its own, and ends in a date."""
    topic = re.search(rf"\b{PAPERS}\b([^.?!,;:]*),?\s*$", text[: found.start()], re.I)
    ends = re.match(rf"\s*(?:$|[?.!,;:){GONE}])", text[found.end() :])
    return bool(topic and ends and not _SEEN.search(topic[1]) and not _DATED_ITSELF.search(topic[1]))


def _is_asked_of_papers(text: str, found: re.Match[str]) -> bool:
    """Tell whether a question asks for papers of a time, or what they report, rather than of what happened then.

    "In recent years, networks have grown. Which papers prune them?" tells of the years, and asks for papers of any.
    """
    about_papers = re.search(rf"\b(?:{OUTCOMES}|{_DONE}|what(?:['’]s| is) new)\b", text, re.I)
    told = re.search(r"[.!;]\s+\w", text[found.end() :])
    asks = text[: found.start()].strip() or _ASKS.match(text[found.end() :])
    return bool(about_papers and asks and not told and _is_of_papers(text, found))


def _ends(text: str, found: re.Match[str]) -> bool:
    """Tell whether a phrase may end behind a year, and it counts nothing: "after 2000 steps"."""
    after_papers = re.search(rf"\b{PAPERS} $", text[: found.start()], re.I)
    return bool(after_papers or re.match(FOLLOWS, text[found.end() :], re.I))
