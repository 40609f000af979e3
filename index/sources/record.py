"""What a source says of one paper in, a `Paper` or the reason why there is none out. Knows no source by name."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index.identity import arxiv_version, id_kind, page_by_id, paper_id
from index.links import code_links
from index.paper import Paper
from index.sources.fields import iso_date
from index.sources.reading import LeftOut
from index.sources.tex import readable
from index.sources.text import clean_line, clean_paragraphs

_WEB = re.compile(r"https?://[^\s<>\"]+", re.I)

_CHARS = {"abstract": 100_000, "title": 2_000, "url": 4_000}
"""Of a text, at most: a longer abstract is a book, and the longest titles have some 600."""
_MANY = {
    "authors": ("authors", 20_000, 500),
    "topics": ("topics", 2_000, 500),
    "code": ("links to code", 1_000, 4_000),
    "ids": ("ids", 100, 4_000),
}
"""Limits of a list: its name, number of items, characters of each; a few papers have 5,000 authors."""
_LIST_CHARS = 400_000
"""Of all of a list, at most."""


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
        kind: As in `Paper`.
        version: Number of the version that the words are of.
        updated: The date of that version, as `published`.
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
    kind: str = "abstract"
    version: int | None = None
    updated: str | None = None
    tex: bool = False


def to_paper(record: Record, source: str) -> Paper:
    """Return the paper of a record.

    Args:
        record: What the source says.
        source: Name of the source.

    Raises:
        BadRecord: It has no title or no abstract, or a field that is too long.
    """
    if reason := _too_long(record):
        raise BadRecord(reason)
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
        sources=(source,),
        kind=record.kind,
        version=record.version or next((number for number in versions if number), None),
        updated=iso_date(record.updated),
        other_ids=tuple(other_ids),
    )


def _too_long(record: Record) -> str:
    """Return which field of a record holds more than any paper's does, "" where none does."""
    title = short(clean_line(record.title[: _CHARS["title"]]))
    for name, most in _CHARS.items():
        if (chars := len(getattr(record, name))) > most:
            return f"the {name} of “{title}” has {chars:,} characters; at most {most:,} are taken"
    for name, (called, most, most_chars) in _MANY.items():
        listed: tuple[str, ...] = getattr(record, name)
        if len(listed) > most:
            return f"“{title}” has {len(listed):,} {called}; at most {most:,} are taken"
        if (chars := max(map(len, listed), default=0)) > most_chars:
            return f"one of the {called} of “{title}” has {chars:,} characters; at most {most_chars:,} are taken"
        if (chars := sum(map(len, listed))) > _LIST_CHARS:
            return f"the {called} of “{title}” have {chars:,} characters; at most {_LIST_CHARS:,} are taken"
    return ""


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
