"""An index in, ways to search it out: ours, and those that stand beside it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

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
    """Return every way to search an index by name.

    BM25 as it comes, the words of our own index alone, vectors alone, the last two merged by ranks, and ours.

    Args:
        store: The index.
        encoder: That of the index, given to our search.
        kept: The same with its vectors kept, given to the others.
        settings: Of our search.
    """
    by_words, by_vectors = words(store), dense(store, kept)
    return {
        "BM25": bm25(store),
        "words": by_words,
        "dense": by_vectors,
        "RRF": merged(by_words, by_vectors),
        OURS: ours(store, encoder, settings),
    }


def ours(store: Store, encoder: Encoder, settings: Settings) -> Searcher:
    """Return the search of the engine, without the sentences that it adds to each paper."""

    def rank(question: str) -> list[str]:
        candidates = max(settings.candidates, DEPTH)
        found = search(store, encoder, question, DEPTH, candidates, settings.dense_weight)
        return [hit.paper.id for hit in found.ranked]

    return rank


def bm25(store: Store) -> Searcher:
    """Return BM25 as bm25s has it out of the box (Lù 2024, arXiv:2407.03618; k1 1.5, b .75), over title and abstract.

    English stop words are left out and words stemmed, as its documentation does it.
    """
    import bm25s
    from Stemmer import Stemmer

    stemmer = Stemmer("english")
    index = bm25s.BM25()
    texts = [paper_text(paper) for paper in store.papers]
    index.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)

    def rank(question: str) -> list[str]:
        asked = bm25s.tokenize([question], stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)[0]
        known = [word for word in asked if word in index.vocab_dict]
        return _best(store, index.get_scores(known)) if known else []

    return rank


def words(store: Store) -> Searcher:
    """Return the BM25 of our own index alone (`index.words`), which splits compounds and knows our stop words."""
    return lambda question: _best(store, store.words(question))


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


def _best(store: Store, scores: NDArray[np.float32]) -> list[str]:
    """Return the ids of the best papers; those without a score share no word with the question and are left out."""
    return [store.papers[at].id for at in np.argsort(-scores, kind="stable")[:DEPTH] if scores[at] > 0]
