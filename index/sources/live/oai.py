"""A set of arXiv in, all its papers out, by OAI-PMH: what arXiv wants those to use who want many.

A set is a category (cs.LG), an archive (cs, hep-th), or `all`. What is new since a day is asked for by the day on which
arXiv last changed its record, so that new versions of old papers come too.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from index.errors import SourceError
from index.paper import Paper
from index.sources.live.body import pieces, read_xml
from index.sources.live.client import Client, Unfit
from index.sources.live.question import Question
from index.sources.live.record import papers_of
from index.sources.reading import LeftOut

_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_RAW = "{http://arxiv.org/OAI/arXivRaw/}"
_TOKEN = re.compile(rb"<resumptionToken[^>]*>([^<]*)</resumptionToken>")
_FIRST_DAY = "2005-09-16"  # no record was changed before
_GROUPS = {"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"}  # any other archive belongs to physics
_SET = re.compile(r"[A-Za-z-]+(?:[.:][A-Za-z-]+)*")


@dataclass(frozen=True)
class _List:
    """One part of the list: its records, and what to ask for the next part with, "" at the end."""

    records: tuple[dict[str, Any] | str, ...]
    token: str


class _Expired(Exception):
    """arXiv no longer knows where in the list we are."""


def papers(client: Client, question: Question) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a set; of what is wanted only the first day makes a difference to the question.

    Raises:
        SourceError: There is no such set, or arXiv gave no answer.
    """
    first = {"verb": "ListRecords", "metadataPrefix": "arXivRaw"} | _set(question.asked)
    if question.first_new_day > _FIRST_DAY:
        first |= {"from": question.first_new_day}
    for attempt in range(2):
        params, done = first, []
        try:
            while params:
                done.append(params)
                part = client.get(params, _read)
                for number, record in enumerate(part.records, 1):
                    name = record["id"] if isinstance(record, dict) else f"record {number} of part {len(done)}"
                    yield from papers_of(record, question.source, name)
                params = {"verb": "ListRecords", "resumptionToken": part.token} if part.token else {}
            return
        except _Expired as error:  # a day has passed since the part before was kept
            for each in done:
                client.forget(each)
            if attempt:
                raise SourceError(
                    "arXiv no longer knows the place in its list that it gave. Run the same command again."
                ) from error


def _set(asked: str) -> dict[str, str]:
    """Return a set as arXiv writes it: cs.LG is cs:cs:LG, hep-th is physics:hep-th.

    Raises:
        SourceError: It can be none.
    """
    if asked.lower() == "all":
        return {}
    if not _SET.fullmatch(asked):
        raise SourceError(f"{asked!r} is no set of arXiv. Write a category (cs.LG), an archive (cs) or all.")
    archive, _, category = asked.partition(".")
    if ":" in asked or (archive == "physics" and not category):
        return {"set": asked}
    if not category:
        return {"set": archive if archive in _GROUPS else f"physics:{archive}"}
    return {"set": f"{archive if archive in _GROUPS else 'physics'}:{archive}:{category}"}


def _read(body: bytes) -> _List:
    """Return a part of the list; where one record is damaged, the others are read all the same."""
    try:
        root = read_xml(body, "OAI-PMH")
        elements: list[Element | str] = [*root.iter(f"{_OAI}record")]
        error = root.find(f"{_OAI}error")
    except Unfit as whole:
        try:
            elements, error = list(pieces(body, "OAI-PMH", "record")), None
        except Unfit:
            raise whole from None
    if error is not None and error.get("code") == "badResumptionToken":
        raise _Expired
    if error is not None and error.get("code") != "noRecordsMatch":
        raise SourceError(f"arXiv cannot answer this question: {error.get('code')}, {error.text or ''}. Change it.")
    if not elements and error is None:
        raise Unfit("a list without records")
    token = _TOKEN.search(body)
    records = (each if isinstance(each, str) else _record(each) for each in elements if not _is_deleted(each))
    return _List(tuple(records), html.unescape(token[1].decode("utf-8", "replace")).strip() if token else "")


def _is_deleted(element: Element | str) -> bool:
    header = None if isinstance(element, str) else element.find(f"{_OAI}header")
    return header is not None and header.get("status") == "deleted"


def _record(element: Element) -> dict[str, Any]:
    """Return a record as arXiv's metadata snapshot has it."""
    raw = element.find(f"{_OAI}metadata/{_RAW}arXivRaw")
    raw = element if raw is None else raw
    values: dict[str, Any] = {
        name: (raw.findtext(f"{_RAW}{name}") or "").strip()
        for name in ("id", "title", "abstract", "authors", "categories", "comments", "doi", "journal-ref")
    }
    versions = raw.findall(f"{_RAW}version")
    values["versions"] = [
        {"version": each.get("version", ""), "created": (each.findtext(f"{_RAW}date") or "").strip()}
        for each in versions
    ]
    values["id"] = values["id"] or (element.findtext(f"{_OAI}header/{_OAI}identifier") or "").rpartition(":")[2]
    return values
