"""The rows of a file in, `Case`s out: what is asked, and what is known of a right answer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from index.errors import UserError
from index.papers import Paper, title_key
from rag.answer import Turn
from rag.followup import standalone

Kind = Literal["question", "list", "unanswerable"]
_RULE = (
    'A row is a question ("question" and "relevant" papers), a list request ("request" and "relevant" papers), or a '
    'question that no paper answers ("question" and "kind").'
)


@dataclass(frozen=True)
class Case:
    """One thing to ask, and what is known of a right answer.

    Attributes:
        key: Names it in every report: `FILE:ID`, or `FILE:LINE` for a row without an id.
        kind: What is asked: a question that papers answer, a list of papers, or a question that none answers.
        group: What it is counted with: the type of a question, the kind of an unanswerable one, or the collection.
        text: The question or request.
        grades: Relevant papers by id, each with its grade, 1 or more.
        facts: What a right answer states.
        history: Earlier questions of the conversation, oldest first.
        named: Id of the paper that an unanswerable question is about, where it says so.
        mixed: An honest question stands beside the attempt to turn the answer.
        missing: Titles or ids of relevant papers that the index does not hold; they are not among `grades`.
    """

    key: str
    kind: Kind
    group: str
    text: str
    grades: Mapping[str, int] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    named: str = ""
    mixed: bool = False
    missing: tuple[str, ...] = ()

    @property
    def standalone(self) -> str:
        """The text as it is searched for: a follow-up made to stand alone by the questions before it."""
        return standalone(self.text, [Turn(question, "") for question in self.history])

    @property
    def lost(self) -> bool:
        """Tell whether it asks for papers none of which is in the index: then nothing can be measured."""
        return self.kind != "unanswerable" and not self.grades


def read_cases(path: Path, papers: Sequence[Paper]) -> list[Case]:
    """Read the rows of a file.

    Args:
        path: JSON lines. A row may also hold `id`, `type`, `facts`, `history`; `relevant` is a list of titles or ids,
            or an object that gives each a grade; an unanswerable row may name the `paper` that it is about.
        papers: Of the index; titles are compared without case, accents and punctuation.

    Raises:
        UserError: The file cannot be read, or a row is none of the three kinds.
    """
    ids = {name: paper.id for paper in reversed(papers) for name in (title_key(paper.title), paper.id)}
    return [_case(f"{path.name}, line {number}", path.name, number, row, ids) for number, row in _rows(path)]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, row)."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}). Give a file of JSON lines. {_RULE}") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UserError(f"{path.name}, line {number} is no JSON ({error}). {_RULE}") from None
            if not isinstance(row, dict):
                raise UserError(f"{path.name}, line {number} is no object. {_RULE}")
            yield number, row


def _case(place: str, name: str, number: int, row: dict[str, Any], ids: Mapping[str, str]) -> Case:
    key = f"{name}:{row.get('id', number)}"
    known = {str(title): _id_of(str(title), ids) for title in _titles(place, row)}
    grades = {known[title]: grade for title, grade in _titles(place, row).items() if known[title] and grade > 0}
    missing = tuple(title for title, paper_id in known.items() if not paper_id)
    facts, history = _texts(place, row, "facts"), _texts(place, row, "history")
    if "request" in row and known:
        return Case(key, "list", "lists", _text(place, row, "request"), grades, missing=missing)
    if "question" in row and known:
        group = str(row.get("type") or "questions")
        return Case(key, "question", group, _text(place, row, "question"), grades, facts, history, missing=missing)
    if "question" in row and row.get("kind"):
        named = str(row.get("paper") or "")
        lost = (named,) if named and not _id_of(named, ids) else ()
        return Case(
            key,
            "unanswerable",
            str(row["kind"]),
            _text(place, row, "question"),
            history=history,
            named=_id_of(named, ids),
            mixed=bool(row.get("mixed")),
            missing=lost,
        )
    raise UserError(f"{place} holds {', '.join(row) or 'nothing'}. {_RULE}")


def _id_of(name: str, ids: Mapping[str, str]) -> str:
    """Return the id of a paper by id or title; empty when the index does not hold it."""
    return (ids.get(name) or ids.get(title_key(name), "")) if name else ""


def _titles(place: str, row: dict[str, Any]) -> dict[str, int]:
    """Return the relevant papers of a row with their grades, 1 where none is given."""
    relevant = row.get("relevant") or {}
    graded = relevant if isinstance(relevant, dict) else dict.fromkeys(_texts(place, row, "relevant"), 1)
    if not all(isinstance(grade, int) and 0 <= grade <= 10 for grade in graded.values()):
        raise UserError(f"{place}: the grades in `relevant` must be whole numbers from 0 to 10.")
    return graded


def _texts(place: str, row: dict[str, Any], name: str) -> tuple[str, ...]:
    values = row.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise UserError(f"{place}: `{name}` must be a list of texts.")
    return tuple(values)


def _text(place: str, row: dict[str, Any], name: str) -> str:
    text = row[name]
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"{place}: `{name}` must be a text.")
    return text
