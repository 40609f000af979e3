"""`Paper`s and dicts of a program in, `Paper`s out; the fields of a dict are read as those of a line of JSON."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from index.errors import SourceError
from index.papers import Paper, merge
from index.sources.jsonl import read_jsonl
from index.sources.reading import LeftOut

SOURCE = "memory"
_FORM = "A paper is a `Paper`, or a dict with title, abstract and, where known, authors, published, url and the like."
_SHOWN_CHARS = 80


def from_memory(items: Iterable[Paper | Mapping[str, Any]]) -> list[Paper]:
    """Return the papers of a program, each once, in order of first sight.

    Raises:
        SourceError: One of them is no paper, or there is none; the message names the item, counted from 1.
    """
    papers = merge([_paper(item, number) for number, item in enumerate(items, start=1)])
    if not papers:
        raise SourceError(f"No papers were given. {_FORM}")
    return papers


def _paper(item: Paper | Mapping[str, Any], number: int) -> Paper:
    values = item.to_dict() if isinstance(item, Paper) else item
    if not isinstance(values, Mapping):
        raise _refused(item, number, f"it is a {type(item).__name__}")
    try:
        line = json.dumps(dict(values))
    except (TypeError, ValueError, RecursionError) as error:
        raise _refused(item, number, str(error)) from error
    (found,) = read_jsonl([(number, line)], SOURCE)
    if isinstance(found, LeftOut):
        raise _refused(item, number, found.reason)
    return item if isinstance(item, Paper) else found


def _refused(item: object, number: int, why: str) -> SourceError:
    shown = repr(item)
    shown = shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"
    return SourceError(f"Paper {number}, {shown}, cannot be taken: {why}. {_FORM}")
