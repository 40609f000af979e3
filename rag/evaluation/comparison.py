"""Two reports in, what changed from one to the other out: figure by figure, and question by question."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rag.evaluation.figures import FIGURES
from rag.evaluation.report import Report
from rag.evaluation.searchers import OURS

_RESAMPLES, _SEED = 5000, 20261121
_CHANGED = 8
"""Questions named for each figure in the text."""


@dataclass(frozen=True)
class Change:
    """One figure of paperchat in two runs, over the cases that both have.

    Attributes:
        part: Of the report.
        group: Of the cases.
        figure: Its name.
        count: Cases in both runs.
        before: Mean in the other run.
        after: Mean in this run.
        low: Lower end of the 95 % interval of the difference, by paired bootstrap (Efron and Tibshirani 1993): over
            5,000 draws of as many cases, with replacement, from a fixed seed.
        high: Its upper end.
        better: Cases whose value is better now; for a figure that is neither good nor bad, that is higher.
        worse: Cases whose value is worse now.
        cases: Key, question, value before and after of each case that changed, the worst change first.
    """

    part: str
    group: str
    figure: str
    count: int
    before: float
    after: float
    low: float
    high: float
    better: int
    worse: int
    cases: tuple[tuple[str, str, float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "cases": [list(case) for case in self.cases]}


def compare(before: Report, after: Report) -> list[Change]:
    """Return every figure of paperchat that both reports have, by part and group; times and memory are left out."""
    old = {(r.part, r.group, r.key): r.values for r in before.results if r.system == OURS}
    pairs: dict[tuple[str, str, str], list[tuple[str, str, float, float]]] = {}
    for result in after.results:
        earlier: Mapping[str, float] = old.get((result.part, result.group, result.key), {})
        if result.system == OURS and result.part not in ("time", "memory"):
            for name in result.values.keys() & earlier.keys():
                pair = (result.key, result.text, earlier[name], result.values[name])
                pairs.setdefault((result.part, result.group, name), []).append(pair)
    order = {name: at for at, name in enumerate(FIGURES)}
    places = list(dict.fromkeys((part, group) for part, group, _ in pairs))
    ranked = sorted(pairs, key=lambda key: (places.index(key[:2]), order[key[2]]))
    return [_change(*key, pairs[key]) for key in ranked]


def table(changes: Sequence[Change]) -> str:
    """Return the comparison as text: each figure that changed, its difference, and below the questions that did."""
    rows = [f"  {'':22} {'':16} {'n':>5} {'before':>8} {'now':>8} {'change':>8}  95 % interval     better  worse"]
    moved = [change for change in changes if change.cases]
    for c in moved:
        digits = FIGURES[c.figure].digits
        rows.append(
            f"  {c.part + ' ' + c.group:22} {c.figure:16} {c.count:5} {c.before:8.{digits}f} {c.after:8.{digits}f} "
            f"{c.after - c.before:+8.{digits}f}  {c.low:+.3f} … {c.high:+.3f}  {c.better:6}  {c.worse:5}"
        )
    named = [line for change in moved for line in _questions(change)]
    same = f"  {len(changes) - len(moved)} other figures are what they were."
    return "\n".join(
        [
            "Against the other run",
            *(rows if moved else []),
            same,
            *(["", "Questions that changed", *named] if moved else []),
        ]
    )


def _questions(change: Change) -> list[str]:
    shown = [
        f"    {before:6.3f} → {after:6.3f}  {key}  {text[:80]}" for key, text, before, after in change.cases[:_CHANGED]
    ]
    more = [f"    and {len(change.cases) - _CHANGED} more"] if len(change.cases) > _CHANGED else []
    return [f"  {change.part} {change.group}, {change.figure}:", *shown, *more]


def _change(part: str, group: str, figure: str, pairs: list[tuple[str, str, float, float]]) -> Change:
    sign = FIGURES[figure].better or 1
    before = np.asarray([pair[2] for pair in pairs])
    after = np.asarray([pair[3] for pair in pairs])
    gains = sign * (after - before)
    changed = sorted((pair for pair in pairs if pair[2] != pair[3]), key=lambda pair: sign * (pair[3] - pair[2]))
    low, high = _interval(after - before)
    return Change(
        part, group, figure, len(pairs), float(before.mean()), float(after.mean()), low, high,
        int((gains > 0).sum()), int((gains < 0).sum()), tuple(changed),
    )  # fmt: skip


def _interval(differences: "np.ndarray[Any, np.dtype[np.float64]]") -> tuple[float, float]:
    """Return the 95 % interval of the mean of paired differences."""
    draws = np.random.default_rng(_SEED).integers(len(differences), size=(_RESAMPLES, len(differences)))
    low, high = np.percentile(differences[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
