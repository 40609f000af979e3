"""Vectors of words are kept in four bits, found again by chunk, and follow an index through its updates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from index import models
from index.errors import StoreError
from index.manifest import vectors_folder
from index.papers import Paper
from index.store import Store
from index.update import update
from index.vectors import Encoded, SentenceEncoder, WordEncoder
from index.words import tokenize
from index.wordvectors import FILE, WordVectorTable
from tests.conftest import HashingEncoder

ENCODER = "all-MiniLM-L6-v2"


class HashingWordEncoder(HashingEncoder):
    """A hashing encoder that reads words too: each has the vector that it would have alone."""

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        words = [tuple(dict.fromkeys(tokenize(text))) for text in texts]
        vectors = [HashingEncoder.encode(self, of_text) for of_text in words]
        self.asked = self.asked[: len(self.asked) - sum(map(len, words))]
        return [Encoded(*each) for each in zip(self.encode(texts), words, vectors, strict=True)]


@pytest.fixture
def table(tmp_path: Path) -> WordVectorTable:
    """Return an empty table."""
    return WordVectorTable(tmp_path, write=True)


def table_of(folder: Path, digest: str = "hashing-1") -> WordVectorTable:
    """Return the table of an index."""
    return WordVectorTable(vectors_folder(folder, digest))


def test_vectors_come_back_with_their_direction_and_length_one(table: WordVectorTable) -> None:
    rows = np.random.default_rng(0).standard_normal((50, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    table.add({"a": rows})
    back = table.read(["a"])["a"]
    assert np.linalg.norm(back, axis=1) == pytest.approx(1, abs=1e-6)
    assert (back * rows).sum(axis=1).min() > 0.985


def test_a_table_gives_what_is_there_and_forgets_what_is_removed(table: WordVectorTable) -> None:
    table.add({"a": np.eye(2, dtype=np.float32), "none": np.zeros((0, 2), dtype=np.float32)})
    assert {name: rows.shape for name, rows in table.read(["a", "b", "none"]).items()} == {"a": (2, 2), "none": (0, 2)}
    table.remove(["a"])
    assert table.ids() == {"none"}


def test_more_chunks_than_one_query_takes_are_read(table: WordVectorTable) -> None:
    ids = [str(number) for number in range(1234)]
    table.add({name: np.full((1, 1), 1, dtype=np.float32) for name in ids})
    assert list(table.read(ids)) and set(table.read(ids)) == set(ids)


def test_a_file_that_is_no_table_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("not a database, whatever its name says" * 30)
    with pytest.raises(StoreError, match="Remove that file"):
        WordVectorTable(tmp_path)


def test_an_index_keeps_the_words_of_its_papers_and_embeds_each_once(tmp_path: Path, papers: list[Paper]) -> None:
    encoder = HashingWordEncoder()
    assert isinstance(encoder, WordEncoder) and not isinstance(HashingEncoder(), WordEncoder)
    update(tmp_path, papers[:5], encoder)
    update(tmp_path, papers, encoder)
    assert len(encoder.asked) == len(set(encoder.asked))
    store = Store.open(tmp_path, encoder)
    assert [len(rows) for rows in store.word_vectors(range(10))] == [
        len(set(tokenize(f"{paper.title} {paper.abstract}"))) for paper in store.papers
    ]
    store.close()


def test_words_of_a_paper_that_left_are_removed(tmp_path: Path, papers: list[Paper]) -> None:
    update(tmp_path, papers, HashingWordEncoder())
    update(tmp_path, papers[:3], HashingWordEncoder(), replace_all=True)
    assert len(table_of(tmp_path).ids()) == 3


def test_lost_words_are_asked_for_and_made_again(tmp_path: Path, papers: list[Paper]) -> None:
    update(tmp_path, papers, HashingWordEncoder())
    (vectors_folder(tmp_path, "hashing-1") / FILE).unlink()
    with pytest.raises(StoreError, match="are gone"):
        Store.open(tmp_path, HashingWordEncoder())
    assert update(tmp_path, (), HashingWordEncoder()).embedded == 10
    Store.open(tmp_path, HashingWordEncoder()).close()


def test_words_of_another_encoder_are_let_go(tmp_path: Path, papers: list[Paper]) -> None:
    update(tmp_path, papers, HashingWordEncoder())
    update(tmp_path, (), HashingWordEncoder("hashing-2", dim=64))
    assert {
        rows.shape[1]
        for rows in table_of(tmp_path, "hashing-2").read(sorted(table_of(tmp_path, "hashing-2").ids())).values()
    } == {64}


def test_an_encoder_without_words_builds_and_opens_an_index(tmp_path: Path, papers: list[Paper]) -> None:
    update(tmp_path, papers, HashingEncoder())
    store = Store.open(tmp_path, HashingEncoder())
    assert [rows.shape for rows in store.word_vectors([0, 1])] == [(0, 256), (0, 256)]
    store.close()


def test_an_index_built_without_words_is_refused_until_it_has_them(tmp_path: Path, papers: list[Paper]) -> None:
    update(tmp_path, papers, HashingEncoder())
    with pytest.raises(StoreError, match="without vectors of its words"):
        Store.open(tmp_path, HashingWordEncoder())
    assert update(tmp_path, (), HashingWordEncoder()).wrote
    store = Store.open(tmp_path, HashingWordEncoder())
    assert store.manifest.with_words == 10 and all(len(rows) for rows in store.word_vectors(range(10)))
    store.close()
    assert not update(tmp_path, (), HashingWordEncoder()).wrote


@pytest.mark.skipif(models.find(ENCODER) is None, reason=f"no weights: paperchat models pull {ENCODER}")
@pytest.mark.model
def test_a_real_encoder_reads_words_where_they_stand() -> None:
    encoder = SentenceEncoder.from_name(ENCODER, offline=True)
    texts = [
        "DP-LoRA is private; private LoRA is not.",
        "",
        "moss " * 400 + "fern",
        "The bank of a river",
        "A bank's loan",
    ]
    encoded = encoder.encode_words(texts)
    assert np.stack([each.vector for each in encoded]) == pytest.approx(encoder.encode(texts), abs=1e-6)
    assert [each.words for each in encoded[:3]] == [("dp", "lora", "privat"), (), ("moss",)]
    assert [each.word_vectors.shape for each in encoded[:3]] == [(3, 384), (0, 384), (1, 384)]
    assert np.linalg.norm(encoded[0].word_vectors, axis=1) == pytest.approx(1, abs=1e-5)
    river, loan = (each.word_vectors[each.words.index("bank")] for each in encoded[3:])
    assert 0.2 < float(river @ loan) < 0.9
