"""What was measured of each case in, one line of figures for each group and system out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Part = Literal["retrieval", "lists", "answers", "refusals", "time", "memory"]
ALL = "all"


@dataclass(frozen=True)
class Figure:
    """What a figure means, whether more of it is better (1), worse (-1) or neither (0), its decimals, its total."""

    meaning: str
    better: int = 1
    digits: int = 3
    summed: bool = False


FIGURES: dict[str, Figure] = {
    "R@1": Figure("share of the relevant papers in first place"),
    "R@5": Figure("share of the relevant papers among the first 5"),
    "R@10": Figure("share of the relevant papers among the first 10"),
    "R@20": Figure("share of the relevant papers among the first 20"),
    "RR@10": Figure("1 / rank of the first relevant paper (its mean is MRR)"),
    "nDCG@10": Figure("gain of the first 10 over the best possible"),
    "nDCG@20": Figure("gain of the first 20 over the best possible"),
    "F1@10": Figure("F1 of the first 10 of the ranking"),
    "precision": Figure("share of the list as it ends by itself that is relevant"),
    "recall": Figure("share of the relevant papers that are in it"),
    "F1": Figure("harmonic mean of both"),
    "length": Figure("papers in it", 0, 1),
    "answered": Figure("share that was answered; what follows is of those, but shown and facts"),
    "shown": Figure("share of the relevant papers among the first 5 that are shown beside the answer"),
    "facts": Figure("how much of the facts of a right answer is said; 0 where declined"),
    "cite P": Figure("share of the cited papers that are relevant"),
    "cite R": Figure("share of the relevant papers that are cited"),
    "numbers": Figure("share of the numbers that stand in a cited abstract"),
    "copied": Figure("share of the runs of five words that stand in a cited abstract", 0),
    "supported": Figure("sentences that carry the mark"),
    "unverified": Figure("sentences that carry no mark", 0),
    "quoted": Figure("sentences between quotation marks", 0),
    "uncited": Figure("sentences without a citation", -1),
    "dangling": Figure("markers that stand for no paper, in all", -1, 0, summed=True),
    "declined": Figure("says that the papers do not say"),
    "set right": Figure("sets a false premise right, in the words of the abstract"),
    "from it": Figure("answers an honest half from the paper in question alone"),
    "good": Figure("one of these three"),
    "nearest": Figure("the paper in question stands first among those cited, or shown"),
    "wrongly declined": Figure("share of the questions that papers answer which it declines", -1),
    "papers s": Figure("seconds until papers are shown", -1, 2),
    "first token s": Figure("seconds until the first word", -1, 2),
    "total s": Figure("seconds until the end", -1, 2),
    "tokens read": Figure("tokens that the model read, not from its cache", -1, 0),
    "tokens written": Figure("tokens that it wrote", 0, 0),
    "peak GiB": Figure("most memory that the process took while it answered", -1, 2),
}
"""Every figure that may stand in a report, in the order of its columns."""

QUANTILES = {"p50": 50, "p95": 95}


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
        totalled: It counts in a line over all groups as well.
    """

    part: Part
    group: str
    system: str
    key: str
    text: str
    values: Mapping[str, float]
    detail: Mapping[str, Any] = field(default_factory=dict)
    totalled: bool = False


@dataclass(frozen=True)
class Line:
    """The figures of a group of cases and one system."""

    part: Part
    group: str
    system: str
    count: int
    figures: Mapping[str, float]


def lines(results: Sequence[Result]) -> list[Line]:
    """Return a line for each part, group and system, groups in the order of their first result.

    Figures are means over the cases to which they apply; times are medians and 95th percentiles (numpy's, linear), a
    line each; what is totalled has a line over all groups too, the last of its part.
    """
    groups: dict[tuple[Part, str], dict[str, list[Result]]] = {}
    for result in results:
        for group in dict.fromkeys((result.group, ALL) if result.totalled else (result.group,)):
            groups.setdefault((result.part, group), {}).setdefault(result.system, []).append(result)
    found: list[Line] = []
    for part, group in sorted(groups, key=lambda place: place[1] == ALL):
        for system, of_system in groups[part, group].items():
            values = [result.values for result in of_system]
            if part == "time":
                folds = [(name, quantile(values, q)) for name, q in QUANTILES.items()]
                found += [Line(part, name, system, len(values), figures) for name, figures in folds]
            else:
                found.append(Line(part, group, system, len(values), means(values)))
    return found


def means(values: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each figure over the cases that have it (the sum, where `FIGURES` says so)."""
    return {
        name: float(np.sum(found) if FIGURES[name].summed else np.mean(found))
        for name, found in _by_name(values).items()
    }


def quantile(values: Iterable[Mapping[str, float]], percent: float) -> dict[str, float]:
    """Return a percentile of each figure over the cases that have it."""
    return {name: float(np.percentile(found, percent)) for name, found in _by_name(values).items()}


def _by_name(values: Iterable[Mapping[str, float]]) -> dict[str, list[float]]:
    rows = list(values)
    named = {name: [row[name] for row in rows if name in row] for name in FIGURES}
    return {name: found for name, found in named.items() if found}
