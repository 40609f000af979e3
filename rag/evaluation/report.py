"""Results in, a table for people and JSON for programs out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.errors import UserError
from rag.evaluation.figures import FIGURES, Line, Result, lines

FORMAT = 1
TITLES = {
    "retrieval": "Finding papers",
    "lists": "Lists of papers",
    "answers": "Answers to questions that papers answer",
    "refusals": "Questions that no paper answers",
    "time": "Time and tokens of an answer",
    "memory": "Memory",
}


@dataclass(frozen=True)
class Report:
    """What a run measured.

    Attributes:
        about: Version, settings, index, files: whatever two runs may differ in.
        notes: What a reader should know, such as cases left out and why.
        results: Each system on each case.
    """

    about: Mapping[str, Any]
    notes: tuple[str, ...]
    results: tuple[Result, ...]

    @property
    def lines(self) -> list[Line]:
        """The figures by part, group and system."""
        return lines(self.results)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "paperchat_evaluation": FORMAT,
            "about": dict(self.about),
            "notes": list(self.notes),
            "lines": [asdict(line) for line in self.lines],
            "results": [asdict(result) for result in self.results],
        }

    def write(self, path: Path) -> None:
        """Write everything as JSON.

        Raises:
            UserError: The file cannot be written.
        """
        try:
            path.write_text(json.dumps(self.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise UserError(f"{path} cannot be written ({error}). Give --out a file in a folder that exists.") from None

    @classmethod
    def read(cls, path: Path) -> "Report":
        """Return the report that `write` wrote.

        Raises:
            UserError: It is none.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if values["paperchat_evaluation"] != FORMAT:
                raise ValueError(f"format {values['paperchat_evaluation']}, not {FORMAT}")
            results = tuple(Result(**result) for result in values["results"])
            return cls(values["about"], tuple(values["notes"]), results)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path} is no report of paperchat eval ({error}). Write one with --out FILE.") from None

    def table(self) -> str:
        """Return the figures as text: one table a part, what was left out, and what each figure means."""
        every = self.lines
        parts = {part: [line for line in every if line.part == part] for part in TITLES}
        tables = [f"{TITLES[part]}\n{_table(rows)}" for part, rows in parts.items() if rows]
        used = [name for name in FIGURES if any(name in line.figures for line in every)]
        wide = max(map(len, used), default=0)
        meanings = "\n".join(["Figures", *[f"  {name:{wide}}  {FIGURES[name].meaning}" for name in used]])
        return "\n\n".join([*tables, *self.notes, meanings])


def _table(rows: Sequence[Line]) -> str:
    """Write lines under each other, a column for each figure that any of them has."""
    names = [name for name in FIGURES if any(name in row.figures for row in rows)]
    wide = max(len(row.group) for row in rows), max(len(row.system) for row in rows)
    head = f"  {'':{wide[0]}}  {'':{wide[1]}}  {'n':>5}" + "".join(f"  {name:>{_width(name)}}" for name in names)
    body = [
        f"  {row.group:{wide[0]}}  {row.system:{wide[1]}}  {row.count:5}"
        + "".join(f"  {_value(row.figures.get(name), name):>{_width(name)}}" for name in names)
        for row in rows
    ]
    return "\n".join([head, *body])


def _width(name: str) -> int:
    return max(len(name), 6)


def _value(value: float | None, name: str) -> str:
    return "–" if value is None else f"{value:.{FIGURES[name].digits}f}"
