"""Asks the judge's model about labelled rows, and fits the calibration, with whole datasets held out to measure it.

    python -m bench.training.judge --cache FILE [--papers 60] [--tasks verify gate answers] [--sets NAME …]
        [--asked PROMPT] [--system PROMPT] [--until HH:MM] [--write]

Each row of the tables is a dataset that the fit has not seen: it is of the other sets that have a licence. What
the model said is kept in the cache, so that a second run only asks what is new. `--asked` and `--system` try another
wording for one task: names of files in `prompts/`. `--write` fits on all sets with a licence and ships the result.
"""

import argparse
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from bench.training.labelled import FITTED, MOST, READERS, SHARED, Labelled, sample
from bench.training.remembered import OutOfTime, Remembered
from index.vectors import Vectors
from rag.judges import calibration
from rag.judges.calibration import Calibration, Fit
from rag.judges.judge import DEFAULT
from rag.judges.odds import read
from rag.judges.tasks import TASKS, VERIFY, Task
from rag.judges.vetoes import unmarked, veto

OWN = "own sentences"
"""The set that decides the threshold of the mark."""
PRECISION, ENOUGH = 0.9, 30
"""Share of the marked sentences that must be fully supported, and how many must be marked to show it. The goal is .95,
which no threshold reaches on what the default model writes today (bench/LOG.md)."""


def main() -> None:
    """Read, fit, print."""
    options = _options()
    model = Remembered(options.model, options.cache, options.threads, options.until)
    fits: dict[str, Fit] = {}
    counts: dict[str, int] = {}
    threshold = 1.0
    for name in options.tasks:
        task = _tried(TASKS[name], options)
        rows = [row for row in READERS[name](options.shared) if not options.sets or row.set in options.sets]
        rows, odds = asked(model, task, sample(rows, options.papers, options.most or MOST[name]))
        found = held_out(rows, odds)
        if name == VERIFY:
            found *= veto([row.row for row in rows])
        print(f"\n{name}: {len(rows)} rows")
        report(rows, odds, found)
        fits[name] = fit(rows, odds)
        counts[name] = sum(row.set in FITTED for row in rows)
        print(f"  {fits[name]}")
        if name == VERIFY:
            threshold = least_threshold(rows, fits[name].probabilities(odds) * veto([row.row for row in rows]))
    if options.write:
        if set(options.tasks) != set(TASKS) or options.asked or options.system != "judge_system":
            raise SystemExit("A calibration is of all tasks, in the wording that ships: leave out what chooses others.")
        made = Calibration(options.model, calibration.prompts_digest(), threshold, fits, counts)
        calibration.save(model.digest, made)


def asked(model: Remembered, task: Task, rows: Sequence[Labelled]) -> tuple[list[Labelled], Vectors]:
    """Return the rows that the model could be asked about in time, and its log-odds, float32 `(rows,)`."""
    done: list[Labelled] = []
    odds = []
    for row in rows:  # those about one paper follow each other, and the only slot keeps it
        with suppress(OutOfTime):
            odds.append(float(read(model, task, [row.row])[0]))
            done.append(row)
    return done, np.asarray(odds, dtype=np.float32)


def held_out(rows: Sequence[Labelled], odds: Vectors) -> Vectors:
    """Return the probability of each row by a fit that saw nothing of its dataset, float32 `(rows,)`."""
    found = np.full(len(rows), 0.5, dtype=np.float32)
    for name in {row.set for row in rows}:
        mine = np.asarray([row.set == name for row in rows])
        others = [at for at, row in enumerate(rows) if row.set != name and row.set in FITTED]
        if not others:  # the only set of its task that may be fitted on: its papers are halved
            found[mine] = _by_halves([row for row in rows if row.set == name], odds[mine])
            continue
        found[mine] = fit([rows[at] for at in others], odds[others]).probabilities(odds[mine])
    return found


def fit(rows: Sequence[Labelled], odds: Vectors) -> Fit:
    """Fit the rows of sets with a licence; each set, and each label in it, weighs the same."""
    chosen = [at for at, row in enumerate(rows) if row.set in FITTED]
    keys = [(rows[at].set, rows[at].good) for at in chosen]
    weights = [len(keys) / len(set(keys)) / keys.count(key) for key in keys]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(max_iter=2000)
        model.fit(odds[chosen, None].astype(np.float64), [rows[at].good for at in chosen], sample_weight=weights)
    return Fit(round(float(model.intercept_[0]), 4), round(float(model.coef_[0, 0]), 4))


def report(rows: Sequence[Labelled], odds: Vectors, found: Vectors) -> None:
    """Print balanced accuracy at probability .5 and AUC of each set, beside the AUC of the bare log-odds."""
    print(f"  {'held out':20} {'good':>5} {'bad':>5}  bal.acc   AUC  log-odds")
    averages = []
    for name in sorted({row.set for row in rows}):
        mine = np.asarray([row.set == name for row in rows])
        good = np.asarray([row.good for row in rows])[mine]
        if good.all() or not good.any():
            continue
        figures = [balanced_accuracy_score(good, found[mine] >= 0.5), roc_auc_score(good, found[mine])]
        averages.append([*figures, roc_auc_score(good, odds[mine])])
        print(f"  {name:20} {good.sum():5} {(~good).sum():5}   " + " ".join(f"{value:.3f}" for value in averages[-1]))
    print(f"  {'average':32}   " + " ".join(f"{value:.3f}" for value in np.mean(averages, axis=0)))


def least_threshold(rows: Sequence[Labelled], found: Vectors) -> float:
    """Return the least probability from which `PRECISION` of our own sentences are supported, and none is unsupported.

    The fit has seen them, but a sigmoid keeps their order. Where too few would be marked to show it, nothing is: the
    threshold is 1.
    """
    may = ~unmarked([row.row for row in rows])
    own = [(float(value), row) for value, row, ok in zip(found, rows, may, strict=True) if row.set == OWN and ok]
    best = 1.0
    for limit in sorted({value for value, _ in own}, reverse=True):
        kinds = [row.kind for value, row in own if value >= limit]
        if "unsupported" in kinds:
            break
        if len(kinds) >= ENOUGH and kinds.count("supported") >= PRECISION * len(kinds):
            best = limit
    kinds = [row.kind for value, row in own if value >= best]
    share = kinds.count("supported") / max(sum(row.good for row in rows if row.set == OWN), 1)
    print(
        f"  threshold {best:.3f}: {len(kinds)} marked, {kinds.count('supported')} right, {share:.2f} of the right ones"
    )
    return round(best, 3)


def _by_halves(rows: Sequence[Labelled], odds: Vectors) -> Vectors:
    papers = list({row.row[-2:]: None for row in rows})
    first = np.asarray([papers.index(row.row[-2:]) % 2 == 0 for row in rows])
    found = np.full(len(rows), 0.5, dtype=np.float32)
    for half in (first, ~first):
        if half.any() and (~half).any():
            fitted = fit([row for row, take in zip(rows, half, strict=True) if not take], odds[~half])
            found[half] = fitted.probabilities(odds[half])
    return found


def _tried(task: Task, options: argparse.Namespace) -> Task:
    """Return a task with the wordings of the command line."""
    return replace(task, system=options.system, asked=options.asked or task.asked)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="file of JSON lines that keeps what the model said")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with `judges` and `corpus`")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--sets", nargs="+", default=[], help="only these datasets")
    parser.add_argument("--papers", type=int, default=60, help="papers of each dataset")
    parser.add_argument("--most", type=int, default=0, help="rows of one paper; by default as the task has it")
    parser.add_argument("--asked", default="", help="another prompt that asks, for one task")
    parser.add_argument("--system", default="judge_system", help="another prompt with the rules")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--until", default="", metavar="HH:MM", help="ask nothing new from then on")
    parser.add_argument("--write", action="store_true", help="ship the calibration")
    return parser.parse_args()


if __name__ == "__main__":
    main()
