"""Each signal of relevance against figures worked out by hand."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.papers import Paper
from index.store import Store
from index.update import update
from index.vectors import Encoded
from rag.retrieve import Weights, search
from rag.signals import FEEDBACK_WORDS, feedback, names_shared, neighbours, share, spread, word_match
from tests.test_wordvectors import HashingWordEncoder


@pytest.fixture
def words_store(tmp_path: Path, papers: list[Paper]) -> Iterator[Store]:
    """Return the ten papers with the vectors of their words."""
    update(tmp_path, papers, HashingWordEncoder())
    store = Store.open(tmp_path, HashingWordEncoder())
    yield store
    store.close()


def test_share_divides_by_the_best_and_spread_stretches() -> None:
    assert share(np.array([2.0, 1.0, -1.0])).tolist() == [1, 0.5, 0]
    assert spread(np.array([2.0, 1.0, -2.0])).tolist() == [1, 0.75, 0]
    assert share(np.zeros(2)).tolist() == spread(np.ones(2)).tolist() == [0, 0]
    assert share(np.zeros(0)).size == spread(np.zeros(0)).size == 0


def test_word_match_is_the_best_cosine_of_each_word_weighted_by_rarity(words_store: Store) -> None:
    [asked] = HashingWordEncoder().encode_words(["buoy networks"])
    rows = words_store.word_vectors(range(10))
    rarity = [words_store.rarity(word) for word in asked.words]
    asked_words = list(zip(rarity, asked.word_vectors, strict=True))
    expected = [
        sum(weight * max(float(row @ vector) for row in of_paper) for weight, vector in asked_words) / sum(rarity)
        for of_paper in rows
    ]
    assert word_match(words_store, asked, range(10)) == pytest.approx(expected, abs=1e-6)
    assert words_store.papers[int(np.argmax(expected))].title.startswith("TideNet")


def test_word_match_says_nothing_without_words(store: Store, words_store: Store) -> None:
    [asked] = HashingWordEncoder().encode_words(["buoy"])
    assert word_match(store, asked, [0, 1]).tolist() == [0, 0]
    nothing = Encoded(asked.vector, (), asked.word_vectors[:0])
    assert word_match(words_store, nothing, [0, 1]).tolist() == [0, 0]


def test_neighbours_are_the_mean_of_the_own_score_and_those_nearby() -> None:
    vectors = np.array([[1, 0], [0.6, 0.8], [-1, 0]], dtype=np.float32)
    expected = [(1 * 1 + 0.6 * 0.5) / 1.6, (0.6 * 1 + 1 * 0.5) / 1.6, 0.2]
    assert neighbours(np.array([1, 0.5, 0.2]), vectors) == pytest.approx(expected)
    assert neighbours(np.array([0.7]), vectors[:1]).tolist() == [0.7]


def test_only_the_nearest_ten_count_as_neighbours() -> None:
    near, far = np.array([1, 0], dtype=np.float32), np.array([0.6, 0.8], dtype=np.float32)
    vectors = np.stack([near] * 11 + [far] * 11)
    scores = np.array([1.0] * 11 + [0.0] * 11)
    assert neighbours(scores, vectors) == pytest.approx(scores)


def test_feedback_prefers_papers_with_the_words_of_the_best_one(store: Store) -> None:
    at = {paper.title.split(":")[0]: place for place, paper in enumerate(store.papers)}
    scores = np.zeros(10)
    scores[at["Compost"]] = 1
    found = feedback(store, scores, range(10))
    assert int(np.argmax(found)) == at["Compost"]
    assert found[at["Pebble"]] == 0 or found[at["Pebble"]] < found[at["Compost"]] / 2
    assert len(set(store.papers[at["Compost"]].abstract.split())) < FEEDBACK_WORDS


def test_a_name_of_the_question_counts_less_where_many_titles_have_it() -> None:
    assert names_shared("LoRA or UL2?", ["LoRA", "More LoRA", "UL2", "Moss"]).tolist() == [0.25, 0.25, 0.5, 0]
    assert names_shared("moss?", ["LoRA"]).tolist() == [0]


def test_the_match_of_words_moves_the_ranking_only_where_it_counts(words_store: Store) -> None:
    found = [
        search(words_store, HashingWordEncoder(), "buoy data", 10, 100, 0.7, Weights(match=match)) for match in (0, 3)
    ]
    assert [each.cosine for each in found] == [found[0].cosine] * 2
    assert found[0].ranked[0].paper == found[1].ranked[0].paper
    assert found[0].ranked[1].score != found[1].ranked[1].score
