"""An object of JSON in the plain form in, its `Record` out.

The plain form is that of the starter corpus, of what `Paper.to_dict` writes, and the usual names of other collections.
"""

import re
from typing import Any

from index.sources.fields import iso_date, keywords, names
from index.sources.record import BadRecord, Record
from index.sources.text import clean_line

_KINDS = ("abstract", "digest")
_TYPES = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


def plain(values: dict[str, Any]) -> Record:
    """Return what the object says of its paper; unlike in foreign forms, a field of the wrong kind is a fault.

    What decides on identity and precedence (`other_ids`, `other_titles`, `sources`, `version`) is not for it to say.

    Raises:
        BadRecord: It has no title or abstract, or a field holds what it can't.
    """
    url = _optional(values, "url")
    plain_id = values.get("id")
    named = clean_line(plain_id) if isinstance(plain_id, str) else ""  # other ids, such as row numbers, name no paper
    return Record(
        _required(values, "title"),
        _required(values, "abstract"),
        authors=_authors(values),
        published=next((day for name in ("published", "date", "year") if (day := iso_date(values.get(name)))), None),
        ids=(_optional(values, "arxiv_id"), _optional(values, "arxiv"), _optional(values, "doi"), named),
        url=url if re.match("https?:", url, re.I) else "",
        topics=(*_topics(values, "topics"), *_topics(values, "categories")),
        code=tuple(_strings(values, "code")),
        kind=values["kind"] if values.get("kind") in _KINDS else "abstract",
        updated=iso_date(values.get("updated")),
    )


def type_name(value: object) -> str:
    """Return what JSON calls a value."""
    return "null" if value is None else _TYPES[type(value)]


def _required(values: dict[str, Any], name: str) -> str:
    """Return a field that must hold text."""
    value = values.get(name)
    if value is None:
        raise BadRecord(f"no {name}")
    if not isinstance(value, str):
        raise BadRecord(f"{name} is {type_name(value)}, not text")
    if not clean_line(value):
        raise BadRecord(f"{name} is empty")
    return value


def _optional(values: dict[str, Any], name: str) -> str:
    """Return a field that may hold text, on one line; empty when it is missing."""
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRecord(f"{name} is {type_name(value)}, not text")
    return clean_line(value)


def _strings(values: dict[str, Any], name: str) -> list[str]:
    """Return a field that holds one text or a list of them, without the empty ones."""
    value = values.get(name)
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, str):
            raise BadRecord(f"{name} holds {type_name(item)}, not text")
    return [item for item in map(clean_line, items) if item]


def _authors(values: dict[str, Any]) -> tuple[str, ...]:
    """Return names from a list of texts, a list of objects with a name, or one text."""
    value = values.get("authors")
    if isinstance(value, list):
        listed = [each.get("name") if isinstance(each, dict) else each for each in value]
        return tuple(_strings({"authors": listed}, "authors"))
    return names(_optional(values, "authors"))


def _topics(values: dict[str, Any], name: str) -> tuple[str, ...]:
    """Return keywords from a list of texts or from one text."""
    value = values.get(name)
    return keywords(value) if isinstance(value, str) else tuple(_strings(values, name))
