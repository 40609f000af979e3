"""What a source gave: its papers, and what was left out of it and why."""

from dataclasses import dataclass

from index.paper import Paper


@dataclass(frozen=True)
class LeftOut:
    """A record or a whole file that could not be used.

    Attributes:
        source: Name of the source, as in `Paper.sources`.
        line: Line of the file, counted from 1, where one can be given.
        reason: What is wrong and, where it helps, what to do.
    """

    source: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        """Return one line for people, in the form that editors jump to."""
        return f"{self.source}{f':{self.line}' if self.line else ''}: {self.reason}"


class Unwanted(LeftOut):
    """A record that was passed over because the selection does not take its paper; nothing is wrong with it."""


UNWANTED = Unwanted("", None, "not wanted")
"""The one that stands for all: a million of them are passed over in a snapshot."""


@dataclass(frozen=True)
class Reading:
    """Everything that came of reading some sources.

    Attributes:
        papers: Each paper once, in order of first sight.
        records: Number of records that were taken, repeats counted.
        left_out: What could not be used, in order of reading; the first 1,000.
        sources: Name of each file that gave records, packed ones too -> number of its records.
        faults: Number of all that could not be used.
        unwanted: Number of papers that could be read but that the selection does not take.
        found: The records behind these papers, for an index, which may have apart what a record would join.
    """

    papers: tuple[Paper, ...]
    records: int
    left_out: tuple[LeftOut, ...]
    sources: dict[str, int]
    faults: int = 0
    unwanted: int = 0
    found: tuple[Paper, ...] = ()
