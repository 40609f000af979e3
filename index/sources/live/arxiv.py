"""A query or a list of ids in, arXiv's papers out, newest first, by its API.

A question is one of arXiv's own: cat:cs.LG AND abs:curriculum. Dates and categories that are wanted are put into it;
a question with more results than arXiv gives by number goes on by date.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from index.paper import Paper
from index.sources.live.arxivids import ids_of, ids_of_file, without_version
from index.sources.live.atom import Feed, explain, read_feed
from index.sources.live.client import Client, Unanswered, Unfit
from index.sources.live.question import Question
from index.sources.live.record import papers_of
from index.sources.reading import LeftOut

_DEPTH = 10_000  # results that arXiv gives by number; beyond, it answers with HTTP 500
_IDS = 100  # in one question: they are part of an address
_EMPTY_TRIES = 2  # a question is answered with nothing at times, though there are papers
_CATEGORY = re.compile(r"[A-Za-z-]+(?:\.(?:[A-Za-z-]+|\*))?")
_WITHDRAWN = re.compile(r"This (?:paper|article|submission|manuscript|work) (?:has been|is|was) withdrawn", re.I)


def papers(client: Client, question: Question) -> Iterator[Paper | LeftOut]:
    """Yield the papers that arXiv has for a query, for ids with commas between them, or for @FILE with ids.

    Of what is wanted, dates and categories are part of the question.

    Raises:
        SourceError: The question is none, or arXiv gave no answer.
    """
    if question.asked.startswith("@"):
        ids, left_out = ids_of_file(Path(question.asked[1:]).expanduser(), question.source)
        yield from left_out
        yield from _by_id(client, ids, question.source)
    elif ids := ids_of(question.asked):
        yield from _by_id(client, ids, question.source)
    elif question.changed_since:
        yield from _changed(client, question, question.changed_since)
    else:
        yield from _by_query(client, question, question.first_day)


def _by_query(client: Client, question: Question, first_day: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a query from a day on, each once, one window of time after another."""
    last = f"{question.last_day.replace('-', '')}2359" if question.last_day else ""
    before: set[str] = set()
    while True:
        seen: set[str] = set()
        oldest, is_all = last, False
        for start, page in _window(client, _narrowed(question, first_day, last), "submittedDate"):
            if isinstance(page, str):
                yield LeftOut(question.source, None, page)
                continue
            is_all = start + len(page.entries) >= page.total
            if not (page.entries or start or before or question.is_narrow):
                yield LeftOut(question.source, None, "arXiv has no paper for this query")
            for name, entry in _named(page, start):
                if name not in seen and name not in before:
                    seen.add(name)
                    oldest = _minute(_date(entry, 0)) or oldest
                    yield from _paper(entry, question.source, name)
        if is_all or oldest == last:
            return
        last, before = oldest, seen


def _changed(client: Client, question: Question, day: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a query that are new or were revised since a day, each once.

    Where they are more than arXiv counts, the new ones are given, and of the revised ones the last.
    """
    last = f"{question.last_day.replace('-', '')}2359" if question.last_day else ""
    query = _narrowed(question, question.first_day, last)
    seen: set[str] = set()
    is_all = False
    for start, page in _window(client, query, "lastUpdatedDate"):
        if isinstance(page, str):
            yield LeftOut(question.source, None, page)
            continue
        is_all = start + len(page.entries) >= page.total
        for name, entry in _named(page, start):
            if "" < _date(entry, -1) < day:
                return
            if name not in seen:
                seen.add(name)
                yield from _paper(entry, question.source, name)
    if not is_all:
        yield from _by_query(client, question, question.first_new_day)


def _window(client: Client, query: str, order: str) -> Iterator[tuple[int, Feed | str]]:
    """Yield (number of results before it, page) for each page of a query, as far as arXiv counts its results.

    The order is by "submittedDate" or "lastUpdatedDate", the last first. A page that arXiv cannot give comes as the
    complaint, if the one before could be had.
    """
    size = client.service.page
    start, total, skipped = 0, size, False
    while start < total and start + size <= max(_DEPTH, size):
        params = {
            "search_query": query,
            "start": str(start),
            "max_results": str(size),
            "sortBy": order,
            "sortOrder": "descending",
        }
        try:
            page = client.get(params, _Reader(start), explain=explain)
        except Unanswered as error:
            if not error.unfit or skipped or start + size >= total:
                raise
            yield start, f"results {start + 1} to {start + size} of {total}: {error}"
            start, skipped = start + size, True
        else:
            yield start, page
            start, total, skipped = start + len(page.entries), page.total, False


def _by_id(client: Client, ids: Sequence[str], source: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers of ids, and which of them arXiv does not have."""
    different = list(dict.fromkeys(ids))
    for part in (different[at : at + _IDS] for at in range(0, len(different), _IDS)):
        params = {"id_list": ",".join(part), "start": "0", "max_results": str(len(part))}
        feed = client.get(params, _Reader(0), explain=explain)
        given = set()
        for name, entry in _named(feed, 0):
            given.add(name)
            yield from _paper(entry, source, name)
        for each in part:
            if without_version(each) not in given:
                yield LeftOut(source, None, f"arXiv has no paper {each}")


class _Reader:
    """Reads a page of results, and refuses one that is empty but should not be."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._empty = 0

    def __call__(self, body: bytes) -> Feed:
        feed = read_feed(body)
        if feed.entries:
            return feed
        self._empty += 1
        if self._start < feed.total:
            raise Unfit(f"an empty page, though there are {feed.total} results")
        if self._start == 0 and self._empty <= _EMPTY_TRIES:
            raise Unfit("no result")
        return feed


def _narrowed(question: Question, first_day: str, last: str) -> str:
    """Return a query that asks only for what is wanted, up to a minute as arXiv writes it."""
    parts = [f"({question.asked})"]
    categories = question.selection.categories
    if categories and all(_CATEGORY.fullmatch(each) for each in categories):
        both = [f"cat:{each}" if "." in each else f"cat:{each} OR cat:{each}.*" for each in categories]
        parts.append(f"({' OR '.join(both)})")
    if first_day or last:
        first = f"{first_day.replace('-', '')}0000" if first_day else "199001010000"
        parts.append(f"submittedDate:[{first} TO {last or '299912312359'}]")
    return " AND ".join(parts) if len(parts) > 1 else question.asked


def _named(page: Feed, start: int) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Yield each entry of a page with its id, or its number where it has none."""
    for number, entry in enumerate(page.entries, start + 1):
        yield (entry["id"].lower() if isinstance(entry, dict) else "") or f"result {number}", entry


def _date(entry: dict[str, Any] | str, version: int) -> str:
    """Return the date of the first (0) or the newest (-1) version of an entry, "" for none."""
    return str(entry["versions"][version]["created"]) if isinstance(entry, dict) else ""


def _minute(date: str) -> str:
    """Return a date with its time as arXiv writes it in questions, "" for one without."""
    digits = re.sub(r"\D", "", date)[:12]
    return digits if len(digits) == 12 else ""


def _paper(entry: dict[str, Any] | str, source: str, name: str) -> Iterator[Paper | LeftOut]:
    if isinstance(entry, dict) and _WITHDRAWN.match(entry["abstract"]):
        yield LeftOut(source, None, f"{name}: withdrawn by its authors")
    else:
        yield from papers_of(entry, source, name)
