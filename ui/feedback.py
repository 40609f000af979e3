"""What readers thought of answers: `Feedback` records in, JSON lines or a table out."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from rag.escaping import cell

Thumb = Literal["up", "down"]


@dataclass(frozen=True)
class Feedback:
    """A rated answer, without the name of who rated it.

    Attributes:
        time: ISO time of the rating, UTC.
        reader: Eight hexadecimal digits: one person's ratings share them, and no name can be read from them.
        thumb: "up" or "down".
        reason: In the reader's words, often empty.
        question: As asked.
        text: Of the answer, with markers.
        citations: Ids of the cited papers in the order of their numbers.
        writer: The model that wrote it.
        generation: Of the index that it was asked of, None where unknown.
    """

    time: str
    reader: str
    thumb: Thumb
    reason: str
    question: str
    text: str
    citations: tuple[str, ...]
    writer: str
    generation: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "citations": list(self.citations)}


def to_jsonl(records: Iterable[Feedback]) -> Iterator[str]:
    """Yield one JSON object a line."""
    for record in records:
        yield json.dumps(record.to_dict(), ensure_ascii=False) + "\n"


def to_csv(records: Iterable[Feedback]) -> Iterator[str]:
    """Yield the lines of a table, its header first; what a spreadsheet would run as a formula is made text."""
    names = [field.name for field in fields(Feedback)]
    yield _row(names)
    for record in records:
        values = {**vars(record), "citations": "; ".join(record.citations)}
        yield _row(["" if values[name] is None else cell(str(values[name])) for name in names])


def _row(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


FORMATS: dict[str, Callable[[Iterable[Feedback]], Iterator[str]]] = {"jsonl": to_jsonl, "csv": to_csv}
