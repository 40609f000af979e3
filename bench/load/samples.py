"""What came of wishes: `Sample`s, and the `Run` that a crowd made of them, as a child process hands it over."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

DONE, BUSY, LEFT = "done", "429", "left"
"""Outcomes that are as they should be; every other one names an error."""


@dataclass(frozen=True)
class Sample:
    """What came of one wish.

    Attributes:
        kind: Of the wish.
        begun_s: When it was sent, from the beginning of the run.
        whole_s: Seconds until all of it was there, or until it ended otherwise.
        first_s: Seconds until the papers of a streamed answer were there, None where none came.
        outcome: `DONE`, `LEFT` of who hung up, `BUSY` of who was told when to come back, or an error.
    """

    kind: str
    begun_s: float
    whole_s: float
    first_s: float | None
    outcome: str


@dataclass(frozen=True)
class Run:
    """What came of a crowd's wishes.

    Attributes:
        users: How many people.
        seconds: For so long new wishes were begun.
        cpu_s: Of the process that the crowd was in.
        samples: Of all wishes that were begun, those that ended later too.
    """

    users: int
    seconds: float
    cpu_s: float
    samples: tuple[Sample, ...]

    @property
    def lasted_s(self) -> float:
        """Seconds until the last wish was answered."""
        return max([sample.begun_s + sample.whole_s for sample in self.samples] + [self.seconds])

    def written(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> "Run":
        """Return what `written` wrote."""
        values = json.loads(line)
        return cls(**{**values, "samples": tuple(Sample(**each) for each in values["samples"])})


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that so large a share of them does not exceed; None of nothing.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 0.5)
    2.0
    """
    ranked = sorted(values)
    return ranked[max(-int(-share * len(ranked) // 1), 1) - 1] if ranked else None
