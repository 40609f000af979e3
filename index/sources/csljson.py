"""An item of CSL-JSON, as Zotero and other reference managers export it, in, its `Record` out."""

from typing import Any

from index.sources.fields import dict_of, keywords, list_of, text_of
from index.sources.markup import unmarked
from index.sources.record import Record


def csl(values: dict[str, Any]) -> Record:
    """Return what an item says of its paper."""
    number = text_of(values.get("number"))
    topics = [text_of(each) for each in list_of(values.get("categories"))]
    return Record(
        unmarked(text_of(values.get("title"))),
        unmarked(text_of(values.get("abstract"))),
        authors=tuple(_name(dict_of(each)) for each in list_of(values.get("author"))),
        published=_date(dict_of(values.get("issued"))),
        ids=(number if "arxiv" in number.lower() else "", text_of(values.get("DOI"))),
        url=text_of(values.get("URL")),
        topics=(*topics, *keywords(text_of(values.get("keyword")))),
    )


def is_item(values: dict[str, Any]) -> bool:
    """Tell whether an object is such an item."""
    author = next(iter(list_of(values.get("author"))), None)
    return "issued" in values or "DOI" in values or "container-title" in values or "family" in dict_of(author)


def _name(author: dict[str, Any]) -> str:
    """Return a name, given names first."""
    parts = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix", "literal")
    return " ".join(part for name in parts if (part := text_of(author.get(name))))


def _date(issued: dict[str, Any]) -> str:
    """Return a date: of a span its first day."""
    first = list_of(next(iter(list_of(issued.get("date-parts"))), None))
    parts = [str(part) for part in first[:3] if isinstance(part, int | str) and str(part).isdecimal()]
    if not parts:
        return text_of(issued.get("raw")) or text_of(issued.get("literal"))
    return "-".join((parts[0], *(part.zfill(2) for part in parts[1:])))
