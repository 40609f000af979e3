"""Asks the judge's model about labelled rows, and fits the calibration with whole datasets held out.

    python -m bench.training.judge --cache FILE [--papers 60] [--tasks verify gate answers] [--sets NAME …]
        [--odds FEATURE=PROMPT[:ANSWER:OTHER] …] [--system PROMPT] [--until HH:MM] [--write]

Each row of the tables is a dataset that the regression has not seen: fitted on the other sets that have a licence. What
the model said is kept in the cache, so that a second run only asks what is new. `--odds` and `--system` try another
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
from rag.judges.tasks import TASKS, VERIFY, Odds, Task
from rag.judges.vetoes import veto

OVERLAP = "missing words"
OWN = ("own", "check")
"""Sets of sentences about papers of this field: they set the threshold."""
PRECISION, ENOUGH = 0.95, 60
"""Share of the marked claims that must be right, and how many must be marked to show it: none wrong of 60 bounds the
share of wrong ones at 5 % (rule of three)."""


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
        rows, features = asked(model, task, sample(rows, options.papers, options.most or MOST[name]))
        print(f"\n{name}: {len(rows)} rows; features {', '.join(task.features)}")
        found = held_out(task, rows, features)
        report(task, rows, features, found)
        fits[name] = fit(task, rows, features)
        counts[name] = sum(row.set in FITTED for row in rows)
        print("  weights", {key: round(value, 2) for key, value in fits[name].weights.items()}, end=" ")
        print("intercept", round(fits[name].intercept, 2))
        if name == VERIFY:
            threshold = least_threshold(rows, found)
    if options.write:
        made = Calibration(options.model, calibration.prompts_digest(), threshold, fits, counts)
        calibration.save(model.digest, made)


def asked(model: Remembered, task: Task, rows: Sequence[Labelled]) -> tuple[list[Labelled], Vectors]:
    """Return the rows that the model could be asked about in time, and features, float32 `(rows, features)`."""
    done: list[Labelled] = []
    features = [np.zeros((0, len(task.features)), dtype=np.float32)]
    for row in rows:  # those about one paper follow each other, and the only slot keeps it
        with suppress(OutOfTime):
            features.append(read(model, task, [row.row]))
            done.append(row)
    return done, np.concatenate(features)


def held_out(task: Task, rows: Sequence[Labelled], features: Vectors) -> Vectors:
    """Return the probability of each row by a regression that saw nothing of its dataset, float32 `(rows,)`."""
    found = np.full(len(rows), 0.5, dtype=np.float32)
    for name in {row.set for row in rows}:
        mine = np.asarray([row.set == name for row in rows])
        others = [at for at, row in enumerate(rows) if row.set != name and row.set in FITTED]
        if not others:  # the only set of its task that may be fitted on: its papers are halved
            found[mine] = _by_halves(task, [row for row in rows if row.set == name], features[mine])
            continue
        fitted = fit(task, [rows[at] for at in others], features[others])
        found[mine] = fitted.probabilities(features[mine], task.features)
    if task.given == TASKS[VERIFY].given:
        found *= veto([row.row for row in rows])
    return found


def fit(task: Task, rows: Sequence[Labelled], features: Vectors) -> Fit:
    """Fit one regression on the rows of sets with a licence; each set, and each label in it, weighs the same."""
    chosen = [at for at, row in enumerate(rows) if row.set in FITTED]
    keys = [(rows[at].set, rows[at].good) for at in chosen]
    weights = [len(keys) / len(set(keys)) / keys.count(key) for key in keys]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(max_iter=2000)
        model.fit(features[chosen].astype(np.float64), [rows[at].good for at in chosen], sample_weight=weights)
    values = zip(task.features, model.coef_[0].tolist(), strict=True)
    return Fit(round(float(model.intercept_[0]), 4), {name: round(value, 4) for name, value in values})


def report(task: Task, rows: Sequence[Labelled], features: Vectors, found: Vectors) -> None:
    """Print balanced accuracy and AUC of each set beside what one feature alone does."""
    columns = [*task.odds, OVERLAP]
    print(f"  {'held out':20} {'good':>5} {'bad':>5}  bal.acc   AUC   AUC of " + ", ".join(columns))
    averages = []
    for name in sorted({row.set for row in rows}):
        mine = np.asarray([row.set == name for row in rows])
        good = np.asarray([row.good for row in rows])[mine]
        if good.all() or not good.any():
            continue
        accuracy, auc = balanced_accuracy_score(good, found[mine] >= 0.5), roc_auc_score(good, found[mine])
        alone = [features[mine, task.features.index(column)] for column in columns]
        single = [
            roc_auc_score(good, -of if column == OVERLAP else of) for of, column in zip(alone, columns, strict=True)
        ]
        averages.append([accuracy, auc, *single])
        print(f"  {name:20} {good.sum():5} {(~good).sum():5}  {accuracy:7.3f} {auc:5.3f}   ", end="")
        print(" ".join(f"{value:.3f}" for value in single))
    mean = np.mean(averages, axis=0)
    print(
        f"  {'average':20} {'':5} {'':5}  {mean[0]:7.3f} {mean[1]:5.3f}   " + " ".join(f"{of:.3f}" for of in mean[2:])
    )


def least_threshold(rows: Sequence[Labelled], found: Vectors) -> float:
    """Return the least probability from which `PRECISION` of our own claims are fully supported, held out as they are.

    Half of these claims have a fault, more than of those that a language model writes, so the real share is higher.
    Where too few would be marked to show it, the threshold is 1: nothing is marked.
    """
    own = [(float(value), row) for value, row in zip(found, rows, strict=True) if row.set in OWN]
    best = 1.0
    for limit in sorted({value for value, _ in own}, reverse=True):
        marked = [row for value, row in own if value >= limit]
        if len(marked) >= ENOUGH and sum(row.good for row in marked) >= PRECISION * len(marked):
            best = limit
    marked = [row for value, row in own if value >= best]
    wrong = [row.kind for row in marked if not row.good]
    share = sum(row.good for row in marked) / max(sum(row.good for _, row in own), 1)
    print(f"  threshold {best:.3f}: {len(marked)} marked, {share:.2f} of the good ones; {len(wrong)} wrong {wrong}")
    return round(best, 3)


def _by_halves(task: Task, rows: Sequence[Labelled], features: Vectors) -> Vectors:
    papers = {row.row[-2:]: at for at, row in enumerate(rows)}
    first = np.asarray([list(papers).index(row.row[-2:]) % 2 == 0 for row in rows])
    found = np.full(len(rows), 0.5, dtype=np.float32)
    for half in (first, ~first):
        if half.any() and (~half).any():
            fitted = fit(task, [row for row, take in zip(rows, half, strict=True) if not take], features[~half])
            found[half] = fitted.probabilities(features[half], task.features)
    return found


def _tried(task: Task, options: argparse.Namespace) -> Task:
    """Return a task with the wordings of the command line."""
    if options.odds:
        pairs = [text.split("=", 1) for text in options.odds]
        task = replace(task, odds={name: Odds(*wording.split(":")) for name, wording in pairs})
    return replace(task, system=options.system)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="file of JSON lines that keeps what the model said")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with `judges` and `corpus`")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--sets", nargs="+", default=[], help="only these datasets")
    parser.add_argument("--papers", type=int, default=60, help="papers of each dataset")
    parser.add_argument("--most", type=int, default=0, help="rows of one paper; by default as the task has it")
    parser.add_argument("--odds", nargs="+", default=[], help="another wording for one task")
    parser.add_argument("--system", default="judge_system", help="another prompt with the rules")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--until", default="", metavar="HH:MM", help="ask nothing new from then on")
    parser.add_argument("--write", action="store_true", help="ship the calibration")
    return parser.parse_args()


if __name__ == "__main__":
    main()
