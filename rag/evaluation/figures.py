"""What was measured of each case in, one line of figures for each group and system out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Part = Literal["retrieval", "lists", "answers", "refusals", "time"]


@dataclass(frozen=True)
class Figure:
    """What a figure means, whether more of it is better (1), worse (-1) or neither (0), and its decimals."""

    meaning: str
    better: int = 1
    digits: int = 3


FIGURES: dict[str, Figure] = {
    "R@1": Figure("share of the relevant papers in first place"),
    "R@5": Figure("share of the relevant papers among the first 5"),
    "R@10": Figure("share of the relevant papers among the first 10"),
    "R@20": Figure("share of the relevant papers among the first 20"),
    "RR@10": Figure("1 / rank of the first relevant paper (its mean is MRR)"),
    "nDCG@10": Figure("gain of the first 10 over the best possible"),
    "nDCG@20": Figure("gain of the first 20 over the best possible"),
    "precision": Figure("share of the list that is relevant"),
    "recall": Figure("share of the relevant papers that are listed"),
    "F1": Figure("harmonic mean of both"),
    "F1@10": Figure("F1 of the first 10 of the ranking"),
    "length": Figure("papers in the list", 0, 1),
}
"""Every figure that stands in a report, in the order of its columns."""


@dataclass(frozen=True)
class Result:
    """What one system did with one case.

    Attributes:
        part: Of the report.
        group: The case's.
        system: "paperchat" or what stands beside it.
        key: The case's.
        text: What was asked.
        values: Figures by name; one that does not apply is not there.
        detail: Whatever else a reader of the JSON should see: a ranking, an answer with its evidence.
    """

    part: Part
    group: str
    system: str
    key: str
    text: str
    values: Mapping[str, float]
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """The figures of a group of cases and one system: means over the cases to which a figure applies."""

    part: Part
    group: str
    system: str
    count: int
    figures: Mapping[str, float]


def lines(results: Sequence[Result]) -> list[Line]:
    """Return one line for each part, group and system, in the order of their first result."""
    places = dict.fromkeys((result.part, result.group, result.system) for result in results)
    return [
        _line(part, group, system, [r for r in results if (r.part, r.group, r.system) == (part, group, system)])
        for part, group, system in sorted(places, key=lambda place: _order(place, list(places)))
    ]


def _order(place: tuple[Part, str, str], places: list[tuple[Part, str, str]]) -> tuple[int, int, int]:
    """Return what keeps the systems of a group together."""
    parts = list(dict.fromkeys(part for part, _, _ in places))
    groups = list(dict.fromkeys(group for _, group, _ in places))
    return parts.index(place[0]), groups.index(place[1]), places.index(place)


def _line(part: Part, group: str, system: str, results: Sequence[Result]) -> Line:
    return Line(part, group, system, len(results), means(result.values for result in results))


def means(values: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each figure over the cases that have it, in the order of `FIGURES`."""
    rows = list(values)
    named = {name: [row[name] for row in rows if name in row] for name in FIGURES}
    return {name: float(np.mean(found)) for name, found in named.items() if found}
