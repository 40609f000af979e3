"""An index on disk: what an update writes and what it leaves alone, what is refused, and what is found again."""

import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from index.chroma import CHROMA, ChunkTable
from index.chunks import chunk
from index.errors import StoreError
from index.manifest import MANIFEST, PAPERS, Manifest, file_digest, replace_file, vectors_folder
from index.paperfile import papers_text, read_papers
from index.papers import Paper
from index.refill import NEW
from index.store import Store
from index.update import update
from index.vectors import Vectors
from rag.engine import Engine
from rag.settings import Settings
from tests.conftest import HashingEncoder

updating = importlib.import_module("index.update")  # `index.update` names the function
ZEBRA = Paper("title:zebra", "Zebra: Stripes Against Flies", "Zebra stripes confuse flies.", sources=("zoo.jsonl",))
LONG = Paper(
    "title:long",
    "Long: An Abstract with Several Windows",
    " ".join(f"Experiment {number} compares the {word} with a baseline." for number, word in enumerate("abcde" * 6)),
    sources=("ten.jsonl",),
)


class FailingEncoder(HashingEncoder):
    """Fails when it is asked for one batch more than it may."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.batches = batches

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self.batches == 0:
            raise RuntimeError("out of memory")
        self.batches -= 1
        return super().encode(texts)


@pytest.fixture
def folder(tmp_path: Path, index_folder: Path) -> Path:
    """Return a copy of the index of the ten papers; tests may write it."""
    return Path(shutil.copytree(index_folder, tmp_path / "copy"))


@pytest.fixture
def long_store(tmp_path: Path, papers: list[Paper], encoder: HashingEncoder) -> Iterator[Store]:
    """Return an index of the ten papers and one whose abstract has several windows."""
    update(tmp_path / "long", [*papers, LONG], HashingEncoder())
    store = Store.open(tmp_path / "long", encoder)
    yield store
    store.close()


# What an update writes


def test_a_new_index_holds_the_papers_in_order_of_id_and_says_what_shaped_it(
    store: Store, papers: list[Paper], index_folder: Path
) -> None:
    assert list(store.papers) == sorted(papers, key=lambda paper: paper.id) == read_papers(index_folder)
    assert (store.manifest.encoder, store.manifest.encoder_digest, store.manifest.dim) == ("hashing", "hashing-1", 256)
    assert (store.manifest.papers, store.manifest.chunks, store.manifest.generation) == (10, 10, 1)


def test_a_paper_is_found_by_its_id(store: Store, papers: list[Paper]) -> None:
    assert store.paper(papers[3].id) == papers[3]
    assert store.paper("title:zebra") is None


def test_a_second_update_writes_nothing_and_asks_the_encoder_nothing(
    folder: Path, papers: list[Paper], encoder: HashingEncoder
) -> None:
    before = contents(folder)
    for given in (papers, papers[:3], []):
        report = update(folder, given, encoder)
        assert (report.papers, report.new, report.changed, report.removed, report.embedded) == (10, 0, 0, 0, 0)
        assert not report.wrote
    assert contents(folder) == before
    assert encoder.asked == []


def test_a_new_paper_is_the_only_one_embedded(folder: Path, encoder: HashingEncoder) -> None:
    report = update(folder, [ZEBRA], encoder)
    assert (report.papers, report.new, report.changed, report.removed, report.embedded) == (11, 1, 0, 0, 1)
    assert encoder.asked == [f"{ZEBRA.title}\n{ZEBRA.abstract}"]


def test_a_changed_paper_is_the_only_one_embedded(folder: Path, papers: list[Paper], encoder: HashingEncoder) -> None:
    changed = replace(papers[0], abstract="TideNet now forecasts storms.")
    report = update(folder, [changed, *papers[1:]], encoder)
    assert (report.papers, report.new, report.changed, report.removed, report.embedded) == (10, 0, 1, 0, 1)
    assert encoder.asked == [f"{changed.title}\n{changed.abstract}"]
    assert opened(folder, changed.id) == changed


def test_a_change_beside_the_text_is_kept_and_embeds_nothing(
    folder: Path, papers: list[Paper], encoder: HashingEncoder
) -> None:
    dated = replace(papers[0], published="2024-05-01", authors=("Ada Tide",))
    assert update(folder, [dated], encoder).changed == 1
    assert encoder.asked == []
    assert opened(folder, dated.id) == dated


def test_what_the_same_source_says_anew_replaces_what_it_said(
    folder: Path, papers: list[Paper], encoder: HashingEncoder
) -> None:
    shorter = replace(papers[0], abstract="Short now.")
    assert len(shorter.abstract) < len(papers[0].abstract)
    update(folder, [shorter], encoder)
    assert opened(folder, shorter.id) == shorter


def test_what_another_source_says_is_merged(folder: Path, papers: list[Paper], encoder: HashingEncoder) -> None:
    other = replace(papers[0], abstract="Short.", url="https://example.org/tide", sources=("other.jsonl",))
    update(folder, [other], encoder)
    merged = opened(folder, other.id)
    assert merged == replace(papers[0], url="https://example.org/tide", sources=("ten.jsonl", "other.jsonl"))
    assert not update(folder, [other], encoder).wrote


def test_replace_all_removes_the_papers_that_are_not_given(
    folder: Path, papers: list[Paper], encoder: HashingEncoder
) -> None:
    report = update(folder, papers[:2], encoder, replace_all=True)
    assert (report.papers, report.new, report.changed, report.removed, report.embedded) == (2, 0, 0, 8, 0)
    store = Store.open(folder, encoder)
    assert {paper.id for paper in store.papers} == {paper.id for paper in papers[:2]}
    assert sorted(store.nearest(encoder.encode(["the pruning survey"])[0], 10)) == [0, 1]
    store.close()
    table = ChunkTable(chroma(folder))
    assert {chunk_id.split("#")[0] for chunk_id in table.ids()} == {paper.id for paper in papers[:2]}
    table.close()


def test_replace_all_with_records_of_one_paper_keeps_one(
    folder: Path, papers: list[Paper], encoder: HashingEncoder
) -> None:
    report = update(folder, [*papers, *papers[:2]], encoder, replace_all=True)
    assert (report.papers, report.removed, report.wrote) == (10, 0, False)


def test_an_index_of_no_papers_opens_and_finds_nothing(tmp_path: Path, encoder: HashingEncoder) -> None:
    update(tmp_path / "empty", [], encoder)
    store = Store.open(tmp_path / "empty", encoder)
    assert len(store.papers) == 0
    assert store.nearest(encoder.encode(["moss"])[0], 5) == []
    assert store.similarities([], encoder.encode(["moss"])[0]).shape == (0, 2)
    store.close()


def test_progress_is_told_after_each_batch(
    tmp_path: Path, papers: list[Paper], encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.embedding.TEXTS_AT_ONCE", 4)
    told: list[tuple[int, int]] = []
    update(tmp_path / "index", papers, encoder, progress=lambda done, total: told.append((done, total)))
    assert told == [(4, 10), (8, 10), (10, 10)]


def test_what_earlier_generations_had_is_tidied(folder: Path, papers: list[Paper], encoder: HashingEncoder) -> None:
    for count in (9, 8, 7):
        update(folder, papers[:count], encoder, replace_all=True)
    names = {path.name for path in folder.iterdir() if path.name[0] != "."}
    assert names == {"manifest.json", "papers.jsonl", "columns-4", "words-4-0", chroma(folder).parent.name}


# What is refused, and what mends it


def test_no_index_is_said_with_the_command(tmp_path: Path, encoder: HashingEncoder) -> None:
    with pytest.raises(StoreError, match=r"No index in .*nowhere\. Build one: paperchat index"):
        Store.open(tmp_path / "nowhere", encoder)
    assert not (tmp_path / "nowhere").exists()


def test_an_index_of_another_encoder_is_refused_with_the_command(folder: Path) -> None:
    with pytest.raises(StoreError, match=r"hashing-1\), settings ask for .*hashing-2\)\. Rebuild it: paperchat index"):
        Store.open(folder, HashingEncoder("hashing-2"))


def test_an_update_with_another_encoder_embeds_everything_anew(folder: Path, papers: list[Paper]) -> None:
    other = HashingEncoder("hashing-2", dim=64)
    report = update(folder, [], other)
    assert (report.papers, report.changed, report.embedded) == (10, 0, 10)
    store = Store.open(folder, other)
    assert (store.manifest.dim, store.manifest.generation) == (64, 2)
    assert similar_by_hand(store, other, "moss") == pytest.approx(similarities(store, other, "moss"), abs=1e-5)
    store.close()


def test_another_chunking_is_refused_and_an_update_mends_it(folder: Path, encoder: HashingEncoder) -> None:
    manifest = Manifest.read(folder)
    assert manifest
    replace(manifest, chunking="pages").write(folder)
    with pytest.raises(StoreError, match=r"cut into chunks in another way \(pages\)\. Rebuild it: paperchat index"):
        Store.open(folder, encoder)
    assert update(folder, [], encoder).wrote
    Store.open(folder, encoder).close()


def test_papers_that_were_edited_by_hand_are_refused_until_the_index_is_built_from_them(
    folder: Path, papers: list[Paper], encoder: HashingEncoder
) -> None:
    replace_file(folder / PAPERS, papers_text([*papers, ZEBRA]))
    with pytest.raises(StoreError, match=r"are not those that the index was built from\. Rebuild it: paperchat index"):
        Store.open(folder, encoder)
    assert update(folder, [], encoder).embedded == 1
    assert opened(folder, ZEBRA.id) == ZEBRA


def test_embedding_cut_short_goes_on_where_it_stopped(
    tmp_path: Path, papers: list[Paper], encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.embedding.TEXTS_AT_ONCE", 3)
    failing = FailingEncoder(batches=2)
    with pytest.raises(RuntimeError, match="out of memory"):
        update(tmp_path / "index", papers, failing)
    with pytest.raises(StoreError, match="Build one: paperchat index"):
        Store.open(tmp_path / "index", encoder)
    assert update(tmp_path / "index", papers, encoder).embedded == 4
    assert (len(failing.asked), len(encoder.asked)) == (6, 4)
    assert set(failing.asked) | set(encoder.asked) == {f"{paper.title}\n{paper.abstract}" for paper in papers}
    store = Store.open(tmp_path / "index", encoder)
    assert similar_by_hand(store, encoder, "noise") == pytest.approx(similarities(store, encoder, "noise"), abs=1e-5)
    store.close()


def test_an_index_still_opens_as_it_was_when_its_update_was_cut_short_while_embedding(
    folder: Path, encoder: HashingEncoder
) -> None:
    with pytest.raises(RuntimeError):
        update(folder, [ZEBRA], FailingEncoder(batches=0))
    store = Store.open(folder, encoder)
    assert len(store.papers) == 10
    assert len(store.nearest(encoder.encode(["moss"])[0], 20)) == 10
    store.close()


@pytest.mark.parametrize("first", ["a new index", "an index of the second encoder"])
def test_vectors_of_an_update_cut_short_are_never_taken_for_those_of_another_encoder(
    tmp_path: Path, papers: list[Paper], encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    monkeypatch.setattr("index.embedding.TEXTS_AT_ONCE", 3)
    if first != "a new index":
        update(tmp_path / "index", papers, encoder)
        encoder.asked.clear()
    failing = FailingEncoder(batches=2)
    failing.digest = "hashing-2"
    with pytest.raises(RuntimeError):
        update(tmp_path / "index", papers, failing)
    embedded = 10 if first == "a new index" else 0  # the old index is still there
    assert update(tmp_path / "index", papers, encoder).embedded == embedded
    assert len(encoder.asked) == embedded
    assert opened(tmp_path / "index", papers[0].id) == papers[0]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff", b'{"format": 1}', b'{"format": "3"}', b'{"format": 3}']
)
def test_a_damaged_manifest_is_refused_and_an_update_writes_it_anew_embedding_nothing(
    folder: Path, encoder: HashingEncoder, content: bytes
) -> None:
    whole = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(StoreError, match=r": paperchat index"):
        Store.open(folder, encoder)
    assert update(folder, [], encoder).embedded == 0
    anew = json.loads((folder / MANIFEST).read_text())
    made = ("generation", "built", "check", "words", "columns_digest")
    assert {name: anew[name] for name in anew if name not in made} == {
        name: whole[name] for name in whole if name not in made
    }
    assert (anew["generation"], anew["words"]) == (2, ["words-2-0"])


def test_an_index_whose_papers_are_gone_is_not_begun_anew_over_what_is_left(
    folder: Path, papers: list[Paper], encoder: HashingEncoder
) -> None:
    (folder / PAPERS).unlink()
    before = contents(folder)
    with pytest.raises(StoreError, match=r"papers\.jsonl is gone, .* 10 papers .*--replace; .*--index DIR"):
        update(folder, [ZEBRA], encoder)
    assert contents(folder) == before
    assert update(folder, papers, encoder, replace_all=True).embedded == 0
    assert opened(folder, papers[0].id) == papers[0]


def test_an_index_of_a_later_version_is_left_alone(folder: Path, encoder: HashingEncoder) -> None:
    (folder / MANIFEST).write_text('{"format": 99}')
    before = contents(folder)
    for work in (lambda: Store.open(folder, encoder), lambda: update(folder, [ZEBRA], encoder)):
        with pytest.raises(StoreError, match=r"a later version of paperchat \(format 99; .*--index DIR"):
            work()
    assert contents(folder) == before


@pytest.mark.parametrize(
    "line", [b"{", b"", b"[]", b"null", b"\xff\xfe", b'{"id": "title:x"}', b'{"id": 1, "title": null, "abstract": 2}']
)
def test_a_damaged_paper_is_named_by_its_line(folder: Path, encoder: HashingEncoder, line: bytes) -> None:
    lines = (folder / PAPERS).read_bytes().splitlines()
    (folder / PAPERS).write_bytes(b"\n".join([*lines[:3], line, *lines[3:]]) + b"\n")
    with pytest.raises(StoreError, match=r"papers\.jsonl, line 4, is damaged .*remove that line"):
        update(folder, [], encoder)
    (folder / PAPERS).write_bytes(b"\n".join(lines) + b"\n")
    assert not update(folder, [], encoder).wrote


def test_vectors_that_are_gone_are_refused_and_made_anew(folder: Path, encoder: HashingEncoder) -> None:
    shutil.rmtree(chroma(folder))
    with pytest.raises(StoreError, match=r"vectors of .* are gone\. Rebuild it: paperchat index"):
        Store.open(folder, encoder)
    assert update(folder, [], encoder).embedded == 10
    Store.open(folder, encoder).close()


def test_an_index_opens_in_the_moment_in_which_vectors_made_anew_take_their_place(
    folder: Path, encoder: HashingEncoder
) -> None:
    chroma(folder).rename(chroma(folder).with_name(CHROMA + NEW))
    Store.open(folder, encoder).close()


@pytest.mark.parametrize("damage", ["emptied", "no database"])
def test_a_small_index_answers_without_the_vector_database(folder: Path, encoder: HashingEncoder, damage: str) -> None:
    for file in chroma(folder).glob("*.sqlite3*"):
        file.write_bytes(b"no database " * 400) if damage == "no database" else file.unlink()
    store = Store.open(folder, encoder)
    [first] = store.nearest(encoder.encode(["TideNet forecasts sea levels from buoys"])[0], 1)
    assert store.papers[first].title.startswith("TideNet")
    store.close()


def test_a_damaged_words_index_is_mended_by_the_command_that_is_named(folder: Path, encoder: HashingEncoder) -> None:
    (folder / "words-1-0" / "scores.npy").write_text("{")
    with pytest.raises(StoreError, match=r"is damaged\. Rebuild it: paperchat index"):
        Store.open(folder, encoder)
    report = update(folder, [], encoder)
    assert (report.wrote, report.embedded) == (True, 0)
    Store.open(folder, encoder).close()


def test_an_index_that_another_process_is_updating_is_left_to_it(
    folder: Path, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.lock.WAIT_S", 0.05)
    held = "import sys, filelock\nwith filelock.FileLock(sys.argv[1]): print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", held, str(folder / ".lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin and other.stdout
        assert other.stdout.readline() == "held\n"
        before = contents(folder)
        with pytest.raises(StoreError, match=r"Another process is updating .*copy\. Wait for it to end"):
            update(folder, [ZEBRA], encoder)
        assert contents(folder) == before
        other.communicate("\n")
    assert update(folder, [ZEBRA], encoder).new == 1


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, encoder: HashingEncoder) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match=r"Cannot write the index in .*file/index: .*choose --index DIR"):
        update(tmp_path / "file" / "index", [ZEBRA], encoder)


def test_an_update_lets_go_of_the_lock_when_it_fails(folder: Path) -> None:
    with pytest.raises(RuntimeError):
        update(folder, [ZEBRA], FailingEncoder(batches=0))
    with FileLock(folder / ".lock", timeout=0):
        pass


# What is found


@pytest.mark.parametrize("question", ["moss noise", "experiment c baseline", "jobs on clusters", "zebra"])
def test_nearest_papers_are_those_of_brute_force(long_store: Store, encoder: HashingEncoder, question: str) -> None:
    vector = encoder.encode([question])[0]
    found = long_store.nearest(vector, 1000)
    best = np.array([by_hand(long_store, at, vector).max() for at in range(11)])
    assert sorted(found) == list(range(11))
    np.testing.assert_allclose(best[found], np.sort(best)[::-1], atol=1e-5)


def test_nearest_counts_chunks_and_gives_each_paper_once(long_store: Store, encoder: HashingEncoder) -> None:
    at = [paper.id for paper in long_store.papers].index(LONG.id)
    assert len(chunk(LONG)) > 3
    assert long_store.nearest(encoder.encode([LONG.abstract])[0], 3) == [at]


@pytest.mark.parametrize("question", ["experiment a baseline", LONG.abstract], ids=["a window", "the whole"])
def test_similarities_are_exact_cosines_of_the_whole_and_of_the_best_window(
    long_store: Store, encoder: HashingEncoder, question: str
) -> None:
    vector = encoder.encode([question])[0]
    found = long_store.similarities(range(11), vector)
    assert found.dtype == np.float32
    for at in range(11):
        whole, *windows = by_hand(long_store, at, vector)
        assert found[at].tolist() == pytest.approx([whole, max(windows, default=whole)], abs=1e-5)
    assert (found[:, 0] != found[:, 1]).sum() == 1


def test_similarities_keep_the_order_of_the_positions(store: Store, encoder: HashingEncoder) -> None:
    vector = encoder.encode(["moss"])[0]
    assert store.similarities([7, 2], vector).tolist() == store.similarities([2, 7], vector)[::-1].tolist()


def test_rarity_falls_with_the_papers_that_have_a_word(store: Store) -> None:
    assert store.rarity("zebra") == pytest.approx(np.log(1 + 10 / 1))
    assert store.rarity("moss") == pytest.approx(np.log(1 + 10 / 2))


# A newer generation


def test_a_store_is_stale_after_another_update(folder: Path, encoder: HashingEncoder) -> None:
    store = Store.open(folder, encoder)
    assert not store.stale()
    update(folder, [], encoder)
    assert not store.stale()
    update(folder, [ZEBRA], encoder)
    assert store.stale()
    assert store.paper(ZEBRA.id) is None
    store.close()


UPDATE = """
import sys
from pathlib import Path
from index.papers import Paper
from index.update import update
from tests.conftest import HashingEncoder
text = "Zebra stripes confuse flies."
update(Path(sys.argv[1]), [Paper("title:zebra", "Zebra: Stripes Against Flies", text)], HashingEncoder())
"""


@pytest.mark.parametrize("by", ["this process", "another process"])
def test_an_engine_answers_from_what_was_added_while_it_was_open(
    folder: Path, encoder: HashingEncoder, by: str
) -> None:
    store = Store.open(folder, encoder)
    engine = Engine(Settings(dense_weight=1), store, encoder, None)
    assert "Zebra" not in engine.search("Zebra stripes confuse flies")[0].paper.title
    if by == "this process":
        update(folder, [ZEBRA], HashingEncoder())
    else:
        subprocess.run([sys.executable, "-c", UPDATE, str(folder)], check=True, cwd=Path(__file__).parents[1])
    assert engine.search("Zebra stripes confuse flies")[0].paper.title == ZEBRA.title
    assert engine.ask("What confuses flies?").text.startswith("“Zebra stripes confuse flies.” [1]")
    assert engine.status().papers == 11
    engine.close()
    store.close()


def test_papers_and_manifest_agree_by_digest(index_folder: Path) -> None:
    manifest = Manifest.read(index_folder)
    assert manifest is not None
    assert manifest.papers_digest == file_digest(index_folder / PAPERS) != ""


def chroma(folder: Path, digest: str = "hashing-1") -> Path:
    return vectors_folder(folder, digest) / CHROMA


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return when each file was written, and what it holds; the lock's file says nothing."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock"]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def opened(folder: Path, paper_id: str) -> Paper | None:
    store = Store.open(folder, HashingEncoder())
    store.close()
    return store.paper(paper_id)


def edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def by_hand(store: Store, at: int, vector: Vectors) -> Vectors:
    """Return the cosines of a vector with the chunks of a paper, embedded anew."""
    return HashingEncoder(dim=store.manifest.dim).encode([piece.embedded for piece in chunk(store.papers[at])]) @ vector


def similar_by_hand(store: Store, encoder: HashingEncoder, question: str) -> list[float]:
    vector = encoder.encode([question])[0]
    return [float(by_hand(store, at, vector)[0]) for at in range(len(store.papers))]


def similarities(store: Store, encoder: HashingEncoder, question: str) -> list[float]:
    return [float(x) for x in store.similarities(range(len(store.papers)), encoder.encode([question])[0])[:, 0]]
