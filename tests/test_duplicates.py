"""The same work in other words is reported, and what is merely on the same topic is not."""

import random
import re
from collections.abc import Iterator

import pytest

from index.duplicates import near_duplicates
from index.papers import Paper
from index.sources import read

SENTENCE = re.compile(r"(?<=[.!?])\s+")


@pytest.fixture(scope="module")
def starter() -> tuple[Paper, ...]:
    """Return the papers of the starter corpus."""
    return read().papers


def reworded(paper: Paper, chance: random.Random, part: float, vocabulary: list[str]) -> Paper:
    """Return a paper as another edition might print it: words replaced, left out, put in; two sentences moved."""
    sentences = SENTENCE.split(paper.abstract)
    at = chance.randrange(len(sentences))
    sentences[at : at + 2] = reversed(sentences[at : at + 2])

    def words(text: str) -> Iterator[str]:
        for word in text.split():
            kind = chance.random() / part
            if kind > 0.8:
                yield word
            if 0.6 < kind < 1:
                yield chance.choice(vocabulary)

    title, abstract = (" ".join(words(text)) or text for text in (paper.title, " ".join(sentences)))
    return Paper(f"doi:10.1000/{chance.getrandbits(40)}", title, abstract)


@pytest.mark.parametrize("part", [0.05, 0.15, 0.3])
def test_editions_are_found_among_papers_on_the_same_topics(starter: tuple[Paper, ...], part: float) -> None:
    chance = random.Random(7)
    vocabulary = [word for paper in starter for word in paper.abstract.split()]
    originals = chance.sample(starter, 60)
    editions = [reworded(paper, chance, part, vocabulary) for paper in originals]
    found = near_duplicates([*starter, *editions])
    true = {(paper.id, edition.id) for paper, edition in zip(originals, editions, strict=True)}
    assert {(pair.first, pair.second) for pair in found} == true
    assert [pair.alike for pair in found] == sorted((pair.alike for pair in found), reverse=True)


def test_a_corpus_without_editions_has_none(starter: tuple[Paper, ...]) -> None:
    assert near_duplicates(starter) == []
    assert near_duplicates(starter[:1]) == near_duplicates([]) == []


def test_a_pair_says_what_it_is() -> None:
    text = "Owls hear mice below deep snow by comparing what reaches the left ear with what reaches the right one."
    papers = [
        Paper("arxiv:2401.00001", "Owls at Night", text),
        Paper("doi:10.1000/1", "Hearing of Owls", text),
        Paper("title:bees", "Bees", "Bees dance to tell each other where the flowers of the day can be found."),
    ]
    (pair,) = near_duplicates(papers)
    assert (pair.first, pair.second, pair.titles) == (
        "arxiv:2401.00001",
        "doi:10.1000/1",
        ("Owls at Night", "Hearing of Owls"),
    )
    assert pair.to_dict()["titles"] == ["Owls at Night", "Hearing of Owls"]
    assert 0.5 < pair.alike < 1
    assert near_duplicates(papers, alike=0.99) == []


def test_words_that_a_hundred_papers_share_make_none_of_them_alike() -> None:
    phrase = "The publisher gives no abstract of this work and asks the reader to look at the printed page of it."
    assert near_duplicates([Paper(f"doi:10.1000/{n}", f"Work {n}", phrase) for n in range(150)]) == []
