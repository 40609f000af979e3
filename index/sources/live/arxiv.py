"""A query or a list of ids in, arXiv's papers out, newest first, by its API.

A question is one of arXiv's own: cat:cs.LG AND abs:curriculum. Dates and categories that are wanted are put into it;
a question with more results than arXiv gives by number goes on by date.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from index.errors import SourceError
from index.identity import paper_id
from index.paper import Paper
from index.sources.live.atom import Feed, explain, read_feed
from index.sources.live.client import Client, Unanswered, Unfit
from index.sources.live.days import first_day, last_day
from index.sources.live.record import papers_of
from index.sources.reading import LeftOut
from index.sources.selection import Selection

_DEPTH = 10_000  # results that arXiv gives by number; beyond, it answers with HTTP 500
_IDS = 100  # in one question: they are part of an address
_EMPTY_TRIES = 2  # a question is answered with nothing at times, though there are papers
_CATEGORY = re.compile(r"[A-Za-z-]+(?:\.(?:[A-Za-z-]+|\*))?")
_WITHDRAWN = re.compile(r"This (?:paper|article|submission|manuscript|work) (?:has been|is|was) withdrawn", re.I)


def papers(client: Client, asked: str, selection: Selection, source: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers that arXiv has for `asked`.

    Args:
        client: Asks arXiv.
        asked: A query, ids with commas between them, or @FILE with ids.
        selection: What is wanted; only dates and categories make a difference to the question.
        source: What papers and complaints carry.

    Raises:
        SourceError: The question is none, or arXiv gave no answer.
    """
    if asked.startswith("@"):
        ids, left_out = _ids_of_file(Path(asked[1:]).expanduser(), source)
        yield from left_out
        yield from _by_id(client, ids, source)
    elif ids := _ids(asked):
        yield from _by_id(client, ids, source)
    else:
        yield from _by_query(client, asked, selection, source)


def _by_query(client: Client, query: str, selection: Selection, source: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a query, each once, one window of time after another."""
    size = client.service.page
    if selection.most and not selection.words:
        size = min(size, selection.most)
    first = first_day(selection.since).replace("-", "") + "0000" if selection.since else ""
    last = last_day(selection.until).replace("-", "") + "2359" if selection.until else ""
    before: set[str] = set()
    while True:
        seen: set[str] = set()
        oldest, is_all = last, False
        for start, page in _window(client, _narrowed(query, selection.categories, first, last), size):
            if isinstance(page, str):
                yield LeftOut(source, None, page)
                continue
            is_all = start + len(page.entries) >= page.total
            if not (page.entries or start or before or first or last):
                yield LeftOut(source, None, "arXiv has no paper for this query")
            for number, entry in enumerate(page.entries, start + 1):
                name = _name(entry, f"result {number}")
                if name not in seen and name not in before:
                    seen.add(name)
                    oldest = _minute(entry) or oldest
                    yield from _paper(entry, source, name)
        if is_all or oldest == last:
            return
        last, before = oldest, seen


def _window(client: Client, query: str, size: int) -> Iterator[tuple[int, Feed | str]]:
    """Yield (number of results before it, page) for each page of a query, as far as arXiv counts its results.

    A page that arXiv cannot give comes as the complaint, if the one before could be had.
    """
    start, total, skipped = 0, size, False
    while start < total and start + size <= max(_DEPTH, size):
        params = {
            "search_query": query,
            "start": str(start),
            "max_results": str(size),
            "sortBy": "submittedDate",
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
        for number, entry in enumerate(feed.entries, 1):
            name = _name(entry, f"result {number}")
            given.add(name)
            yield from _paper(entry, source, name)
        for each in part:
            if _plain(each) not in given:
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


def _ids(text: str) -> list[str]:
    """Return the ids of a list, none where the text is a query.

    Raises:
        SourceError: Some of it are ids, some are not.
    """
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    known = [part for part in parts if _is_id(part)]
    if known and len(known) < len(parts) and "," in text:
        wrong = next(part for part in parts if not _is_id(part))
        raise SourceError(f"{wrong!r} is no arXiv id. An id looks like 2205.05131, 1706.03762v5 or hep-th/9901001.")
    return [_bare(part) for part in known] if len(known) == len(parts) else []


def _ids_of_file(path: Path, source: str) -> tuple[list[str], list[LeftOut]]:
    """Return the ids of a file, one or several a line, and what in it is none; a line may be a comment with #."""
    ids: list[str] = []
    left_out: list[LeftOut] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SourceError(f"The ids in {path} can't be read: {reason}. Check the path.") from error
    for number, line in enumerate(lines, 1):
        for part in filter(None, re.split(r"[,\s]+", line.partition("#")[0])):
            if _is_id(part):
                ids.append(_bare(part))
            else:
                left_out.append(LeftOut(source, number, f"{part!r} is no arXiv id"))
    if not ids:
        raise SourceError(f"{path} holds no arXiv id. Write one a line, such as 2205.05131.")
    return ids, left_out


def _is_id(text: str) -> bool:
    return paper_id("", arxiv=text).startswith("arxiv:")


def _bare(text: str) -> str:
    """Return an id as arXiv's API takes it, with its version, out of an address or the like."""
    version = re.search(r"v\d+(?=(?:\.pdf)?$)", text)
    return _plain(text) + (version[0] if version else "")


def _plain(text: str) -> str:
    """Return an id without its version, and of old ones without the subject: math.GT/0309136 is math/0309136."""
    return re.sub(r"\.[a-z]{2}(?=/)", "", paper_id("", arxiv=text).removeprefix("arxiv:"))


def _narrowed(query: str, categories: Sequence[str], first: str, last: str) -> str:
    """Return a query that asks only for what is wanted."""
    parts = [f"({query})"]
    if categories and all(_CATEGORY.fullmatch(each) for each in categories):
        both = [f"cat:{each}" if "." in each else f"cat:{each} OR cat:{each}.*" for each in categories]
        parts.append(f"({' OR '.join(both)})")
    if first or last:
        parts.append(f"submittedDate:[{first or '199001010000'} TO {last or '299912312359'}]")
    return " AND ".join(parts) if len(parts) > 1 else query


def _minute(entry: dict[str, Any] | str) -> str:
    """Return when an entry was published, as arXiv writes it in questions."""
    digits = re.sub(r"\D", "", entry["versions"][0]["created"])[:12] if isinstance(entry, dict) else ""
    return digits if len(digits) == 12 else ""


def _name(entry: dict[str, Any] | str, otherwise: str) -> str:
    """Return the id of an entry."""
    return entry["id"].lower() or otherwise if isinstance(entry, dict) else otherwise


def _paper(entry: dict[str, Any] | str, source: str, name: str) -> Iterator[Paper | LeftOut]:
    if isinstance(entry, dict) and _WITHDRAWN.match(entry["abstract"]):
        yield LeftOut(source, None, f"{name}: withdrawn by its authors")
    else:
        yield from papers_of(entry, source, name)
