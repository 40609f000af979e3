"""How well the judges tell supported claims and answering abstracts from others, on labelled data.

    python -m bench.judges [--index DIR] [--shared DIR] [--papers N] [--answerable N] [--cache FILE]

Verify: balanced accuracy at probability .5 and AUC on the public sets of `../shared/judges/dev`, beside the cosine with
the nearest sentence and term overlap (their threshold is the best one on that set, so they are flattered); our own
sentences that the default model wrote, at the threshold of the mark; `bench/data/check.jsonl` as a ranking. The
calibration saw part of both; a sigmoid keeps the order of what it sees.
Gate: the best of the first papers of a question, answerable against each kind of unanswerable question.
"""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from bench.reading import lines
from bench.training.labelled import BENCH, SEED, SHARED, Labelled, claims, sample
from bench.training.remembered import Remembered
from index import models
from index.chunks import sentences
from index.papers import Paper
from index.store import Store
from index.vectors import SentenceEncoder, Vectors
from index.words import tokenize
from rag import Settings
from rag.judges import Judge, calibration
from rag.judges.judge import DEFAULT
from rag.retrieve import search

DATA = BENCH / "data"
PUBLIC = ("scifact_dev", "scihal", "attribution", "healthver_abs_dev")
FIRST_EDITION = {"scifact_dev": 0.70, "scihal": 0.57, "attribution": 0.74, "healthver_abs_dev": 0.54}
"""Balanced accuracy of the rules that the judge replaces."""
LOST = 2
"""So many true sentences of check.jsonl may fall below the limit at which the corrupted ones are counted."""


def main() -> None:
    """Print the tables."""
    options = _options()
    settings = Settings.load(index=options.index)
    encoder = SentenceEncoder.from_name(settings.encoder, offline=True)
    judge = _judge(options.cache)
    verify_public(judge, encoder, options.shared, options.papers)
    verify_own(judge)
    verify_check(judge, options.papers)
    gate(judge, encoder, settings, options)
    print("reader: a marked sentence among the first one, two and three of its abstract")
    for line in lines(options.shared):
        print(f"  {line}", flush=True)


def verify_public(judge: Judge, encoder: SentenceEncoder, shared: Path, papers: int) -> None:
    """Print balanced accuracy and AUC on each public set."""
    rows = sample([row for row in claims(shared) if row.set in PUBLIC], papers, 100)
    print(f"verify: {'':12} claims   judge bal.acc  AUC   cosine         overlap        first edition")
    for name in PUBLIC:
        chosen = [row for row in rows if row.set == name]
        good = np.asarray([row.good for row in chosen])
        found = judge.verify([(row.row[0], row.row[1], row.row[2]) for row in chosen])
        print(f"  {name:18} {len(chosen):6}   {balanced_accuracy_score(good, found >= 0.5):10.3f}", end="")
        print(f" {roc_auc_score(good, found):7.3f}", end="")
        for score in (_cosines(encoder, chosen), _overlaps(chosen)):
            print(f"   {_best_balanced(good, score):.3f} {roc_auc_score(good, score):.3f}", end="")
        print(f"    {FIRST_EDITION[name]:.2f}")


def verify_own(judge: Judge) -> None:
    """Print how right the mark is on sentences that the default model wrote, beside that of the first edition."""
    rows, abstracts = _lines(DATA / "own_sentences.jsonl"), _starter()
    found = judge.verify([(row["sentence"], row["paper"], abstracts[row["paper"]]) for row in rows])
    labels = np.asarray([row["label"] for row in rows])
    good = labels == "supported"
    print(f"verify, {len(rows)} own sentences ({good.sum()} supported): AUC {roc_auc_score(good, found):.3f}")
    before = np.asarray([row["first_edition"] == "supported" for row in rows])
    for name, marked in (("judge", found >= judge.threshold), ("first edition", before)):
        counts = {label: int((labels[marked] == label).sum()) for label in ("supported", "partly", "unsupported")}
        print(f"  {name:14} marks {counts}, {(marked & good).sum() / good.sum():.2f} of the supported ones")


def verify_check(judge: Judge, papers: int) -> None:
    """Print how many corrupted sentences lie below all but `LOST` true ones."""
    abstracts, rows = _starter(), _lines(DATA / "check.jsonl")
    chosen = sorted({row["paper"] for row in rows})[:papers]
    rows = [row for row in rows if row["paper"] in chosen]
    found = judge.verify([(row["sentence"], row["paper"], abstracts[row["paper"]]) for row in rows])
    true = np.asarray([row["kind"] in ("true", "written") for row in rows])
    limit = np.sort(found[true])[LOST]
    print(
        f"verify, check.jsonl: AUC {roc_auc_score(true, found):.3f}; below all but {LOST} of {true.sum()} true ones",
        end="",
    )
    kinds = np.asarray([row["kind"] for row in rows])
    for kind in sorted(set(kinds[~true])):
        mine = kinds == kind
        print(f"  {kind} {(found[mine] < limit).sum()}/{mine.sum()}", end="")
    print(f"  all {(found[~true] < limit).sum()}/{(~true).sum()}")


def gate(judge: Judge, encoder: SentenceEncoder, settings: Settings, options: argparse.Namespace) -> None:
    """Print the AUC of answerable questions against each kind of unanswerable ones."""
    files = ("questions", "more_questions", "unanswerable", "more_unanswerable")
    rows = [row for name in files for row in _lines(DATA / f"{name}.jsonl") if not row.get("history")]
    random.Random(SEED).shuffle(rows)
    answerable = [row for row in rows if "kind" not in row][: options.answerable]
    rows = [row for row in rows if "kind" in row] + answerable
    first = options.first
    store = Store.open(settings.index_folder, encoder)
    found = [_papers(store, encoder, settings, row["question"], first) for row in rows]
    store.close()
    pairs = [(row["question"], of.title, of.abstract) for row, papers in zip(rows, found, strict=True) for of in papers]
    at = np.repeat(np.arange(len(rows)), [len(papers) for papers in found])
    best = np.zeros(len(rows), dtype=np.float32)
    np.maximum.at(best, at, judge.gate(pairs))
    kinds = np.asarray([row.get("kind", "answerable") for row in rows])
    print(f"gate, best of the first {first} papers: {(kinds == 'answerable').sum()} answerable against", end="")
    for kind in ("near", "false-premise", "offtopic"):
        mine = np.isin(kinds, ("answerable", kind))
        print(
            f"  {kind} ({(kinds == kind).sum()}) {roc_auc_score(kinds[mine] == 'answerable', best[mine]):.3f}", end=""
        )
    print()


def _judge(cache: Path | None) -> Judge:
    """Return the judge that ships, over a file of what its model said where one is named."""
    if cache is None:
        return Judge.load()
    fitted = calibration.load(models.KNOWN[DEFAULT].main.sha256)
    assert fitted is not None
    return Judge(Remembered(DEFAULT, cache), fitted)


def _papers(store: Store, encoder: SentenceEncoder, settings: Settings, question: str, first: int) -> list[Paper]:
    found = search(store, encoder, question, first, settings.candidates, settings.dense_weight)
    return [hit.paper for hit in found.ranked[:first]]


def _cosines(encoder: SentenceEncoder, rows: Sequence[Labelled]) -> Vectors:
    """Return the cosine of each claim with the nearest sentence of its passage, float32 `(rows,)`."""
    claimed = encoder.encode([row.row[0] for row in rows])
    spans = [[span.text for span in sentences(row.row[2])] for row in rows]
    there = encoder.encode([text for of_row in spans for text in of_row])
    ends = np.cumsum([len(of_row) for of_row in spans])
    parts = np.split(there, ends[:-1])
    return np.asarray([(part @ claim).max() for part, claim in zip(parts, claimed, strict=True)], dtype=np.float32)


def _overlaps(rows: Sequence[Labelled]) -> Vectors:
    """Return the share of each claim's terms that its paper has, float32 `(rows,)`."""
    pairs = [(set(tokenize(row.row[0])), set(tokenize(f"{row.row[1]}. {row.row[2]}"))) for row in rows]
    shares = [len(claim & paper) / max(len(claim), 1) for claim, paper in pairs]
    return np.asarray(shares, dtype=np.float32)


def _best_balanced(good: np.ndarray, score: Vectors) -> float:
    return max(float(balanced_accuracy_score(good, score >= limit)) for limit in np.unique(score))


def _starter() -> dict[str, str]:
    return {row["title"]: row["abstract"] for row in _lines(BENCH.parent / "index" / "starter" / "papers.jsonl")}


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with `judges` and `corpus`")
    parser.add_argument("--papers", type=int, default=1000, help="passages of each set, at most")
    parser.add_argument("--first", type=int, default=2, help="papers of a question that the gate is asked about")
    parser.add_argument("--answerable", type=int, default=60, help="questions that papers answer, at most")
    parser.add_argument("--cache", type=Path, help="file of JSON lines that keeps what the model said")
    return parser.parse_args()


if __name__ == "__main__":
    main()
