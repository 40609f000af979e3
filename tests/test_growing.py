"""However an index came to hold its papers, it is searched as one that was built of them at once."""

import importlib
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.catalog import Catalog, date_number
from index.chroma import CHROMA
from index.manifest import vectors_folder
from index.paper import Paper
from index.store import Store
from index.update import update
from index.wordvectors import WordVectorTable
from tests.conftest import HashingEncoder
from tests.test_wordvectors import HashingWordEncoder

updating = importlib.import_module("index.update")

WORDS = "moss fern tide buoy comet lantern orchard pebble compost zebra glacier magnet harbour quartz willow".split()
QUESTIONS = ("moss and fern", "a comet over the harbour", "quartz", "zebra willow tide")


def made(number: int, seed: int = 0) -> Paper:
    rng = random.Random(f"{number} {seed}")
    words = rng.choices(WORDS, k=8)
    return Paper(
        f"arxiv:2401.{number:05}",
        f"Paper {number} on {words[0]}",
        f"It is about {' '.join(words)}. It has {number} parts.",
        authors=(f"Zoë Name{number % 7}",),
        published=f"20{10 + number % 15}-05" if number % 3 else None,
        topics=("cs.LG", "stat.ML")[: 1 + number % 2],
        sources=(f"s{number % 4}.jsonl",),
    )


def test_many_updates_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.generation.FOLDED_PAPERS", 4)  # so that there are several segments of words
    encoder, rng = HashingWordEncoder(), random.Random(7)
    grown, once = tmp_path / "grown", tmp_path / "once"
    papers: dict[str, Paper] = {}
    segments = 0
    for step in range(14):
        size = rng.choice([1, 3, 25])
        given = [made(rng.randrange(120), seed=rng.randrange(3)) for _ in range(size)]
        removed = rng.sample(sorted(papers), min(len(papers), step % 3))
        update(grown, given, encoder, remove=removed)
        store = Store.open(grown, encoder)
        papers = {paper.id: paper for paper in store.papers}
        segments = max(segments, len(store.manifest.words))
        assert not {*removed} & papers.keys() - {paper.id for paper in given}
        store.close()
    assert segments > 1
    update(once, papers.values(), encoder)
    first, second = Store.open(grown, encoder), Store.open(once, encoder)
    assert list(first.papers) == list(second.papers)
    for name in ("chunks", "with_words", "papers_digest", "newest"):
        assert getattr(first.manifest, name) == getattr(second.manifest, name)
    assert {kind: dict(of_kind) for kind, of_kind in first.counts().items()} == second.counts()
    assert first.published().tolist() == second.published().tolist()
    for kind, key in (("author", "ZOE"), ("category", "stat"), ("category", "CS.LG"), ("source", "s2.jsonl")):
        found = first.having(kind, key)
        assert len(found) and found.tolist() == second.having(kind, key).tolist()
    for question in QUESTIONS:
        vector = encoder.encode([question])[0]
        everywhere = range(len(papers))
        assert first.nearest(vector, 40) == second.nearest(vector, 40)
        np.testing.assert_array_equal(first.similarities(everywhere, vector), second.similarities(everywhere, vector))
        np.testing.assert_allclose(first.words(question), second.words(question), rtol=0.15, atol=1e-6)
        assert first.frequency("moss") == second.frequency("moss")
    assert [rows.shape for rows in first.word_vectors(everywhere)] == [
        rows.shape for rows in second.word_vectors(everywhere)
    ]
    first.close()
    second.close()
    assert len(WordVectorTable(vectors_folder(grown, encoder.digest)).ids()) == len(papers)


def test_an_update_reads_only_what_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update(tmp_path, map(made, range(60)), HashingEncoder())
    reading = importlib.import_module("index.paperfile")
    read: list[bytes] = []

    def noted(text: bytes) -> Paper:
        read.append(text)
        return Paper.from_dict(json.loads(text))

    monkeypatch.setattr(reading, "parse", noted)
    monkeypatch.setattr("index.generation.FOLDED_PAPERS", 0)
    report = update(tmp_path, [made(500)], HashingEncoder())
    assert (report.papers, report.new, report.embedded) == (61, 1, 1)
    assert len(read) <= 10  # those that tell where the new one stands


def test_a_large_index_has_one_chunk_a_paper_and_gets_its_windows_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = " ".join(f"Sentence {number} of the paper says a little about moss and tides." for number in range(20))
    papers = [replace(made(number), abstract=f"{number}. {long}") for number in range(12)]
    encoder = HashingEncoder()
    monkeypatch.setattr(updating, "WHOLE_ONLY_PAPERS", 10)
    update(tmp_path, papers, encoder)
    large = Store.open(tmp_path, encoder)
    assert (large.manifest.chunks, large.manifest.chunking) == (12, "whole papers")
    large.close()
    assert update(tmp_path, [], encoder, remove=[papers[0].id, papers[1].id, papers[2].id]).removed == 3
    assert Store.open(tmp_path, encoder).manifest.chunks == 9  # still more than half as many
    update(tmp_path, papers[3:7], encoder, replace_all=True)
    small = Store.open(tmp_path, encoder)
    assert small.manifest.chunks > 4 * 3
    assert (vectors_folder(tmp_path, encoder.digest) / CHROMA).is_dir()
    small.close()


def test_what_a_source_says_anew_keeps_the_other_names_of_a_paper(tmp_path: Path) -> None:
    known = replace(made(1), other_ids=("doi:10.1000/moss",), other_titles=("Of Moss",))
    update(tmp_path, [known], HashingEncoder())
    said = replace(made(1), abstract="It says something else now.")
    assert update(tmp_path, [said], HashingEncoder()).changed == 1
    store = Store.open(tmp_path, HashingEncoder())
    assert store.papers[0] == replace(said, other_ids=known.other_ids, other_titles=known.other_titles)
    assert store.place("doi:10.1000/moss") is None and store.having("title", "of moss").tolist() == [0]
    store.close()


def test_dates_are_numbers_that_sort() -> None:
    assert [date_number(date) for date in ("2024-05-17", "2024-05", "2024", None, "soon")] == [
        20240517, 20240500, 20240000, 0, 0,
    ]  # fmt: skip


def test_a_title_finds_its_paper_in_any_spelling() -> None:
    catalog = Catalog.of([made(1)], [0])
    assert catalog.having("title", "PAPER 1 — on " + made(1).title.split()[-1]).tolist() == [0]
    assert catalog.having("title", "Paper 2").tolist() == []
