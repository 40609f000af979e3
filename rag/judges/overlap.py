"""How many of a question's terms a sentence shares: the lexical features that the reader gets beside its encoder."""

from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

from index.words import tokenize

FEATURES = 4


def overlap(question: str, title: str, sentences: Sequence[str]) -> NDArray[np.float32]:
    """Return the lexical features of each sentence, float32 `(sentences, FEATURES)`, each between 0 and 1.

    The share of the question's stems that the sentence has; the same weighted by how rare a stem is among the sentences
    and without the stems of the title; the share of the question's character trigrams; whether the sentence has the
    most stems of all.
    """
    asked = set(tokenize(question))
    there = [set(tokenize(sentence)) for sentence in sentences]
    seen = Counter(stem for stems in there for stem in stems)
    named = set(tokenize(title))
    weights = {stem: log(1 + (len(there) + 1) / (seen[stem] + 0.5)) for stem in asked - named}
    total = sum(weights.values())
    grams = _trigrams(question)
    rows = np.zeros((len(there), FEATURES), dtype=np.float32)
    for row, stems, sentence in zip(rows, there, sentences, strict=True):
        shared = asked & stems
        row[0] = len(shared) / max(len(asked), 1)
        row[1] = sum(weights.get(stem, 0.0) for stem in shared) / total if total else 0.0
        row[2] = len(grams & _trigrams(sentence)) / max(len(grams), 1)
    if len(rows):
        best = rows[:, 0] + rows[:, 1]
        rows[:, 3] = (best == best.max()) & (best > 0)
    return rows


def _trigrams(text: str) -> set[str]:
    flat = f" {' '.join(text.lower().split())} "
    return {flat[at : at + 3] for at in range(len(flat) - 2)}
