"""How well papers are found: our search beside words alone, dense alone and plain RRF, in one run over one index.

    python -m bench.retrieval [--index DIR]

Over the development questions and lists. Recall@k is the share of a question's gold papers among the first k, nDCG@20
uses gains 2^grade - 1 (Burges et al. 2005, doi:10.1145/1102351.1102363), both averaged over questions. A title asked
as a question should bring its paper first. RRF as Cormack, Clarke and Büttcher (2009), k 60.
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.papers import title_key
from index.store import Store
from index.vectors import SentenceEncoder
from rag import Settings, Turn
from rag.followup import standalone
from rag.retrieve import search

DATA = Path(__file__).parent / "data"
Ranker = Callable[[str], list[str]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path)
    settings = Settings.load(index=parser.parse_args().index)
    encoder = SentenceEncoder.from_name(settings.encoder, settings.offline)
    store = Store.open(settings.index_folder, encoder)
    print(f"{len(store.papers)} papers, {len(_rows('questions'))} questions, {len(_rows('lists'))} lists")
    print("  searcher   single R@1   R@5   several R@5   follow-up R@5   lists nDCG@20   titles first   ms a question")
    for name, ranker in _rankers(settings, store, encoder).items():
        _print_row(name, ranker, [paper.title for paper in store.papers])
    store.close()


def recall(ranked: Sequence[str], gold: Sequence[str], k: int) -> float:
    """Return the share of the gold papers among the first k.

    >>> recall(["a", "b", "c"], ["b", "x"], 2)
    0.5
    """
    return sum(key in ranked[:k] for key in gold) / len(gold)


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Return the discounted gain of the first k over the best possible one.

    >>> ndcg(["x", "a"], {"a": 1}, 20) == math.log2(2) / math.log2(3)
    True
    """
    best = sorted(grades.values(), reverse=True)
    return _gain([grades.get(key, 0) for key in ranked[:k]]) / _gain(best[:k])


def _gain(grades: Sequence[int]) -> float:
    return math.fsum((2**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def _rankers(settings: Settings, store: Store, encoder: SentenceEncoder) -> dict[str, Ranker]:
    """Return each way of searching: a question in, title keys out, best first."""
    keys = [title_key(paper.title) for paper in store.papers]
    vectors = encoder.encode([f"{paper.title}\n{paper.abstract}" for paper in store.papers])

    def ours(question: str) -> list[str]:
        found = search(store, encoder, question, 100, settings.candidates, settings.dense_weight)
        return [title_key(hit.paper.title) for hit in found.ranked]

    def words(question: str) -> list[str]:
        return [keys[at] for at in np.argsort(-store.words(question), kind="stable")[:100]]

    def dense(question: str) -> list[str]:
        return [keys[at] for at in np.argsort(-(vectors @ encoder.encode([question])[0]), kind="stable")[:100]]

    def rrf(question: str) -> list[str]:
        scores: dict[str, float] = {}
        for ranked in (words(question), dense(question)):
            for rank, key in enumerate(ranked, start=1):
                scores[key] = scores.get(key, 0.0) + 1 / (60 + rank)
        return sorted(scores, key=lambda key: (-scores[key], key))

    return {"words": words, "dense": dense, "RRF": rrf, "paperchat": ours}


def _print_row(name: str, rank: Ranker, titles: Sequence[str]) -> None:
    found: dict[str, list[tuple[list[str], list[str]]]] = {"single": [], "multi": [], "followup": []}
    started = time.perf_counter()
    for row in _rows("questions"):
        asked = standalone(row["question"], [Turn(question, "") for question in row["history"]])
        found[row["type"]].append((rank(asked), [title_key(title) for title in row["relevant"]]))
    ms = 1000 * (time.perf_counter() - started) / len(_rows("questions"))
    lists = [
        ndcg(rank(row["request"]), {title_key(title): grade for title, grade in row["relevant"].items()}, 20)
        for row in _rows("lists")
    ]
    first = statistics.mean(rank(title)[:1] == [title_key(title)] for title in titles)
    r1 = statistics.mean(recall(ranked, gold, 1) for ranked, gold in found["single"])
    r5 = {kind: statistics.mean(recall(ranked, gold, 5) for ranked, gold in rows) for kind, rows in found.items()}
    print(
        f"  {name:10} {r1:10.3f} {r5['single']:5.3f} {r5['multi']:13.3f} {r5['followup']:15.3f} "
        f"{statistics.mean(lists):15.3f} {first:14.4f} {ms:15.1f}"
    )


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
