"""A page of arXiv's API in, its entries out. Knows nothing of questions or of how the page was had."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from index.errors import SourceError
from index.sources.live.body import pieces, read_xml
from index.sources.live.client import Unfit

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_VERSION = re.compile(r"v\d+$")
_TOTAL = re.compile(rb"totalResults[^>]*>\s*(\d+)\s*<")


@dataclass(frozen=True)
class Feed:
    """One page of results.

    Attributes:
        total: Results of the question on all pages.
        entries: Each is the record of a paper, as arXiv's metadata snapshot has it, or why it can't be read.
    """

    total: int
    entries: tuple[dict[str, Any] | str, ...]


def read_feed(body: bytes) -> Feed:
    """Return what stands on a page; where one entry is damaged, the others are read all the same.

    Raises:
        Unfit: It is no such page, or cut off.
        SourceError: arXiv says that it cannot answer the question, and why.
    """
    elements = _elements(body)
    if said := _said(elements):
        raise SourceError(f"arXiv cannot answer this question: {said}. Change it.")
    total = _TOTAL.search(body)
    if total is None:
        raise Unfit("a page that does not say how many results there are")
    return Feed(int(total[1]), tuple(each if isinstance(each, str) else _entry(each) for each in elements))


def explain(body: bytes) -> str:
    """Return what arXiv says about a question that it refuses, "" for nothing."""
    try:
        return _said(_elements(body))
    except Unfit:
        return ""


def _elements(body: bytes) -> list[Element | str]:
    try:
        return [*read_xml(body, "feed").findall(f"{_ATOM}entry")]
    except Unfit as whole:
        try:
            return list(pieces(body, "feed", "entry"))
        except Unfit:
            raise whole from None


def _said(elements: Iterable[Element | str]) -> str:
    """Return what an entry says that is no paper but an error."""
    for each in elements:
        if not isinstance(each, str) and "/api/errors" in _text(each, f"{_ATOM}id"):
            return _text(each, f"{_ATOM}summary").strip(" .") or "it does not say why"
    return ""


def _entry(entry: Element) -> dict[str, Any]:
    """Return the record of one entry."""
    versions = {"v1": _text(entry, f"{_ATOM}published")}
    versions.setdefault(_version(entry), _text(entry, f"{_ATOM}updated"))
    return {
        "id": _VERSION.sub("", _text(entry, f"{_ATOM}id").partition("/abs/")[2]),
        "title": _text(entry, f"{_ATOM}title"),
        "abstract": _text(entry, f"{_ATOM}summary"),
        "authors_parsed": [[_text(each, f"{_ATOM}name")] for each in entry.findall(f"{_ATOM}author")],
        "versions": [{"version": name, "created": moment} for name, moment in versions.items()],
        "doi": _text(entry, f"{_ARXIV}doi"),
        "categories": " ".join(each.get("term", "") for each in entry.findall(f"{_ATOM}category")),
        "comments": _text(entry, f"{_ARXIV}comment"),
    }


def _version(entry: Element) -> str:
    """Return the version that an entry is of; arXiv names the newest one where no other was asked for."""
    found = _VERSION.search(_text(entry, f"{_ATOM}id"))
    return found[0] if found else "v1"


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
