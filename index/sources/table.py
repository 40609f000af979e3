"""Lines of a table with named columns in, its papers out, one row at a time. Comma, semicolon, tab or bar between."""

import csv
import re
from collections.abc import Iterable, Iterator

from index.paper import Paper
from index.sources.fields import keywords, names
from index.sources.markup import unmarked
from index.sources.reading import LeftOut
from index.sources.record import Record, paper_or_reason
from index.sources.text import Unreadable

COLUMNS = {
    "title": ("title", "ti", "article title", "document title", "paper title"),
    "abstract": ("abstract", "ab", "summary", "abstract note", "abstract text", "paper abstract"),
    "authors": ("authors", "author", "au", "author s", "author full names", "author names", "creators"),
    "published": (
        *("published", "date", "publication date", "publication year", "year", "py", "date published"),
        *("published date", "published at", "publishedat", "pub date", "publication_date"),
    ),
    "arxiv": ("arxiv", "arxiv id", "arxivid", "id"),
    "doi": ("doi", "di"),
    "url": ("url", "link", "ur"),
    "topics": (
        *("keywords", "keyword", "author keywords", "index keywords", "tags", "manual tags", "topics", "categories"),
        *("category", "subjects", "fields of study", "de"),
    ),
    "code": ("code", "code url", "github", "repository"),
}
"""What is read of a row -> the names of columns that hold it, small letters without punctuation, best first."""

_DELIMITERS = ",;\t|"
_SHOWN = 12
_HEADER_CHARS = 100_000


def is_header(start: str) -> bool:
    """Tell whether a text begins with a line that names a column of titles and one of abstracts."""
    line = next((line for line in start.splitlines() if line.strip()), "")
    columns = _columns(_cells(line, _delimiter(line)))
    return "title" in columns and "abstract" in columns


def read_table(lines: Iterable[tuple[int, str | Unreadable]], source: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a table one at a time, and what had to be left out.

    Args:
        lines: (line number, line), the number counted from 1.
        source: Name that papers and complaints carry.

    Raises:
        Unreadable: No column of titles or abstracts, or a quote that does not end.
    """
    faults: list[LeftOut] = []
    begun = 0  # line at which the row begins that is being read

    def text() -> Iterator[str]:
        nonlocal begun
        for number, line in lines:
            if isinstance(line, Unreadable):
                faults.append(LeftOut(source, number, line.reason))
            else:
                begun = begun or number
                yield f"{line}\n"

    rest = text()
    header = next((line for line in rest if line.strip()), "")
    if said := re.fullmatch(r"sep=(.)\n", header):
        header = next((line for line in rest if line.strip()), "")
    if len(header) > _HEADER_CHARS:
        raise Unreadable(f"a table whose first line has more than {_HEADER_CHARS:,} characters. Shorten it", 1)
    delimiter = said[1] if said else _delimiter(header)
    columns = _columns(cells := _cells(header, delimiter))
    if missing := [name for name in ("title", "abstract") if name not in columns]:
        there = ", ".join(cell.strip() or "(no name)" for cell in cells[:_SHOWN]) + (
            " …" if len(cells) > _SHOWN else ""
        )
        wanted = " and ".join(f"“{name}”" for name in missing)
        raise Unreadable(
            f"a table without a column {wanted}; its columns are: {there}. Rename them in its first line", 1
        )
    rows = csv.reader(rest, delimiter=delimiter)
    try:
        begun = 0
        for row in rows:
            yield from faults
            faults.clear()
            if any(cell.strip() for cell in row):
                yield paper_or_reason(_record(row, columns), source, begun)
            begun = 0
    except csv.Error as error:
        yield from faults
        raise Unreadable(f"not a table from here on: {error}; is a quote not closed?", begun) from error
    yield from faults


def _delimiter(line: str) -> str:
    """Return what stands between the cells of a header: what gives the most known columns, then the most cells."""

    def gain(delimiter: str) -> tuple[int, int]:
        cells = _cells(line, delimiter)
        return len(_columns(cells)), len(cells)

    return max(_DELIMITERS, key=gain)


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _columns(cells: list[str]) -> dict[str, list[int]]:
    """Return the place of each known column, best name first."""
    known = [re.sub(r"[\W_]+", " ", cell).strip().casefold() for cell in cells]
    places = {name: [known.index(each) for each in called if each in known] for name, called in COLUMNS.items()}
    return {name: found for name, found in places.items() if found}


def _record(row: list[str], columns: dict[str, list[int]]) -> Record:
    """Return what a row says of its paper."""

    def cells(name: str) -> list[str]:
        return [row[place] for place in columns.get(name, ()) if place < len(row) and row[place].strip()]

    def first(name: str) -> str:
        return next(iter(cells(name)), "")

    return Record(
        unmarked(first("title")),
        unmarked(first("abstract")),
        authors=names(first("authors")),
        published=first("published"),
        ids=(*cells("arxiv"), first("doi")),
        url=first("url"),
        topics=tuple(topic for cell in cells("topics") for topic in keywords(cell)),
        code=tuple(first("code").split()),
    )
