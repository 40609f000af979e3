"""Lines of a RIS file in, its papers out, one record at a time."""

from collections.abc import Iterable, Iterator
from typing import Any

from index.paper import Paper
from index.sources.markup import unmarked
from index.sources.reading import LeftOut
from index.sources.record import Record, paper_or_reason
from index.sources.text import Unreadable

_RECORD_LINES = 10_000


def read_ris(lines: Iterable[tuple[int, str | Unreadable]], source: str) -> Iterator[Paper | LeftOut]:
    """Yield the papers of RIS records one at a time, and what had to be left out.

    Args:
        lines: (line number, line), the number counted from 1.
        source: Name that papers and complaints carry.

    Raises:
        Unreadable: A record does not end.
    """
    begun, record = 0, list[str]()
    for number, line in lines:
        if isinstance(line, Unreadable):
            yield LeftOut(source, number, line.reason)
            continue
        if line.startswith(("TY  -", "ER  -")):
            if record:
                yield _paper(record, source, begun)
            begun, record = number, []
        if record or line.startswith("TY  -"):
            record.append(line)
        if len(record) > _RECORD_LINES:
            raise Unreadable(
                f"a record of more than {_RECORD_LINES:,} lines. End each record with a line “ER  - ”", begun
            )
    if record:
        yield _paper(record, source, begun)


def _paper(lines: list[str], source: str, line: int) -> Paper | LeftOut:
    """Return the paper of one record, or why there is none."""
    import rispy

    try:
        (values,) = rispy.loads("\n".join((*lines, "ER  - ")))
    except MemoryError:
        raise
    except Exception as error:  # whatever a parser raises on bytes of any kind
        return LeftOut(source, line, f"not RIS: {error}")
    return paper_or_reason(_record(values), source, line)


def _record(values: dict[str, Any]) -> Record:
    """Return what a record says of its paper."""
    dates = (values.get(name) for name in ("date", "year", "publication_year"))
    urls = values.get("urls", [])
    return Record(
        unmarked(values.get("title") or values.get("primary_title") or ""),
        unmarked(values.get("abstract") or values.get("notes_abstract") or ""),
        authors=tuple(values.get("authors") or values.get("first_authors") or ()),
        published=next((date for date in dates if date), None),
        ids=(*urls, values.get("doi", "")),
        url=next(iter(urls), ""),
        topics=tuple(values.get("keywords", ())),
    )
