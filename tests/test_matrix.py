"""Vectors are searched where they lie: all compared where there are few, found by their codes where there are many."""

import numpy as np
import pytest

from index import matrix as searched
from index.matrix import VectorMatrix
from index.vectors import Vectors

PAPERS, DIM = 3000, 96


@pytest.fixture(scope="module")
def vectors() -> list[Vectors]:
    """Return the chunks of each paper, one to four, near to one of fifty centres."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((50, DIM))
    rows = [centres[at % 50] + rng.standard_normal((1 + at % 4, DIM)) for at in range(PAPERS)]
    return [np.asarray(each / np.linalg.norm(each, axis=1, keepdims=True), dtype=np.float32) for each in rows]


@pytest.fixture
def matrix(vectors: list[Vectors]) -> VectorMatrix:
    rows = np.concatenate(vectors)
    ids = np.arange(len(rows), dtype=np.uint64)
    return VectorMatrix.of([len(each) for each in vectors], ids, rows, rows.mean(axis=0))


def asked(count: int = 20) -> Vectors:
    rows = np.random.default_rng(1).standard_normal((count, DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def best(vectors: list[Vectors], vector: Vectors, within: list[int]) -> list[int]:
    return sorted(within, key=lambda at: -float((vectors[at] @ vector).max()))


def test_few_rows_are_all_compared(matrix: VectorMatrix, vectors: list[Vectors]) -> None:
    for vector in asked():
        assert matrix.nearest(vector, 4 * PAPERS)[:20] == best(vectors, vector, list(range(PAPERS)))[:20]


def test_many_rows_are_found_by_their_codes(
    matrix: VectorMatrix, vectors: list[Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searched, "EXACT_ROWS", 100)
    monkeypatch.setattr(searched, "RESCORED", 500)
    found = [
        len({*matrix.nearest(vector, 60)[:10]} & {*best(vectors, vector, list(range(PAPERS)))[:10]})
        for vector in asked()
    ]
    assert sum(found) >= 0.95 * 10 * len(found)


@pytest.mark.parametrize("exact_rows", [100, 20_000], ids=["by codes", "all"])
def test_only_papers_that_may_be_chosen_are_found(
    matrix: VectorMatrix, vectors: list[Vectors], monkeypatch: pytest.MonkeyPatch, exact_rows: int
) -> None:
    monkeypatch.setattr(searched, "EXACT_ROWS", exact_rows)
    monkeypatch.setattr(searched, "RESCORED", 490)
    within = np.arange(7, PAPERS, 5, dtype=np.int32)
    for vector in asked(5):
        found = matrix.nearest(vector, 30, within)
        assert found[:5] == best(vectors, vector, within.tolist())[:5]
        assert {*found} <= {*within.tolist()}
    assert matrix.nearest(asked(1)[0], 10, np.zeros(0, dtype=np.int32)) == []


def test_the_code_of_a_row_has_a_bit_for_each_number_above_its_mean(matrix: VectorMatrix) -> None:
    bits = np.unpackbits(matrix.codes.T.copy().view(np.uint8).reshape(len(matrix.rows), -1), axis=1)
    assert (bits[:, :DIM] == (matrix.rows > matrix.mean)).all()
    assert not bits[:, DIM:].any()


def test_many_rows_are_kept_in_half_the_space(vectors: list[Vectors], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searched, "EXACT_ROWS", 100)
    rows = np.concatenate(vectors)
    made = VectorMatrix.of([1] * len(rows), np.arange(len(rows), dtype=np.uint64), rows, rows.mean(axis=0))
    assert made.rows.dtype == np.float16
    assert made.wholes([5]).dtype == np.float32
    np.testing.assert_allclose(made.similarities([5], rows[5])[0], 1, atol=1e-3)
