"""A list ends where the expected F1 is largest, and says when nothing fits well."""

from collections.abc import Sequence

import numpy as np
import pytest

from index.papers import Paper
from rag.extent import LONGEST, MODEL, NEAREST, Extent, extent
from rag.retrieve import Ranked


def ranked(scores: Sequence[float], near: float = 0.7) -> list[Ranked]:
    return [Ranked(Paper(f"title:{at}", "Moss", "Moss."), score, near, near) for at, score in enumerate(scores)]


def test_the_count_is_that_of_the_largest_expected_f1() -> None:
    scores = [0.8, 0.78, 0.7, 0.5, 0.4, 0.2, 0.1]
    slopes = MODEL.share / 0.8, MODEL.rank, MODEL.nearness * 0.6 + MODEL.intercept
    odds = [slopes[0] * score + slopes[1] * rank + slopes[2] for rank, score in enumerate(scores, start=1)]
    chances = [1 / (1 + np.exp(-each)) for each in odds]
    expected = [2 * sum(chances[:k]) / (k + sum(chances)) for k in range(1, 8)]
    assert extent(ranked(scores, 0.6)) == Extent(int(np.argmax(expected)) + 1, True)


def test_a_clear_fall_ends_the_list() -> None:
    assert extent(ranked([0.9] * 5 + [0.1] * 30)).count == 5


def test_many_alike_are_all_taken_up_to_the_longest() -> None:
    assert 20 < extent(ranked([0.9] * 60, near=0.9)).count <= LONGEST


def test_where_nothing_comes_near_only_the_nearest_are_named_and_doubted() -> None:
    assert extent(ranked([0.9] * 20, near=0.2)) == Extent(NEAREST, False)
    assert extent(ranked([0.9], near=0.2)) == Extent(1, False)


def test_similarity_alone_stands_for_both_where_there_are_no_word_vectors() -> None:
    both = ranked([0.9, 0.8, 0.3], 0.7)
    alone = [Ranked(hit.paper, hit.score, hit.similarity) for hit in both]
    assert extent(alone) == extent(both)


@pytest.mark.parametrize("hits", [[], ranked([0.0, 0.0])])
def test_nothing_found_is_never_sure(hits: list[Ranked]) -> None:
    assert not extent(hits).sure
    assert extent(hits).count == min(NEAREST, len(hits))
