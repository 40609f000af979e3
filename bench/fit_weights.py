"""How delicate the weights of `rag/retrieve.py` are: each moved by itself, over several collections in one table.

    python -m bench.fit_weights --index DIR [--index DIR …] [--collection DIR …] [--every N]

Each index holds the papers that the questions and lists of `bench/data` are about; a collection is a folder in BEIR
layout. A column is a collection and kind with its one figure: recall@1 for questions that one paper answers, recall@5
where several do, nDCG@20 for lists, nDCG@10 for collections. A weight is kept where no column gains without another's
loss; lists have a weight of their own only for feedback.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from index.store import Store
from index.vectors import Encoder, SentenceEncoder
from rag import Settings
from rag.evaluation.cases import Case, read_cases
from rag.evaluation.collection import index_of, read_collection
from rag.evaluation.retrieval import ranking_figures
from rag.retrieve import LIST_WEIGHTS, WEIGHTS, Weights, search

DATA = Path(__file__).parent / "data"
FILES = ("questions", "lists", "more_questions", "more_lists")
FIGURES = {"single": "R@1", "followup": "R@1", "multi": "R@5", "list": "nDCG@20"}
MOVED = {
    "dense_weight": (0.5, 0.6, 0.8),
    "match": (0.0, 0.4, 1.0),
    "names": (0.0, 0.3),
    "neighbours": (0.0, 0.2, 0.8),
    "feedback": (0.0, 0.1, 0.6, 1.0),
}


def main() -> None:
    """Print the table, one line a setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, action="append", default=[])
    parser.add_argument("--collection", type=Path, action="append", default=[])
    parser.add_argument("--every", type=int, default=1, help="take each n-th question")
    options = parser.parse_args()
    settings = Settings.load()
    encoder = SentenceEncoder.from_name(settings.encoder, settings.offline)
    groups = list(_groups(options.index, options.collection, options.every, encoder))
    print("setting".ljust(20), *(name.rjust(26) for name, _, _ in groups))
    for name, value in [("as it is", 0.0), *((name, value) for name, values in MOVED.items() for value in values)]:
        dense = value if name == "dense_weight" else settings.dense_weight
        moved = {name: value} if name in Weights.__annotations__ else {}
        means = [
            _mean(store, encoder, cases, dense, replace(LIST_WEIGHTS if cases[0].kind == "list" else WEIGHTS, **moved))
            for _, store, cases in groups
        ]
        print(
            (name if name == "as it is" else f"{name} {value}").ljust(20),
            *(f"{mean:26.3f}" for mean in means),
            flush=True,
        )


def _groups(
    indexes: list[Path], collections: list[Path], every: int, encoder: Encoder
) -> Iterator[tuple[str, Store, list[Case]]]:
    """Yield name, index and cases of each column."""
    for folder in indexes:
        store = Store.open(folder, encoder)
        for file in FILES:
            cases = read_cases(DATA / f"{file}.jsonl", store.papers)[::every]
            for group in dict.fromkeys(case.group for case in cases):
                name = f"{folder.name[:9]} {'more ' if file.startswith('more') else ''}{group}"
                yield name, store, [case for case in cases if case.group == group]
    for folder in collections:
        collection = read_collection(folder)
        built = index_of(collection, encoder, lambda done, total: print(f"\r{done}/{total}", end="", file=sys.stderr))
        yield collection.name, Store.open(built, encoder), list(collection.cases[::every])


def _mean(store: Store, encoder: Encoder, cases: list[Case], dense_weight: float, weights: Weights) -> float:
    values = []
    for case in cases:
        found = search(store, encoder, case.standalone, 20, 100, dense_weight, weights)
        figures = ranking_figures([hit.paper.id for hit in found.ranked], case.grades)
        values.append(figures[FIGURES.get("list" if case.kind == "list" else case.group, "nDCG@10")])
    return statistics.mean(values)


if __name__ == "__main__":
    main()
