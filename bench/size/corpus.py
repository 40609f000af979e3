"""A seed in, any number of made-up abstracts out, whose words and lengths are spread as those of real ones.

Measured on the 679 abstracts of the customer's pages: 201 words an abstract (log-normal, mean of the logarithm 5.277,
standard deviation .241), 9.3 a title (2.99), about nine sentences; words by Zipf's law with exponent 1.136; of n words
21.6 n^.506 are different (Heaps' law). The commonest words are those of the starter corpus, the others are made up.
Papers of one topic share words that are rare elsewhere, so that there is something to find.
"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from index.paper import Paper
from index.sources import read

ABSTRACT, TITLE, SENTENCE_WORDS = (5.277, 0.241), (9.3, 2.99), 23
ZIPF, HEAPS = 1.136, (21.6, 0.506)
TOPIC_WORDS, OF_TOPIC, PAPERS_A_TOPIC = 150, 0.35, 400
CATEGORIES = ("cs.LG", "cs.CL", "cs.CV", "cs.AI", "stat.ML", "cs.IR", "cs.RO", "eess.AS", "math.OC", "q-bio.QM")
_AT_ONCE = 10_000
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is", "on")]


def vocabulary(papers: int) -> list[str]:
    """Return the different words of so many papers, the commonest first."""
    size = int(HEAPS[0] * (papers * 210) ** HEAPS[1])
    starter = read().papers
    real = Counter(word for paper in starter for word in f"{paper.title} {paper.abstract}".lower().split())
    common = [word.strip(".,;:()\"'") for word, _ in real.most_common()]
    words = list(dict.fromkeys(filter(None, common)))[:size]
    known = set(words)
    number = 0
    while len(words) < size:
        word, rest = "", number
        for _ in range(4):
            rest, at = divmod(rest, len(_SYLLABLES))
            word += _SYLLABLES[at]
        number += 1
        if word not in known:
            words.append(word)
    return words


def papers(count: int, seed: int = 0, first: int = 0) -> Iterator[Paper]:
    """Yield papers numbered from `first`, as of a corpus of `first` or, where that is 0, `count`."""
    rng = np.random.default_rng([seed, first])
    words = np.asarray(vocabulary(first or count), dtype=object)
    shares = np.cumsum(np.arange(1, len(words) + 1, dtype=np.float64) ** -ZIPF)
    shares /= shares[-1]
    topics = max((first or count) // PAPERS_A_TOPIC, 5)
    of_topics = np.random.default_rng(seed).integers(300, len(words), size=(topics, TOPIC_WORDS))
    for start in range(0, count, _AT_ONCE):
        part = min(_AT_ONCE, count - start)
        lengths = rng.lognormal(*ABSTRACT, part).astype(int).clip(30, 600)
        titles = rng.normal(*TITLE, part).astype(int).clip(3, 20)
        drawn = np.searchsorted(shares, rng.random(int((lengths + titles).sum())))
        about = rng.integers(topics, size=part)
        for at, (length, title) in enumerate(zip(lengths, titles, strict=True)):
            number = first + start + at
            mine, drawn = drawn[: length + title], drawn[length + title :]
            own = rng.random(len(mine)) < OF_TOPIC
            mine = np.where(own, of_topics[about[at], rng.integers(TOPIC_WORDS, size=len(mine))], mine)
            yield _paper(number, words[mine], int(title), rng)


def _paper(number: int, words: NDArray[np.object_], title: int, rng: np.random.Generator) -> Paper:
    body = [str(word) for word in words[title:]]
    starts = range(0, len(body), SENTENCE_WORDS)
    sentences = [" ".join(body[at : at + SENTENCE_WORDS]).capitalize() + "." for at in starts]
    year, month, day = (int(rng.integers(*span)) for span in ((2005, 2026), (1, 13), (1, 29)))
    return Paper(
        f"arxiv:{year % 100:02}{month:02}.{number % 100_000:05}{number // 100_000:02}",
        " ".join(words[:title]).capitalize(),
        " ".join(sentences),
        authors=tuple(f"Author{int(each)} Name{int(each) % 5000}" for each in rng.integers(200_000, size=4)),
        published=f"{year}-{month:02}-{day:02}",
        topics=tuple(dict.fromkeys(CATEGORIES[int(each)] for each in rng.integers(len(CATEGORIES), size=2))),
        sources=("made",),
    )
