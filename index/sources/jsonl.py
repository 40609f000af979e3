"""JSON in, papers out: an object a line, or an array of objects. Knows nothing of files.

Reads the starter corpus, what `Paper.to_dict` writes, and the usual names of other collections.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from index.papers import Paper, code_links, page_by_id, paper_id
from index.sources.reading import LeftOut
from index.sources.text import Unreadable, clean_line, clean_paragraphs

_KINDS = ("abstract", "digest")
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_YEAR_FIRST = re.compile(r"(\d{4})(?:[-/.]?(\d\d?)(?:[-/.]?(\d\d?))?)?(?:[T ].*)?")
_DAY_FIRST = re.compile(r"(?:[a-z]+,? )?(\d{1,2})(?:st|nd|rd|th)? ([a-z]{3})[a-z]*\.?,? (\d{4})(?: .*)?", re.I)
_MONTH_FIRST = re.compile(
    r"(?:[a-z]+day,? )?([a-z]{3})[a-z]*\.?(?: (\d{1,2})(?:st|nd|rd|th)?)?,? (\d{4})(?: .*)?", re.I
)
_CATEGORIES = re.compile(r"[a-z-]+(?:\.[A-Za-z-]+)?(?: [a-z-]+\.[A-Za-z-]+)+")  # as arXiv writes them: "cs.CL cs.LG"
_TYPES = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


class _BadRecord(Exception):
    """This record can't be used; the message is the reason."""


def read_jsonl(lines: Iterable[tuple[int, str | Unreadable]], source: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers of JSON lines one at a time, and what had to be left out.

    Args:
        lines: (line number, line), the number counted from 1.
        source: Name that complaints carry, and papers that name no source themselves.
    """
    for number, line in lines:
        if isinstance(line, Unreadable):
            yield LeftOut(source, number, line.reason)
        elif line.strip():
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield LeftOut(source, number, f"not JSON: {_why(error)}")
            else:
                yield _paper_or_reason(values, source, number)


def read_json(text: str, source: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers of an array of objects, or of objects written over several lines.

    Raises:
        Unreadable: The text is not JSON from here on.
    """
    decoder, beginning = json.JSONDecoder(), re.compile(r"[^\s,]")
    is_array = text.lstrip().startswith("[")
    at = text.index("[") + 1 if is_array else 0
    line, counted = 1, 0
    while start := beginning.search(text, at):
        line, counted = line + text.count("\n", counted, start.start()), start.start()
        if is_array and text[counted:].rstrip() == "]":
            return
        try:
            values, at = decoder.raw_decode(text, counted)
        except (ValueError, RecursionError) as error:
            line += text.count("\n", counted, error.pos) if isinstance(error, json.JSONDecodeError) else 0
            raise Unreadable(f"not JSON from here on: {_why(error)}", line) from error
        yield _paper_or_reason(values, source, line)
    if is_array:
        raise Unreadable("cut off: the ] that ends the array is missing", line)


def _why(error: Exception) -> str:
    """Return what is wrong with JSON, and in which column."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _paper_or_reason(values: object, source: str, line: int) -> Paper | LeftOut:
    """Return the paper of one record, or why there is none."""
    try:
        return _paper(values, source)
    except _BadRecord as error:
        return LeftOut(source, line, str(error))


def _paper(values: object, source: str) -> Paper:
    """Return the paper that an object of JSON describes."""
    if not isinstance(values, dict):
        raise _BadRecord(f"{_type(values)} where an object with title and abstract should be")
    title = clean_line(_required(values, "title"))
    abstract = clean_paragraphs(_required(values, "abstract"))
    url = _url(values)
    identity = _identity(values, title, url)
    return Paper(
        identity,
        title,
        abstract,
        authors=_authors(values),
        published=next((day for name in ("published", "date", "year") if (day := _iso(values.get(name)))), None),
        url=url or page_by_id(identity) or None,
        code=tuple(dict.fromkeys((*_links(values), *code_links(abstract)))),
        topics=tuple(dict.fromkeys(_topics(values, "topics") + _topics(values, "categories"))),
        sources=tuple(_strings(values, "sources")) or (source,),
        kind=values["kind"] if values.get("kind") in _KINDS else "abstract",
    )


def _required(values: dict[str, Any], name: str) -> str:
    """Return a field that must hold text."""
    value = values.get(name)
    if value is None:
        raise _BadRecord(f"no {name}")
    if not isinstance(value, str):
        raise _BadRecord(f"{name} is {_type(value)}, not text")
    if not clean_line(value):
        raise _BadRecord(f"{name} is empty")
    return value


def _optional(values: dict[str, Any], name: str) -> str:
    """Return a field that may hold text, on one line; empty when it is missing."""
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _BadRecord(f"{name} is {_type(value)}, not text")
    return clean_line(value)


def _strings(values: dict[str, Any], name: str) -> list[str]:
    """Return a field that holds one text or a list of them, without the empty ones."""
    value = values.get(name)
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, str):
            raise _BadRecord(f"{name} holds {_type(item)}, not text")
    return [item for item in map(clean_line, items) if item]


def _identity(values: dict[str, Any], title: str, url: str | None) -> str:
    """Return the best id that the fields give: arXiv before DOI before the title."""
    plain = values.get("id")
    named = clean_line(plain) if isinstance(plain, str) else ""  # other ids, such as row numbers, name no paper
    given = [_optional(values, "arxiv_id"), _optional(values, "arxiv"), _optional(values, "doi"), named, url or ""]
    ids = [paper_id(title, arxiv=text, doi=text) for text in given if text]
    for kind in ("arxiv:", "doi:"):
        for each in ids:
            if each.startswith(kind):
                return each
    return paper_id(title)


def _url(values: dict[str, Any]) -> str | None:
    """Return the address of the paper's page; only http and https can be followed."""
    url = _optional(values, "url")
    return url if re.fullmatch(r"https?://[^\s<>\"]+", url, re.I) else None


def _links(values: dict[str, Any]) -> Iterator[str]:
    """Yield the links to repositories that the record names."""
    for link in _strings(values, "code"):
        if known := code_links(link):
            yield from known
        elif re.fullmatch(r"https?://[^\s<>\"]+", link, re.I):
            yield link


def _authors(values: dict[str, Any]) -> tuple[str, ...]:
    """Return names from a list of texts, a list of objects with a name, or one text."""
    value = values.get("authors")
    if isinstance(value, list):
        names = [each.get("name") if isinstance(each, dict) else each for each in value]
        return tuple(_strings({"authors": names}, "authors"))
    text = _optional(values, "authors")
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


def _topics(values: dict[str, Any], name: str) -> list[str]:
    """Return keywords from a list of texts or from one text."""
    value = values.get(name)
    if not isinstance(value, str):
        return _strings(values, name)
    parts = value.split() if _CATEGORIES.fullmatch(value.strip()) else re.split("[;,]", value)
    return [part for part in map(clean_line, parts) if part]


def _iso(value: object) -> str | None:
    """Return a date as YYYY, YYYY-MM or YYYY-MM-DD, or None when it is no date.

    >>> _iso("2024-3-7T10:00:00Z"), _iso(2024), _iso("17 Mar 2024"), _iso("March 2024"), _iso("soon")
    ('2024-03-07', '2024', '2024-03-17', '2024-03', None)
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


def _type(value: object) -> str:
    """Return what JSON calls a value."""
    return "null" if value is None else _TYPES[type(value)]
