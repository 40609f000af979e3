"""A question and candidate papers in, signals of relevance out: float64 `(papers,)`, the larger the better.

Each knows nothing of the others; `rag/retrieve.py` weighs them.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.papers import Paper
from index.store import Store
from index.vectors import Encoded, Vectors
from index.words import tokenize
from rag.names import name_keys

Signal = NDArray[np.float64]

NEIGHBOURS = 10
FEEDBACK_PAPERS, FEEDBACK_WORDS = 10, 30


def share(values: NDArray[np.floating]) -> Signal:
    """Divide by the largest value; negative ones and a row of zeros become 0."""
    best = float(values.max(initial=0.0))
    return np.clip(values, 0, None).astype(np.float64) / best if best > 0 else np.zeros(len(values))


def spread(values: NDArray[np.floating]) -> Signal:
    """Stretch the values so that the least is 0 and the largest 1; all alike become 0."""
    least, most = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    return (values - least).astype(np.float64) / (most - least) if most > least else np.zeros(len(values))


def word_match(store: Store, asked: Encoded, positions: Sequence[int]) -> Signal:
    """Return how well each paper has what each word of the question means where it stands.

    The mean over the question's words, weighted by rarity, of the largest cosine with a word of the paper (MaxSim:
    Khattab and Zaharia 2020, doi:10.1145/3397271.3401075); 0 for all where the index or the question has no words.
    """
    sizes, cosines = store.word_cosines(positions, asked.word_vectors)
    if not asked.words or not sum(sizes):
        return np.zeros(len(positions))
    weights = np.asarray([store.rarity(word) for word in asked.words])
    starts = np.cumsum([0, *sizes])
    best = [cosines[a:b].max(axis=0, initial=0.0) for a, b in pairwise(starts)]
    match: Signal = np.asarray(best, dtype=np.float64) @ weights / weights.sum()
    return match


def neighbours(scores: Signal, vectors: Vectors) -> Signal:
    """Return the mean score of each candidate and the `NEIGHBOURS` nearest to it, weighted by cosine.

    Papers near to each other are relevant together (cluster hypothesis: Diaz 2005, doi:10.1145/1099554.1099722).

    Args:
        scores: Of the candidates, so far.
        vectors: Of the candidates, float32 `(papers, dim)`, rows of length 1.
    """
    cosines = np.clip(vectors @ vectors.T, 0, None).astype(np.float64)
    np.fill_diagonal(cosines, 1)
    if len(scores) > NEIGHBOURS + 1:
        cosines[cosines < np.partition(cosines, -NEIGHBOURS - 1, axis=1)[:, -NEIGHBOURS - 1, None]] = 0
    smooth: Signal = (cosines @ scores) / cosines.sum(axis=1)
    return smooth


def feedback(store: Store, scores: Signal, positions: Sequence[int]) -> Signal:
    """Return the BM25 score of the words that are typical of the best papers so far.

    A relevance model of the first `FEEDBACK_PAPERS` (Lavrenko and Croft 2001, doi:10.1145/383952.383972): a word's
    weight is the sum over them of score x share of the paper's words x rarity; the `FEEDBACK_WORDS` heaviest count.
    """
    first = np.lexsort((np.arange(len(scores)), -scores))[:FEEDBACK_PAPERS]
    shares: dict[str, float] = {}
    for at in first:
        words = tokenize(text_of(store.papers[positions[at]]))
        for word, times in Counter(words).items():
            shares[word] = shares.get(word, 0.0) + float(scores[at]) * times / len(words)
    weights = {word: of_word * store.rarity(word) for word, of_word in shares.items()}
    heaviest = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:FEEDBACK_WORDS]
    return store.weighted_words(dict(heaviest), positions).astype(np.float64)


def names_shared(question: str, titles: Sequence[str]) -> Signal:
    """Return for each title what it has of the question's names, 0 to 1; a name in k titles counts 1/k in each."""
    asked = name_keys(question)
    if not asked:
        return np.zeros(len(titles))
    shared = [asked & name_keys(title) for title in titles]
    counts = Counter(name for of_title in shared for name in of_title)
    return np.asarray([sum(1 / counts[name] for name in of_title) / len(asked) for of_title in shared])


def text_of(paper: Paper) -> str:
    """Return title, abstract and topics: what the words index holds."""
    return f"{paper.title} {paper.abstract} {' '.join(paper.topics)}"
