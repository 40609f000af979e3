from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from index import Paper, Store, update
from index.layout import LAID_OUT, MOST_GROUPS, group_count, lay_out
from rag import Engine
from rag.inventory import UNKNOWN, Inventory
from rag.labels import labels
from rag.map import Atlas, PaperMap
from tests.conftest import TEXTS, HashingEncoder


def crowds(count: int, each: int, dim: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors in so many crowds, and the crowd of each."""
    random = np.random.default_rng(1)
    middles = random.normal(size=(count, dim))
    crowd = np.repeat(np.arange(count), each)
    vectors = middles[crowd] + 0.1 * random.normal(size=(len(crowd), dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), crowd


def nearest_of_same_crowd(points: np.ndarray, crowd: np.ndarray) -> float:
    """Return for how many points the nearest other one is of their crowd."""
    far = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(far, np.inf)
    return float((crowd[far.argmin(axis=1)] == crowd).mean())


def test_near_vectors_lie_near_each_other_and_share_a_group() -> None:
    vectors, crowd = crowds(4, 25)
    layout = lay_out(vectors)
    assert layout.points.dtype == np.float32 and layout.points.shape == (100, 2)
    assert layout.points.min() >= 0 and layout.points.max() <= 1
    assert nearest_of_same_crowd(layout.points, crowd) == 1
    assert layout.groups.max() + 1 == group_count(100) == 5
    pure = [np.bincount(crowd[layout.groups == group]).max() for group in range(5)]
    assert sum(pure) == 100


def test_the_same_vectors_come_out_the_same_however_many_threads_there_are() -> None:
    vectors, _ = crowds(3, 20)
    first = lay_out(vectors)
    with threadpool_limits(2):
        second = lay_out(vectors)
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.groups, second.groups)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 12])
def test_few_vectors_are_laid_out_too(count: int) -> None:
    layout = lay_out(crowds(1, max(count, 1))[0][:count])
    assert layout.points.shape == (count, 2) and layout.groups.shape == (count,)
    assert np.isfinite(layout.points).all()


def test_equal_vectors_are_one_group() -> None:
    layout = lay_out(np.full((6, 4), 0.5, dtype=np.float32))
    assert (layout.points == 0.5).all()
    assert (layout.groups == 0).all()


def test_what_tsne_does_not_lay_out_is_placed_among_its_neighbours() -> None:
    vectors, crowd = crowds(10, LAID_OUT // 10 + 30)
    layout = lay_out(vectors)
    part = slice(None, None, 7)
    assert len(layout.points) > LAID_OUT
    assert nearest_of_same_crowd(layout.points[part], crowd[part]) > 0.99
    assert layout.groups.max() + 1 == MOST_GROUPS
    sizes = np.bincount(layout.groups)
    assert (np.diff(sizes) <= 0).all()


def test_groups_are_named_by_what_only_they_say_as_it_is_written() -> None:
    ships = [
        Paper(f"title:s{at}", f"Sailing to Norway {at}", "Our ships sail. English ships sail on.") for at in range(6)
    ]
    trees = [Paper(f"title:t{at}", f"Fine-Tuning Oaks {at}", "We plant oaks by fine-tuning LLMs.") for at in range(6)]
    names = labels([*ships, *trees], [0] * 6 + [1] * 6, words=4)
    assert set(names[0]) == {"English", "Norway", "sail", "ships"}
    assert set(names[1]) == {"LLMs", "fine-tuning", "oaks", "plant"}
    assert labels([], []) == []


def test_common_words_name_no_group() -> None:
    common = "models learn from data"
    papers = [Paper(f"title:{at}", f"Paper {at}", f"{common} {'rivers' if at % 3 else 'stars'}") for at in range(30)]
    rest = [Paper(f"title:r{at}", f"Paper r{at}", f"{common} about roses {at}") for at in range(200)]
    names = labels([*papers, *rest], [0] * 30 + [1] * 200)
    assert names[0][:2] == ("rivers", "stars")


def test_map_of_a_store_is_plain_json_and_made_once_for_each_generation(tmp_path: Path, papers: list[Paper]) -> None:
    encoder = HashingEncoder()
    update(tmp_path, papers, encoder)
    atlas = Atlas()
    store = Store.open(tmp_path, encoder)
    first = atlas.map_of(store)
    assert atlas.map_of(store) is first
    values = first.to_dict()
    assert values["ids"] == [paper.id for paper in store.papers]
    assert len(values["points"]) == len(values["groups"]) == len(values["titles"]) == 10
    assert max(values["groups"]) + 1 == len(values["names"]) == group_count(10)
    assert all(values["source_names"][at] == "ten.jsonl" for of_paper in values["sources"] for at in of_paper)
    store.close()
    update(tmp_path, [Paper("title:more", "More Rivers", "Rivers are wide.", topics=("water",))], encoder)
    store = Store.open(tmp_path, encoder)
    second = atlas.map_of(store)
    assert second is not first and len(second.papers) == 11
    assert second.to_dict()["topic_names"] == ["water"]
    store.close()


def test_the_engine_has_a_map_and_an_inventory(engine: Engine) -> None:
    assert isinstance(engine.map(), PaperMap)
    assert engine.map() is engine.map()
    inventory = engine.inventory()
    assert inventory.papers == len(TEXTS)
    assert inventory.sources == (("ten.jsonl", 10),)
    assert inventory.kinds == (("abstract", 10),)
    assert inventory.topics == inventory.years == ((UNKNOWN, 10),)
    assert inventory.encoder == "hashing" and inventory.generation == 1
    assert inventory.to_dict()["sources"] == [["ten.jsonl", 10]]


def test_years_run_backwards_and_a_paper_counts_once_a_topic(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    update(
        tmp_path,
        [
            Paper("title:a", "A Paper", "It says a.", published="2021-05", topics=("x", "x", "y")),
            Paper("title:b", "B Paper", "It says b.", published="2023", topics=("x",)),
            Paper("title:c", "C Paper", "It says c."),
        ],
        encoder,
    )
    store = Store.open(tmp_path, encoder)
    inventory = Inventory.of(store)
    store.close()
    assert inventory.years == (("2023", 1), ("2021", 1), (UNKNOWN, 1))
    assert inventory.topics == (("x", 2), (UNKNOWN, 1), ("y", 1))
