"""A question in; what of it says which papers are meant ("since 2024", "by Hinton", "newest first"), and the rest, out.

By rule, at no cost. What stands in quotation marks or in the title of a paper is never taken for such a phrase, nor is
what only looks like one: "ImageNet 2012", "before training", "in 2D", "in 2000 steps".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from rag import dates
from rag.dates import DATE, YEAR
from rag.filters import Filter
from rag.names import names

RECENT_MONTHS = 12
"""What is called recent is as old as this, at most, when the newest paper appears."""

_GONE = "\0"
_PAPERS = r"(?:papers?|works?|stud(?:y|ies)|articles?|publications?|preprints?|literature|research)"
_NEWS = rf"(?:{_PAPERS}|advances|developments|progress)"
_OUTCOMES = rf"(?:{_NEWS}|results|findings|methods|approaches|techniques)"
_BETWEEN = r"(?:[\w-]+ ){0,3}?"
_FOLLOWS = (
    rf"(?=\s*(?:$|[?.!,;:){_GONE}]|(?:about|addressing|against|and|are|as|at|but|by|can|concerning|could|covering|"
    r"dealing|did|do|does|for|from|had|has|have|how|in|is|newest|on|only|or|ordered|papers?|regarding|should|show|"
    r"sorted|than|that|there|to|using|was|were|what|when|where|which|who|whose|why|with)\b))"
)
_PUBLISHED = (
    r"(?:(?:that|which) (?:(?:were|was|have been|has been|are|is) )?(?:published|written|released|posted|submitted|"
    r"appeared|appear|came out|are|were) |(?<!was )(?<!were )(?<!been )(?<!is )(?<!are )"
    r"(?:published|written|released|posted|submitted|dated|appearing) |from (?=(?:before|after|since)))?"
)
_COUNTS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split(),
        1,
    )
} | {"a": 1, "couple of": 2, "few": 3}
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})"

_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|„[^“]*“|«[^»]*»|(?<!\w)['\u2018][^'\u2019]+['\u2019](?!\w)")
_SEEN = re.compile(
    r"\b(?:data|datasets?|records?|recorded|samples?|collected|measured|observed|observations?|images|tweets|patients|"
    r"elections?|competitions?|challenges?|olympics|won|win|wins|prices?|pandemic|temperatures?)\b",
    re.I,
)
"""In front of a date: what the papers are about happened then, not they."""
_COMPARED = re.compile(
    r"\b(?:than|to|with|over|against|beats?|outperforms?|unlike|and|versus|vs\.?)\s+(?:the |other )*$", re.I
)
_THEM = r"(?:those|these|them)"
_KEEPS = re.compile(
    rf"(?:^|\b(?:which|any|some|most|all|many|and|or) )(?:out )?of {_THEM}\b|\bof (?:those|these) {_PAPERS}\b"
    rf"|\b(?:among|within) {_THEM}\b|\bsame (?:years?|period|time|dates?|months?|filter|authors?)\b",
    re.I,
)
_OPENING = re.compile(
    r"^\W*(?:(?:and|or|but|so|then|also|now|only|just|what about|how about|the ones?|those|papers?)\b\W*)+$", re.I
)


class Known(Protocol):
    """What an index says of a word."""

    @property
    def newest(self) -> str:
        """ISO date of its newest paper, "" where none has one."""

    def author(self, name: str, sure: bool) -> bool:
        """Tell whether one of its authors has that name; where not `sure`, whether the name is likelier than a word."""

    def category(self, name: str) -> bool:
        """Tell whether it has papers of that category."""

    def titled(self, words: str) -> bool:
        """Tell whether some words stand so in the title of a paper that has many words of the question."""


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


@dataclass(frozen=True)
class _Phrase:
    start: int
    end: int
    filter: Filter
    counted: bool = False


def read(question: str, known: Known) -> Aside:
    """Take apart what a question asks and which papers it means."""
    text = _QUOTED.sub(lambda found: _GONE * len(found[0]), question)
    phrases: list[_Phrase] = []
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
            text = text[: phrase.start] + _GONE * (phrase.end - phrase.start) + text[phrase.end :]
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


def _spans(text: str, known: Known) -> Iterator[_Phrase]:
    """Yield "between 2019 and 2021", "from March 2019 to 2021", "in 2019-2021", "in the 2010s", "in 2019 or 2020"."""
    lead, link = r"(between|from|in|during|of)(?: the)?(?: years)?", r"\s?(?:[-\u2013]|to|and|or|until|through)\s?"
    period = rf"{lead} ({DATE}|{YEAR}(?=[-\u2013])){link}({DATE}){_FOLLOWS}"
    decade = r"(?:in|from|during|of) the ((?:19|20)\d)0s\b"
    for found in re.finditer(rf"{_PUBLISHED}\b(?:{period}|{decade})", text, re.I):
        if not _is_of_papers(text, found):
            continue
        if found[4]:
            yield _Phrase(*found.span(), Filter(f"{found[4]}0", f"{found[4]}9"))
            continue
        first, last = dates.read_date(found[2]), dates.read_date(found[3])
        if first and last and dates.number(first) <= dates.number(last, "99"):
            yield _Phrase(*found.span(), Filter(first, last))


def _bounds(text: str, known: Known) -> Iterator[_Phrase]:
    """Yield "since 2024", "after March 2023", "before 2020", "until May 2021", "from 2019 on"."""
    words: dict[str, Callable[[str], Filter]] = {
        r"since|as of|starting (?:in|from)|no earlier than|not before": lambda day: Filter(since=day),
        r"until|till|no later than|not after": lambda day: Filter(until=day),
        r"after|newer than|later than": lambda day: Filter(since=dates.neighbour(day, 1)),
        r"before|prior to|older than|earlier than": lambda day: Filter(until=dates.neighbour(day, -1)),
    }
    for lead, made in words.items():
        for found in re.finditer(rf"{_PUBLISHED}\b(?:{lead}) ({DATE})", text, re.I):
            if _ends(text, found) and (day := dates.read_date(found[1])) and _is_of_papers(text, found):
                yield _Phrase(*found.span(), made(day))
    for found in re.finditer(rf"{_PUBLISHED}\b(?:from|in) ({DATE}) (?:on|onwards?|and later|or later)\b", text, re.I):
        follows = re.match(r"\s+(?:\w)", text[found.end() :]) and found[0].lower().endswith(" on")
        if (day := dates.read_date(found[1])) and not follows and _is_of_papers(text, found):
            yield _Phrase(*found.span(), Filter(since=day))


def _within(text: str, known: Known) -> Iterator[_Phrase]:
    """Yield "in 2023", "from May 2023", "of 2023", "2023 papers"."""
    about_papers = re.search(rf"\b{_PAPERS}\b|\b(?:published|proposed|introduced|written|appeared)\b", text, re.I)
    for found in re.finditer(rf"{_PUBLISHED}\b(in|during|from|of)(?: the year)? ({DATE})", text, re.I):
        if not _ends(text, found):
            continue
        before = text[: found.start()].split()[-1:]
        by_noun = re.search(rf"\b{_PAPERS} $", text[: found.start()], re.I)
        named = any(names(each) for each in before)
        told = by_noun if found[1].lower() in ("from", "of") else about_papers or not named
        if (day := dates.read_date(found[2])) and told and _is_of_papers(text, found):
            yield _Phrase(*found.span(), Filter(day, day))
    for found in re.finditer(rf"(?<![\w-] )\b({YEAR}) (?={_PAPERS}\b)|(?<=\bthe )({YEAR}) (?={_PAPERS}\b)", text, re.I):
        year = found[1] or found[2]
        yield _Phrase(*found.span(), Filter(year, year))


def _lately(text: str, known: Known) -> Iterator[_Phrase]:
    """Yield "from the last six months", "in the past 2 years", "over the last year", "last 30 days"."""
    lead = rf"{_PUBLISHED}\b(?:(?:in|over|during|from|within|of) )"
    period = rf"(?:the )?(?:last|past|previous) (?:({_COUNT}) )?(day|week|month|year|decade)s?\b(?! of\b)"
    counted = rf"\b(?:the )?(?:last|past) ({_COUNT}) (day|week|month|year|decade)s?\b(?! of\b)"
    for found in re.finditer(rf"{lead}{period}{_FOLLOWS}|{counted}{_FOLLOWS}", text, re.I):
        bare = found[2] and not found[1] and "the " not in found[0].lower()  # "in last year" may be a calendar year
        if bare or not _is_of_papers(text, found):
            continue
        count = (found[1] or found[3] or "one").lower()
        much = int(count) if count.isdecimal() else _COUNTS[count]
        since = dates.back(known.newest, much, (found[2] or found[4]).lower()) if known.newest else ""  # type: ignore[arg-type]
        if much:
            yield _Phrase(*found.span(), Filter(since=since), counted=True)


def _recent(text: str, known: Known) -> Iterator[_Phrase]:
    """Yield "recent" of papers, and "recently" of what was published or done."""
    since = dates.back(known.newest, RECENT_MONTHS, "month") if known.newest else ""
    done = r"(?:published|released|posted|written|proposed|introduced|appeared|done)"
    adverb = rf"recently (?={done}\b)|(?P<done>\b{done} )recently\b"
    for found in re.finditer(rf"\brecent (?={_BETWEEN}{_NEWS}\b)|{adverb}", text, re.I):
        start = max(found.start(), found.end("done"))
        before = text[:start]
        if not _of_title(text, start) and not _COMPARED.search(before) and not before.lower().endswith("most "):
            yield _Phrase(start, found.end(), Filter(since=since), counted=True)


def _order(text: str, known: Known) -> Iterator[_Phrase]:
    """Yield "newest first", "sorted by date", "latest" of papers and what they report, "the latest on"."""
    newest = r"(?:latest|newest|most recent)"
    first = rf"{newest} (?:ones |papers )?first\b|\b(?:sorted|ordered|sort|order) by (?:date|newest|year|recency)\b"
    for found in re.finditer(rf",?\s*(?:\(\s*)?\b(?:{first})(?:\s*\))?", text, re.I):
        yield _Phrase(*found.span(), Filter(newest_first=True))
    for found in re.finditer(rf"\b{newest} (?={_BETWEEN}{_OUTCOMES}\b)|\bthe latest (?=(?:on|about)\b)", text, re.I):
        if not _of_title(text, found.start()) and not _COMPARED.search(text[: found.start()]):
            yield _Phrase(*found.span(), Filter(newest_first=True))


def _authors(text: str, known: Known) -> Iterator[_Phrase]:
    """Yield "by Hinton", "by Geoffrey Hinton and Yann LeCun", "Hinton's" of papers: authors of the index."""
    wrote = rf"(?:{_PAPERS}|written|authored|co-authored|published|anything|something|everything)"
    for found in re.finditer(rf"(?:(\b{wrote} )|{_PUBLISHED})\b(by )(?=[^\W\d_])", text, re.I):
        start, end, people = found.start(2), found.end(), []
        if found[1] and re.match("written|authored|co-authored", found[1], re.I):
            start = found.start()
        while name := _name(text[end:], known, sure=bool(found[1])):
            people.append(name)
            link = re.match(r"(?:,? (?:and|or) |, )", text[end + len(name) :])
            end += len(name)
            if not link or not _name(text[end + link.end() :], known, sure=True):
                break
            end += link.end()
        if people:
            yield _Phrase(start, end, Filter(authors=tuple(people)))
    for found in re.finditer(rf"((?:[^\W\d_][\w.-]* )*[^\W\d_][\w-]*)['’]s (?=(?:{_BETWEEN}){_PAPERS}\b)", text):
        words = found[1].split()
        for at in range(max(0, len(words) - 4), len(words)):
            name = " ".join(words[at:])
            if all(word[0].isupper() for word in words[at:]) and known.author(name, sure=True):
                yield _Phrase(found.end(1) - len(name), found.end(), Filter(authors=(name,)))
                break


def _name(text: str, known: Known, sure: bool) -> str:
    """Return the longest name of an author that a text begins with, "" where it begins with none."""
    found = re.match(r"[^\W\d_][\w'’-]*\.?(?: (?:[^\W\d_][\w'’-]*\.?)){0,3}", text)
    words = found[0].split(" ") if found else []
    for count in range(len(words), 0, -1):
        name = " ".join(words[:count])
        name = name if re.search(r"\b\w\.$", name) else name.rstrip(".")
        written = all(word[0].isupper() or len(word) <= 3 for word in words[:count]) and name[0].isupper()
        if (written or (sure and count <= 2)) and known.author(name, sure and (written or len(name) > 3)):
            return name
    return ""


def _categories(text: str, known: Known) -> Iterator[_Phrase]:
    """Yield "in cs.CL", "from the category stat.ML", "cs.CL papers": categories as arXiv writes them."""
    archive = r"(?:cs|math|stat|eess|physics|q-bio|q-fin|econ|cond-mat|astro-ph|nlin)"
    name = rf"({archive}\.[A-Za-z]{{2}}(?:-[a-z]+)?|hep-(?:th|ph|ex|lat)|quant-ph|gr-qc|math-ph|nucl-(?:th|ex))"
    lead = r"\b(?:in|from|under|of)(?: the)?(?: arxiv)?(?: category| categories| section| archive)? "
    behind, before = rf"{lead}{name}(?:(?:,| and| or|, or|, and) {name})?(?![\w-])", rf"\b{name} (?={_PAPERS}\b)"
    for found in re.finditer(rf"{behind}|{before}", text, re.I):
        several = tuple(each for each in found.groups() if each)
        if all("." in each or known.category(each) for each in several):
            yield _Phrase(*found.span(), Filter(categories=several))


_RULES: tuple[Callable[[str, Known], Iterator[_Phrase]], ...] = (
    *(_spans, _bounds, _lately, _within),
    *(_categories, _authors, _order, _recent),
)


def _is_of_papers(text: str, found: re.Match[str]) -> bool:
    """Tell whether a date may be that of papers: in front of it stands nothing that was seen or done then."""
    before = text[: found.start()].split()[-3:]
    return not any(_SEEN.search(word) for word in before)


def _ends(text: str, found: re.Match[str]) -> bool:
    """Tell whether a phrase may end behind a year, and it counts nothing: "after 2000 steps"."""
    after_papers = re.search(rf"\b{_PAPERS} $", text[: found.start()], re.I)
    return bool(after_papers or re.match(_FOLLOWS, text[found.end() :], re.I))


def _titled(question: str, phrase: _Phrase, known: Known) -> bool:
    """Tell whether a phrase, with the word before or behind it, stands in the title of a paper."""
    words = question[phrase.start : phrase.end].strip(" ,")
    before, behind = question[: phrase.start].split()[-1:], question[phrase.end :].split()[:1]
    return any(known.titled(" ".join(each)) for each in ([*before, words], [words, *behind]) if len(each) > 1)


def _of_title(text: str, at: int) -> bool:
    """Tell whether a word is written with a capital within a sentence."""
    return text[at].isupper() and at > 0 and not re.search(r"[.?!]\s+$", text[:at])


def _joined(one: Filter, other: Filter) -> Filter:
    """Return what two phrases say together."""
    since = max(one.since, other.since)
    until = min(filter(None, (one.until, other.until)), default="")
    several = {name: getattr(one, name) + getattr(other, name) for name in ("authors", "categories", "sources")}
    return Filter(since, until, **several, newest_first=one.newest_first or other.newest_first)


def _left(question: str, phrases: list[_Phrase]) -> str:
    """Return a question without its phrases, tidied; "" where only words that open a follow-up are left."""
    rest, at = "", 0
    for phrase in phrases:
        rest, at = f"{rest}{question[at : phrase.start]} ", phrase.end
    rest = " ".join((rest + question[at:]).split())
    rest = re.sub(r"\s+([?.!,;:)])", r"\1", rest)
    rest = re.sub(r"(?:[,;]\s*)+(?=[?.!,;]|$)|^[,;:\s]+|\(\s*\)", "", rest).strip()
    rest = re.sub(r"\b(?:and|or|but|only)\s*(?=[?.!]*$)", "", rest).strip() if _OPENING.sub("", rest) else ""
    return re.sub(r"\s+([?.!,;:)])", r"\1", rest)
