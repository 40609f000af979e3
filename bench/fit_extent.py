"""Where the constants of `rag/extent.py` come from: a logistic model over judged lists, cross-validated by request.

    python -m bench.fit_extent --index DIR [--index DIR …]

Each index holds the papers that `bench/data/*lists.jsonl` judge. Printed are the constants fitted on all requests, the
F1, precision and recall of the lists that end by them (fitted on the other seven eighths of the requests), and how
often a list is doubted: of the judged requests, and of requests on topics that no paper has.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.papers import title_key
from index.store import Store
from index.vectors import Encoder, SentenceEncoder
from rag import Settings
from rag.extent import LONGEST, Model, extent
from rag.retrieve import LIST_WEIGHTS, Found, Ranked, search

DATA = Path(__file__).parent / "data"
FOLDS = 8
RIDGE = 0.5
OFF_TOPIC = (
    "papers on protein folding; quantum error correction; sourdough fermentation; climate policy and carbon taxes; "
    "medieval trade routes; graph database query languages; solar cell materials; blockchain consensus protocols; "
    "compilers for functional languages; monetary policy; exoplanet detection; operating system kernels; cryptographic "
    "hash functions; coral reef ecology; software testing by fuzzing; wireless network routing; transaction isolation "
    "in databases; speech therapy for children; how volcanoes erupt; tax law"
).split("; ")


@dataclass(frozen=True, eq=False)
class Judged:
    """A request with its ranking: which of the ranked papers are relevant, and how many there are in all."""

    request: str
    ranked: tuple[Ranked, ...]
    relevant: NDArray[np.float64]
    total: int


def main() -> None:
    """Print constants and figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, action="append", required=True)
    settings = Settings.load()
    encoder = SentenceEncoder.from_name(settings.encoder, settings.offline)
    judged: list[Judged] = []
    strange: list[tuple[Ranked, ...]] = []
    for folder in parser.parse_args().index:
        store = Store.open(folder, encoder)
        judged += _judged(store, encoder, settings)
        found = [_found(store, encoder, settings, request) for request in OFF_TOPIC]
        strange += [each.ranked for each in found if each.relevant]
        store.close()
    print(fit(judged))
    folds = [{one.request for one in judged[at::FOLDS]} for at in range(FOLDS)]
    tested = [
        (fit([o for o in judged if o.request not in fold]), o) for fold in folds for o in judged if o.request in fold
    ]
    counts = [(extent(one.ranked, model), one) for model, one in tested]
    right = [float(one.relevant[: reach.count].sum()) for reach, one in counts]
    f1 = [2 * hit / (reach.count + one.total) for hit, (reach, one) in zip(right, counts, strict=True)]
    precision = [hit / max(reach.count, 1) for hit, (reach, _) in zip(right, counts, strict=True)]
    recall = [hit / one.total for hit, (_, one) in zip(right, counts, strict=True)]
    print(f"{len(judged)} lists: F1 {statistics.mean(f1):.3f}, precision {statistics.mean(precision):.3f}, ", end="")
    print(f"recall {statistics.mean(recall):.3f}, {statistics.mean(r.count for r, _ in counts):.1f} papers")
    print(f"doubted: {sum(not reach.sure for reach, _ in counts)} of {len(judged)}; ", end="")
    print(f"off the topic {sum(not extent(ranked).sure for ranked in strange)} of {len(strange)} that pass the gate")


def fit(judged: Sequence[Judged]) -> Model:
    """Fit the model to the first `LONGEST` papers of each list by Newton's method, with a small ridge."""
    rows = np.concatenate([Model.features(one.ranked) for one in judged])
    wanted = np.concatenate([one.relevant for one in judged])
    rows = np.column_stack([rows, np.ones(len(rows))])
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chances - wanted) + RIDGE * np.array([1, 1, 1, 0]) * weights
        curve = (rows * (chances * (1 - chances))[:, None]).T @ rows + RIDGE * np.diag([1, 1, 1, 0])
        weights -= np.linalg.solve(curve, slope)
    return Model(*(round(float(weight), 3) for weight in weights))


def _judged(store: Store, encoder: Encoder, settings: Settings) -> list[Judged]:
    result = []
    for row in _rows("lists") + _rows("more_lists"):
        wanted = {title_key(title) for title in row["relevant"]}
        ranked = _found(store, encoder, settings, row["request"]).ranked
        relevant = np.array([float(title_key(hit.paper.title) in wanted) for hit in ranked])
        result.append(Judged(row["request"], ranked, relevant, len(wanted)))
    return result


def _found(store: Store, encoder: Encoder, settings: Settings, request: str) -> Found:
    return search(store, encoder, request, LONGEST, settings.candidates, settings.dense_weight, LIST_WEIGHTS)


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
