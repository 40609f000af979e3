"""JSON in, papers out: an object a line, or an array of objects, each in a known form. Knows nothing of files.

The form of an object is told by its fields; an object that is a page of results gives each of them.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from index.paper import Paper
from index.sources.arxiv import arxiv
from index.sources.csljson import csl, is_item
from index.sources.fields import iso_date
from index.sources.huggingface import hugging_face, is_entry
from index.sources.openalex import openalex
from index.sources.plain import plain, type_name
from index.sources.reading import UNWANTED, LeftOut
from index.sources.record import BadRecord, Record, to_paper
from index.sources.selection import Selection
from index.sources.semanticscholar import semantic_scholar
from index.sources.text import Unreadable

Form = Callable[[dict[str, Any]], Record]
_PAGES = ("results", "data", "items", "papers", "works", "dailyPapers")
"""The names under which a page of results holds its records."""


def read_jsonl(
    lines: Iterable[tuple[int, str | Unreadable]], source: str, selection: Selection | None = None
) -> Iterator[Paper | LeftOut]:
    """Yield the papers of JSON lines one at a time, and what had to be left out.

    Args:
        lines: (line number, line), the number counted from 1.
        source: Name that papers and complaints carry.
        selection: Gives `UNWANTED` for papers whose date or topics it does not take, before any work is put into them.
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
                yield from from_json(values, source, number, selection)


def read_json(text: str, source: str, selection: Selection | None = None) -> Iterator[Paper | LeftOut]:
    """Yield the papers of an array of objects, or of objects written over several lines; the rest as `read_jsonl`.

    Raises:
        Unreadable: The text is not JSON from here on.
    """
    decoder, beginning = json.JSONDecoder(), re.compile(r"[^\s,]")
    is_array = text.lstrip().startswith("[")
    at = text.index("[") + 1 if is_array else 0
    line, counted = 1, 0
    while start := beginning.search(text, at):
        line, counted = line + text.count("\n", counted, start.start()), start.start()
        if is_array and text[counted] == "]" and not text[counted + 1 :].strip():
            return
        try:
            values, at = decoder.raw_decode(text, counted)
        except (ValueError, RecursionError) as error:
            line += text.count("\n", counted, error.pos) if isinstance(error, json.JSONDecodeError) else 0
            raise Unreadable(f"not JSON from here on: {_why(error)}", line) from error
        yield from from_json(values, source, line, selection)
    if is_array:
        raise Unreadable("cut off: the ] that ends the array is missing", line)


def from_json(
    values: object, source: str, line: int | None = None, selection: Selection | None = None
) -> Iterator[Paper | LeftOut]:
    """Yield the paper of an object, or the papers of a page of results; what has none comes as the reason why.

    Args:
        values: A value as `json.loads` gives it.
        source: Name that papers and complaints carry.
        line: Where it stands, if known.
        selection: As for `read_jsonl`.
    """
    for each in _records(values):
        try:
            if not isinstance(each, dict):
                raise BadRecord(f"{type_name(each)} where an object with title and abstract should be")
            record = _form(each)(each)
            if selection and not selection.may_take(iso_date(record.published), record.topics):
                yield UNWANTED
            else:
                yield to_paper(record, source)
        except BadRecord as error:
            yield LeftOut(source, line, str(error))


def _records(values: object) -> list[Any]:
    """Return the records of a page of results; anything else is one record."""
    if isinstance(values, dict) and "title" not in values and "abstract" not in values:
        for name in _PAGES:
            if isinstance(values.get(name), list):
                return list(values[name])
    return [values]


def _form(values: dict[str, Any]) -> Form:
    """Return the form of an object."""
    if "authors_parsed" in values or ("versions" in values and "categories" in values):
        return arxiv
    if "abstract_inverted_index" in values or str(values.get("id")).startswith("https://openalex.org/"):
        return openalex
    if not values.keys().isdisjoint(("externalIds", "externalids", "paperId", "corpusid", "corpusId")):
        return semantic_scholar
    if is_entry(values):
        return hugging_face
    return csl if is_item(values) else plain


def _why(error: Exception) -> str:
    """Return what is wrong with JSON, and in which column."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
