"""Vectors and words are added with weights, titles and names are found, and what is off the topic is told apart."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index.papers import Paper
from index.store import Store
from index.update import update
from index.vectors import Vectors
from rag.retrieve import (
    COSINE_FLOOR,
    MEANING,
    NAMED_FLOOR,
    NEIGHBOURS,
    RELEVANCE_FLOOR,
    WORDS,
    Found,
    Ranked,
    Weights,
    search,
)
from tests.conftest import TEXTS, HashingEncoder

PLAIN = Weights(match=0, names=0, neighbours=0, feedback=0)
EAST = (1.0, 0.0)
DIRECTIONS = {"North": (0.0, 1.0), "Between": (0.6, 0.8), "West": (-1.0, 0.0)}


class PlaneEncoder:
    """Vectors in a plane: a text has that of the direction that is named in it, a question that of east."""

    name = digest = "plane"

    def encode(self, texts: Sequence[str]) -> Vectors:
        named = [next((d for name, d in DIRECTIONS.items() if text.startswith(name)), EAST) for text in texts]
        return np.array(named, dtype=np.float32)


Search = Callable[..., Found]


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Search]:
    """Return a search of five tiny papers by vectors and words alone; c and d have one vector, only b has moss."""
    titles = {"a": "East", "b": "Between", "d": "North Pole", "c": "North Star", "e": "West"}
    papers = [Paper(f"title:{key}", title, "Moss." if key == "b" else "Fern.") for key, title in titles.items()]
    update(tmp_path, papers, PlaneEncoder())
    store = Store.open(tmp_path, PlaneEncoder())
    yield lambda question, limit=10, candidates=100, dense_weight=0.6: search(
        store, PlaneEncoder(), question, limit, candidates, dense_weight, PLAIN
    )
    store.close()


def found(store: Store, encoder: HashingEncoder, question: str) -> Found:
    return search(store, encoder, question, limit=10, candidates=100, dense_weight=0.6)


def scores(result: Found) -> dict[str, float]:
    return {hit.paper.id.removeprefix("title:"): hit.score for hit in result.ranked}


def test_a_score_is_the_weighted_sum_of_both_shares_of_the_best(plane: Search) -> None:
    expected = {"a": 0.6 * 1.0 + 0.4 * 0, "b": 0.6 * 0.6 + 0.4 * 1, "c": 0, "d": 0, "e": 0}
    assert scores(plane("moss")) == pytest.approx(expected, abs=1e-6)
    assert list(scores(plane("moss"))) == ["b", "a", "c", "d", "e"]


@pytest.mark.parametrize(("dense_weight", "first"), [(0, "b"), (0.7, "b"), (0.8, "a"), (1, "a")])
def test_the_weight_decides_between_vectors_and_words(plane: Search, dense_weight: float, first: str) -> None:
    # b leads while 0.6 w + (1 - w) > w, so up to w = 5/7
    assert next(iter(scores(plane("moss", dense_weight=dense_weight)))) == first


def test_similarities_are_shares_of_the_best_one_and_negative_ones_count_as_zero(plane: Search) -> None:
    result = scores(plane("Between zebras", dense_weight=1))
    # cosines with (0.6, 0.8): itself 1, north 0.8, east 0.6, west -0.6
    assert result == pytest.approx({"b": 1, "c": 0.8, "d": 0.8, "a": 0.6, "e": 0}, abs=1e-6)


def test_the_similarity_of_a_paper_is_the_mean_of_its_whole_and_its_best_window(
    tmp_path: Path, encoder: HashingEncoder
) -> None:
    words = " ".join(f"Study {number} is on sand and wind." for number in range(30))
    update(
        tmp_path, [Paper("title:a", "Ferns", "Moss and ferns."), Paper("title:b", "Moss", f"{words} On moss.")], encoder
    )
    store = Store.open(tmp_path, encoder)
    (short, same), (whole, window) = store.similarities([0, 1], encoder.encode(["wind on moss"])[0]).tolist()
    assert short == same and whole != window
    result = scores(search(store, encoder, "wind on moss", 2, candidates=100, dense_weight=1, weights=PLAIN))
    best = max(short, (whole + window) / 2)
    assert result == pytest.approx({"a": short / best, "b": (whole + window) / 2 / best}, abs=1e-6)
    store.close()


def test_equal_scores_come_in_order_of_id(plane: Search) -> None:
    assert list(scores(plane("North of nowhere", dense_weight=1)))[:2] == ["c", "d"]


def test_a_paper_is_found_by_what_finds_it_alone(plane: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    def by(question: str) -> dict[str, tuple[str, ...]]:
        return {hit.paper.id.removeprefix("title:"): hit.found_by for hit in plane(question).ranked}

    # only b has moss; cosines with east: a 1, b .6, c and d 0, e -1
    kin = {"c": (NEIGHBOURS,), "d": (NEIGHBOURS,), "e": (NEIGHBOURS,)}
    assert by("moss") == {"a": (MEANING,), "b": (WORDS, MEANING), **kin}
    monkeypatch.setattr("rag.retrieve.FOUND_FIRST", 1)
    assert by("moss") == {"a": (MEANING,), "b": (WORDS,), **kin}


def test_limit_cuts_the_ranking_and_changes_no_score(plane: Search) -> None:
    assert plane("moss", limit=2).ranked == plane("moss").ranked[:2]


def test_candidates_are_the_best_of_either_searcher(plane: Search) -> None:
    assert set(scores(plane("moss", candidates=1))) == {"a", "b"}


@pytest.mark.parametrize("title", TEXTS)
def test_a_title_as_the_question_is_found_first(store: Store, encoder: HashingEncoder, title: str) -> None:
    for typed in (title, title.upper(), title.replace("-", "\u2011").removesuffix("?") + " ?"):
        best = found(store, encoder, typed).ranked[0]
        assert (best.paper.title, best.score) == (title, 1.0)


def test_a_title_as_the_question_wins_over_a_paper_that_repeats_its_words(
    tmp_path: Path, encoder: HashingEncoder
) -> None:
    plain = Paper("title:z", "On Moss", "Ferns are studied by us in the field and on the shore.")
    louder = Paper("title:a", "Moss Moss Moss", "Moss moss moss moss moss moss moss.")
    update(tmp_path, [plain, louder], encoder)
    store = Store.open(tmp_path, encoder)
    assert found(store, encoder, "moss").ranked[0].paper == louder
    assert found(store, encoder, "on moss").ranked[0].paper == plain
    store.close()


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("how private is DP-Moss?", "DP-Moss"),
        ("dp moss", "DP-Moss"),
        ("dp–moss budget", "DP-Moss"),
        ("DPMoss", "DP-Moss"),
        ("Does 4M\u20117 beat specialists?", "4M-7"),
        ("tidenet", "TideNet"),
        ("what does lantern's order do", "Lantern"),
    ],
)
def test_a_name_is_found_first_however_it_is_typed(
    store: Store, encoder: HashingEncoder, question: str, name: str
) -> None:
    result = found(store, encoder, question)
    assert result.ranked[0].paper.title.startswith(name)
    assert result.relevant


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How are jobs moved between machines?", "Orchard: Scheduling Jobs on Shared Clusters"),
        ("which pruning is faster on common hardware", "A Survey of Pruning in Convolutional Networks"),
        ("What if clients leave at any time?", "Federated Learning with Unreliable Clients"),
        ("Why do large batches generalise worse?", "Do Larger Batches Generalise Worse?"),
    ],
)
def test_a_question_finds_the_paper_that_answers_it(
    store: Store, encoder: HashingEncoder, question: str, title: str
) -> None:
    result = found(store, encoder, question)
    assert result.ranked[0].paper.title == title
    assert result.relevant


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "Which zebra stripes confuse horseflies most in summer?",
        "Who won the football championship yesterday?",
        "best recipe for sourdough bread with walnuts",
    ],
)
def test_what_is_off_the_topic_is_not_relevant(store: Store, encoder: HashingEncoder, question: str) -> None:
    assert not found(store, encoder, question).relevant


RANKED = (Ranked(Paper("title:moss", "Moss", "Moss grows."), 1.0),)


@pytest.mark.parametrize(
    ("cosine", "coverage", "named", "relevant"),
    [
        (RELEVANCE_FLOOR, 0.0, False, True),
        (RELEVANCE_FLOOR - 0.01, 0.0, False, False),
        (COSINE_FLOOR, 1.0, False, True),
        (COSINE_FLOOR - 0.01, 1.0, False, False),
        (NAMED_FLOOR, 0.0, True, True),
        (NAMED_FLOOR - 0.01, 0.0, True, False),
    ],
)
def test_relevance_needs_a_name_or_nearness_that_rare_words_may_make_up_for(
    cosine: float, coverage: float, named: bool, relevant: bool
) -> None:
    assert Found(np.zeros(2, dtype=np.float32), RANKED, cosine, coverage, named).relevant is relevant


def test_nothing_found_is_never_relevant() -> None:
    assert not Found(np.zeros(2, dtype=np.float32), (), 1.0, 1.0, True).relevant


def test_coverage_weighs_the_words_that_one_paper_has_by_rarity(store: Store, encoder: HashingEncoder) -> None:
    moss, zebra = np.log(1 + 10 / 2), np.log(1 + 10 / 1)
    assert found(store, encoder, "moss").coverage == pytest.approx(1)
    assert found(store, encoder, "the moss and a zebra").coverage == pytest.approx(moss / (moss + zebra))
    assert found(store, encoder, "moss buoy").coverage == pytest.approx(0.5)
    assert found(store, encoder, "what is it?").coverage == 0


def test_an_index_of_no_papers_finds_nothing(tmp_path: Path, encoder: HashingEncoder) -> None:
    update(tmp_path, [], encoder)
    store = Store.open(tmp_path, encoder)
    assert found(store, encoder, "moss").ranked == ()
    assert not found(store, encoder, "DP-Moss").relevant
    store.close()


def test_the_same_question_twice_finds_the_same(store: Store, encoder: HashingEncoder) -> None:
    first, again = (found(store, encoder, "training with less noise") for _ in range(2))
    assert first.ranked == again.ranked
    assert (first.cosine, first.coverage, first.named) == (again.cosine, again.coverage, again.named)
