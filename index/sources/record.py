"""What a source says of one paper in, a `Paper` or the reason why there is none out. Knows no source by name."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from index.identity import arxiv_version, id_kind, page_by_id, paper_id
from index.links import code_links
from index.paper import Paper
from index.sources.reading import LeftOut
from index.sources.tex import readable
from index.sources.text import clean_line, clean_paragraphs

_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_YEAR_FIRST = re.compile(r"(\d{4})(?:[-/.]?(\d\d?)(?:[-/.]?(\d\d?))?)?/*(?:[T ].*)?")
_DAY_FIRST = re.compile(r"(?:[a-z]+,? )?(\d{1,2})(?:st|nd|rd|th)? ([a-z]{3})[a-z]*\.?,? (\d{4})(?: .*)?", re.I)
_MONTH_FIRST = re.compile(
    r"(?:[a-z]+day,? )?([a-z]{3})[a-z]*\.?(?: (\d{1,2})(?:st|nd|rd|th)?)?,? (\d{4})(?: .*)?", re.I
)
_CATEGORIES = re.compile(r"[a-z-]+(?:\.[A-Za-z-]+)?(?: [a-z-]+\.[A-Za-z-]+)+")  # as arXiv writes them: "cs.CL cs.LG"
_WEB = re.compile(r"https?://[^\s<>\"]+", re.I)


class BadRecord(Exception):
    """This record can't be used; the message is the reason."""


@dataclass(frozen=True)
class Record:
    """What a source says of a paper, its words as they stand there.

    Attributes:
        title: Any text, several lines too.
        abstract: Any text, paragraphs kept.
        authors: Names in order.
        published: A date in one of the usual forms, or a year; anything else counts as none.
        ids: Where its identity may be found, best first: arXiv ids, DOIs, addresses of pages.
        url: A page of the paper.
        topics: Keywords or categories.
        code: Links to repositories.
        sources: Sources that the record itself names; none for the one that is being read.
        kind: As in `Paper`.
        version: Number of the version that the words are of.
        updated: The date of that version, as `published`.
        other_ids: Ids as they stand in `Paper.other_ids`.
        other_titles: That the paper goes by too.
        tex: Whether title, abstract and authors are written as for TeX.
    """

    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    published: str | int | None = None
    ids: tuple[str, ...] = ()
    url: str = ""
    topics: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    kind: str = "abstract"
    version: int | None = None
    updated: str | None = None
    other_ids: tuple[str, ...] = ()
    other_titles: tuple[str, ...] = ()
    tex: bool = False


def to_paper(record: Record, source: str) -> Paper:
    """Return the paper of a record.

    Args:
        record: What the source says.
        source: Name of the source, for papers that name none themselves.

    Raises:
        BadRecord: It has no title or no abstract.
    """
    plain: Callable[[str], str] = readable if record.tex else str
    title, abstract = clean_line(plain(record.title)), clean_paragraphs(plain(record.abstract))
    if not title:
        raise BadRecord("no title")
    if not abstract:
        raise BadRecord(f"no abstract of “{short(title)}”")
    url = clean_line(record.url)
    url = url if _WEB.fullmatch(url) else ""
    given = [text for text in (*record.ids, url) if text]
    identity, other_ids = _identity(title, given)
    versions = (arxiv_version(text) for text in given) if identity.startswith("arxiv:") else ()
    return Paper(
        identity,
        title,
        abstract,
        authors=_each_once(tuple(map(plain, record.authors))),
        published=iso_date(record.published),
        url=url or page_by_id(identity) or None,
        code=tuple(dict.fromkeys((*_links(record.code), *(code_links(abstract) if "/" in abstract else ())))),
        topics=_each_once(record.topics),
        sources=record.sources or (source,),
        kind=record.kind,
        version=record.version or next((number for number in versions if number), None),
        updated=iso_date(record.updated),
        other_ids=tuple(each for each in dict.fromkeys((*other_ids, *record.other_ids)) if each != identity),
        other_titles=_each_once(record.other_titles),
    )


def paper_or_reason(record: Record, source: str, line: int | None) -> Paper | LeftOut:
    """Return the paper of a record, or why there is none."""
    try:
        return to_paper(record, source)
    except BadRecord as error:
        return LeftOut(source, line, str(error))


def short(text: str) -> str:
    """Return the beginning of a text, for a complaint."""
    return text if len(text) <= 60 else f"{text[:59].rstrip()}…"


def _identity(title: str, given: list[str]) -> tuple[str, list[str]]:
    """Return the best id of those that are given, and the others: the first of arXiv, the first DOI, else the title."""
    ids: dict[str, str] = {}
    for text in given:
        each = paper_id(title, arxiv=text, doi=text)
        ids.setdefault(id_kind(each), each)
    best, *others = [ids[kind] for kind in ("arxiv", "doi") if kind in ids] or [paper_id(title)]
    return best, others


def _each_once(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return texts on one line, without the empty ones and repeats."""
    return tuple(dict.fromkeys(each for each in map(clean_line, texts) if each))


def _links(code: tuple[str, ...]) -> Iterator[str]:
    """Yield the links to repositories that the record names."""
    for link in code:
        if known := code_links(link):
            yield from known
        elif _WEB.fullmatch(link):
            yield link


def names(text: str) -> tuple[str, ...]:
    """Return the authors that one text names: "A B; C D", "B, A and D, C", "A B, C D and E F".

    >>> names("Ada Owl, Bo Mouse and Cy Hay"), names("Owl, Ada")
    (('Ada Owl', 'Bo Mouse', 'Cy Hay'), ('Owl, Ada',))
    """
    if ";" in text:
        parts = text.split(";")
    else:
        parts = re.split(r",? and ", text)
        commas = [part.strip() for part in parts[0].split(",")]
        if len(parts) == 1 and all(" " in part for part in commas):  # not "Lovelace, Ada"
            parts = commas
        elif len(parts) > 1 and (len(commas) > 2 or all(" " in part for part in commas)):
            parts = [*commas, *parts[1:]]
    return tuple(part.strip() for part in parts if part.strip())


def keywords(text: str) -> tuple[str, ...]:
    """Return the keywords that one text names: split at semicolons and commas; arXiv's categories at spaces.

    >>> keywords("birds; of prey"), keywords("cs.CL stat.ML")
    (('birds', 'of prey'), ('cs.CL', 'stat.ML'))
    """
    parts = text.split() if _CATEGORIES.fullmatch(text.strip()) else re.split("[;,]", text)
    return _each_once(tuple(parts))


def text_of(value: object) -> str:
    """Return a value of JSON if it is text, else ""."""
    return value if isinstance(value, str) else ""


def list_of(value: object) -> list[Any]:
    """Return a value of JSON if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def dict_of(value: object) -> dict[str, Any]:
    """Return a value of JSON if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def iso_date(value: object) -> str | None:
    """Return a date as YYYY, YYYY-MM or YYYY-MM-DD, or None when it is no date.

    >>> iso_date("2024-3-7T10:00:00Z"), iso_date(2024), iso_date("17 Mar 2024"), iso_date("March 2024")
    ('2024-03-07', '2024', '2024-03-17', '2024-03')
    >>> iso_date("soon") is None
    True
    """
    text = clean_line(value) if isinstance(value, str) else str(value) if type(value) is int else ""
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    elif found := _DAY_FIRST.fullmatch(text):
        year, month, day = int(found[3]), _MONTHS.get(found[2].lower(), -1), int(found[1])
    elif found := _MONTH_FIRST.fullmatch(text):
        year, month, day = int(found[3]), _MONTHS.get(found[1].lower(), -1), int(found[2] or 0)
    else:
        return None
    try:
        whole = date(year, month or 1, day or 1)
    except ValueError:
        return None
    if not 1500 <= year <= 2200:
        return None
    return whole.isoformat()[: 10 if day else 7 if month else 4]
