"""An index in, ways to search it out: ours, and those that stand beside it."""

from collections.abc import Callable

import numpy as np

from index.papers import Paper
from index.store import Store
from index.vectors import Encoder
from rag.retrieve import search
from rag.settings import Settings

Searcher = Callable[[str], list[str]]
"""A question in, ids of papers out, best first, at most `DEPTH`."""

DEPTH = 100
RRF_K = 60
OURS = "paperchat"


def searchers(store: Store, encoder: Encoder, kept: Encoder, settings: Settings) -> dict[str, Searcher]:
    """Return every way to search an index by name: words alone, vectors alone, both merged by ranks, and ours.

    Args:
        store: The index.
        encoder: That of the index, given to our search.
        kept: The same with its vectors kept, given to the others.
        settings: Of our search.
    """
    found = {"words": words(store), "dense": dense(store, kept)}
    return {**found, "RRF": merged(*found.values()), OURS: ours(store, encoder, settings)}


def ours(store: Store, encoder: Encoder, settings: Settings) -> Searcher:
    """Return the search of the engine, without the sentences that it adds to each paper."""

    def rank(question: str) -> list[str]:
        candidates = max(settings.candidates, DEPTH)
        found = search(store, encoder, question, DEPTH, candidates, settings.dense_weight)
        return [hit.paper.id for hit in found.ranked]

    return rank


def words(store: Store) -> Searcher:
    """Return BM25 over title and abstract, as the index has it; papers that share no word are left out."""

    def rank(question: str) -> list[str]:
        scores = store.words(question)
        return [store.papers[at].id for at in np.argsort(-scores, kind="stable")[:DEPTH] if scores[at] > 0]

    return rank


def dense(store: Store, encoder: Encoder) -> Searcher:
    """Return exact cosines of the question with title and abstract in one vector."""
    vectors = encoder.encode([paper_text(paper) for paper in store.papers])

    def rank(question: str) -> list[str]:
        cosines = vectors @ encoder.encode([question])[0]
        return [store.papers[at].id for at in np.argsort(-cosines, kind="stable")[:DEPTH]]

    return rank


def merged(*searchers: Searcher) -> Searcher:
    """Return reciprocal rank fusion, k 60 (Cormack, Clarke and Büttcher 2009, doi:10.1145/1571941.1572114)."""

    def rank(question: str) -> list[str]:
        scores: dict[str, float] = {}
        for searcher in searchers:
            for place, paper_id in enumerate(searcher(question), start=1):
                scores[paper_id] = scores.get(paper_id, 0.0) + 1 / (RRF_K + place)
        return sorted(scores, key=lambda paper_id: (-scores[paper_id], paper_id))[:DEPTH]

    return rank


def paper_text(paper: Paper) -> str:
    """Return what stands for a paper in one vector: title and abstract."""
    return f"{paper.title}\n{paper.abstract}"
