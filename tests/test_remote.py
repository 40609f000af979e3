"""An index whose vectors a Chroma server keeps: the same answers and guarantees, for several processes at once."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index import chromaserver, remote
from index.chromaserver import ServerTable
from index.doctor import examine
from index.errors import StoreAway, StoreError
from index.manifest import MANIFEST, PAPERS, Manifest
from index.papers import Paper
from index.repair import repair
from index.server import Server
from index.store import Store
from index.tenancy import FILE, claim
from index.update import update
from index.vectors import Vectors
from rag.engine import Engine
from rag.settings import Settings
from tests.conftest import HashingEncoder
from tests.servers import ChromaProcess, proxied, until
from tests.test_store import LONG, ZEBRA
from tests.test_wordvectors import HashingWordEncoder
from ui.api.problems import problem_of

ROOT = Path(__file__).parents[1]
QUESTIONS = ("sea levels from buoys", "private noise", "a language model on a watch")


class Deadly(HashingEncoder):
    """Kills a server at its third call."""

    texts_at_once = 4

    def __init__(self, process: ChromaProcess) -> None:
        super().__init__()
        self.process = process

    def encode(self, texts: Sequence[str]) -> Vectors:
        if len(self.asked) == 8:
            self.process.kill()
        return super().encode(texts)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaProcess]:
    """Return a server that runs; a test that kills it starts it again."""
    process = ChromaProcess(tmp_path_factory.mktemp("chroma"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def server(process: ChromaProcess) -> Server:
    """Return its address."""
    return process.server


@pytest.fixture
def folder(tmp_path: Path, papers: list[Paper], server: Server) -> Path:
    """Return an index of the ten papers whose vectors are in the server."""
    update(tmp_path / "index", papers, HashingEncoder(), server=server)
    return tmp_path / "index"


def ids_in(folder: Path, server: Server) -> set[str]:
    """Return the ids of all chunks that the server has for an index."""
    table = claim(folder, server, HashingEncoder().digest)
    try:
        return table.ids()
    finally:
        table.close()


def nearness(store: Store, found: list[int], vector: Vectors) -> list[float]:
    """Return the best cosine of each paper: papers that are equally near may come in any order."""
    return [float(both.max()) for both in store.similarities(found, vector)]


# The same answers


@pytest.mark.parametrize("bounds", [(2000, 20000), (3, 20000), (3, 3)], ids=["compared", "named", "looked-through"])
def test_searches_give_what_they_give_where_vectors_lie_in_the_folder(
    bounds: tuple[int, int],
    tmp_path: Path,
    papers: list[Paper],
    encoder: HashingEncoder,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote, "EXACT_ROWS", bounds[0])
    monkeypatch.setattr(remote, "NAMED_ROWS", bounds[1])
    update(tmp_path / "here", [*papers, LONG], encoder)
    update(tmp_path / "there", [*papers, LONG], encoder, server=server)
    here, there = Store.open(tmp_path / "here", encoder), Store.open(tmp_path / "there", encoder, server)
    some, all_of_them = np.array([1, 3, 5, 8], dtype=np.int32), range(len(here.papers))
    for question in QUESTIONS:
        vector = encoder.encode([question])[0]
        for count in (1, 4, 100):
            for within in (None, some):
                found, expected = there.nearest(vector, count, within), here.nearest(vector, count, within)
                assert nearness(here, found, vector) == pytest.approx(nearness(here, expected, vector))
                assert within is None or set(found) <= set(some.tolist())
        assert there.similarities(all_of_them, vector) == pytest.approx(here.similarities(all_of_them, vector))
        assert there.words(question).tolist() == here.words(question).tolist()
    assert there.wholes(all_of_them) == pytest.approx(here.wholes(all_of_them))
    with Engine(Settings(), here, encoder, None) as first, Engine(Settings(), there, encoder, None) as second:
        for question in QUESTIONS:
            assert [m.paper for m in second.search(question)] == [m.paper for m in first.search(question)]


def test_the_folder_holds_words_and_papers_but_no_vector_of_a_chunk(
    tmp_path: Path, papers: list[Paper], server: Server
) -> None:
    folder, encoder = tmp_path / "index", HashingWordEncoder()
    update(folder, papers, encoder, server=server)
    manifest = Manifest.read(folder)
    assert manifest and manifest.chunks == 10
    assert len(np.load(manifest.columns_folder(folder) / "rows.npy")) == 0
    assert not (manifest.vectors_folder(folder) / "chroma").exists()
    store = Store.open(folder, encoder, server)
    assert all(len(each) for each in store.word_vectors(range(10)))
    assert store.papers[int(store.words("buoys").argmax())].title.startswith("TideNet")
    store.close()


def test_an_index_without_papers_may_be_kept_there_too(tmp_path: Path, papers: list[Paper], server: Server) -> None:
    update(tmp_path, papers, HashingEncoder(), server=server)
    update(tmp_path, (), HashingEncoder(), replace_all=True, server=server)
    store = Store.open(tmp_path, HashingEncoder(), server)
    assert store.nearest(HashingEncoder().encode(["sea"])[0], 3) == []
    store.close()


# From the folder to the server and back


def test_vectors_of_the_folder_are_brought_to_the_server_and_nothing_is_embedded(
    tmp_path: Path, papers: list[Paper], server: Server
) -> None:
    update(tmp_path, [*papers, LONG], HashingEncoder())
    with pytest.raises(
        StoreError, match=f"lie in that folder.*{server.url}.*paperchat index .*or unset PAPERCHAT_STORE"
    ):
        Store.open(tmp_path, HashingEncoder(), server)
    encoder = HashingEncoder()
    done = update(tmp_path, (), encoder, server=server)
    assert (done.wrote, done.embedded, encoder.asked) == (True, 0, [])
    Store.open(tmp_path, encoder, server).close()


def test_without_the_setting_a_person_is_told_of_it_and_may_embed_again(folder: Path) -> None:
    with pytest.raises(StoreError, match=r"kept in a Chroma server.*PAPERCHAT_STORE=http://HOST:PORT; or embed"):
        Store.open(folder, HashingEncoder())
    assert update(folder, (), HashingEncoder()).embedded == 10
    Store.open(folder, HashingEncoder()).close()


def test_an_engine_over_papers_of_your_own_needs_no_server(
    papers: list[Paper], encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPERCHAT_STORE", "http://127.0.0.1:9")
    with Engine.from_papers(papers, encoder=encoder, model="none") as engine:
        assert engine.search("sea levels")


# Old or new


def test_a_reader_of_the_old_index_finds_what_an_update_took_away_and_not_what_it_brought(
    folder: Path, papers: list[Paper], encoder: HashingEncoder, server: Server
) -> None:
    store = Store.open(folder, encoder, server)
    gone = store.papers[0]
    update(folder, [ZEBRA], encoder, remove=[gone.id], server=server)
    vector = encoder.encode(["zebra stripes against flies"])[0]
    assert store.stale() and len(store.nearest(vector, 10)) == 10
    assert len(store.similarities(range(10), vector)) == 10
    store.close()


def test_what_an_update_took_away_goes_with_the_next_one(
    folder: Path, papers: list[Paper], encoder: HashingEncoder, server: Server
) -> None:
    gone = papers[0]
    update(folder, (), encoder, remove=[gone.id], server=server)
    assert len(ids_in(folder, server)) == 10
    assert examine(folder, server) == []
    update(folder, [ZEBRA], encoder, server=server)
    assert {each.rpartition("#")[0] for each in ids_in(folder, server)} == {p.id for p in papers[1:]} | {ZEBRA.id}


def test_chunks_of_no_index_are_passed_over_however_near_they_are(
    folder: Path, encoder: HashingEncoder, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "EXACT_ROWS", 1)
    store = Store.open(folder, encoder, server)
    vector = encoder.encode(["sea levels"])[0]
    before = store.nearest(vector, 3)
    table = claim(folder, server, encoder.digest)
    table._rows.add(
        ids=[f"title:none#{number:016x}" for number in range(40)], embeddings=np.repeat(vector[None], 40, axis=0)
    )
    table.close()
    assert store.nearest(vector, 3) == before
    store.close()


def test_two_processes_see_the_update_of_a_third_within_seconds_and_never_an_error(
    folder: Path, encoder: HashingEncoder, server: Server
) -> None:
    command = [sys.executable, "-m", "tests.remoteprocess", "read", str(folder), server.url]
    readers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    said: list[list[dict[str, object]]] = [[], []]

    def listen(number: int) -> None:
        for line in readers[number].stdout or ():
            said[number].append(json.loads(line))

    ears = [threading.Thread(target=listen, args=(number,)) for number in range(2)]
    for ear in ears:
        ear.start()
    try:
        until(lambda: all(said))
        update(folder, [ZEBRA], encoder, server=server)
        until(lambda: all(ZEBRA.id in str(lines[-1]) for lines in said))
        update(folder, (), encoder, remove=[ZEBRA.id], server=server)
        until(lambda: all(ZEBRA.id not in str(lines[-1]) and lines[-1].get("papers") == 10 for lines in said))
    finally:
        for reader, ear in zip(readers, ears, strict=True):
            assert reader.stdin and reader.stdout
            reader.stdin.close()
            ear.join()
            reader.stdout.close()
            reader.wait()
    for lines in said:
        assert [line for line in lines if "error" in line] == []
        assert ZEBRA.id not in str(lines[0]) and ZEBRA.id in str(lines) and ZEBRA.id not in str(lines[-1])


# Cut short


def test_a_server_killed_during_an_update_leaves_the_old_index_and_running_again_ends_whole(
    folder: Path, process: ChromaProcess, papers: list[Paper]
) -> None:
    before = Manifest.read(folder)
    more = [Paper(f"title:more-{number}", f"More {number}", f"Text {number}.") for number in range(12)]
    deadly = Deadly(process)
    with pytest.raises(StoreAway, match=f"The Chroma server at {process.server.url} does not answer"):
        update(folder, more, deadly, server=process.server)
    assert Manifest.read(folder) == before
    process.start()
    store = Store.open(folder, HashingEncoder(), process.server)
    assert len(store.papers) == 10 and len(store.nearest(HashingEncoder().encode(["text more"])[0], 10)) == 10
    store.close()
    again = HashingEncoder()
    assert update(folder, more, again, server=process.server).papers == 22
    assert again.asked == []  # all twelve were kept
    assert len(ids_in(folder, process.server)) == 22


def test_a_writer_killed_during_an_update_leaves_nothing_of_it_to_be_found(
    tmp_path: Path, papers: list[Paper], server: Server
) -> None:
    folder, again = tmp_path / "index", HashingEncoder()
    update(folder, [ZEBRA], HashingEncoder(), server=server)
    command = [sys.executable, "-m", "tests.remoteprocess", "update", str(folder), server.url]
    assert subprocess.run(command, cwd=ROOT).returncode == -9
    store = Store.open(folder, again, server)
    assert [paper.id for paper in store.papers] == [ZEBRA.id]
    assert store.nearest(again.encode(["sea levels"])[0], 5) == [0]
    store.close()
    again.asked.clear()
    assert update(folder, papers, again, server=server).papers == 11
    assert len(again.asked) == 2


def test_a_server_that_goes_away_is_named_in_one_line_and_taken_up_again_when_it_is_back(
    folder: Path, process: ChromaProcess, encoder: HashingEncoder
) -> None:
    server = process.server
    with Engine(Settings(), Store.open(folder, encoder, server), encoder, None) as engine:
        first = engine.search("sea levels")
        process.kill()
        away = f"^The Chroma server at {server.url} does not answer .*Start it, or see PAPERCHAT_STORE.$"
        store = Store.open
        with pytest.raises(StoreAway, match=away):
            store(folder, encoder, server)
        engine._store.get()._matrix.kept._vectors.clear()  # type: ignore[attr-defined]
        with pytest.raises(StoreAway, match=away) as refused:
            engine.search("sea levels")
        assert problem_of(refused.value, "/api/search").status == 503
        process.start()
        assert engine.search("sea levels") == first


def test_a_server_that_takes_calls_and_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromaserver, "ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        with pytest.raises(StoreAway, match="does not answer"):
            ServerTable(Server(f"http://127.0.0.1:{deaf.getsockname()[1]}"), "chunks")


# What is refused


def test_a_collection_that_was_emptied_is_refused_and_an_update_fills_it(folder: Path, server: Server) -> None:
    encoder = HashingEncoder()
    table = claim(folder, server, encoder.digest)
    table.remove(sorted(table.ids())[:4])
    table.close()
    with pytest.raises(StoreError, match=r"are 6 of 256 numbers, 10 of 256 are expected. Bring them there"):
        Store.open(folder, encoder, server)
    assert update(folder, (), encoder, server=server).embedded == 4
    Store.open(folder, encoder, server).close()


def test_a_vector_that_vanishes_while_it_is_wanted_is_an_error_that_says_so(folder: Path, server: Server) -> None:
    encoder = HashingEncoder()
    store, table = Store.open(folder, encoder, server), claim(folder, server, encoder.digest)
    table.remove(sorted(table.ids())[:1])
    table.close()
    with pytest.raises(StoreError, match="lacks 1 vectors of this index"):
        store.wholes(range(10))
    store.close()


def test_another_server_without_the_collection_is_refused(folder: Path, server: Server, tmp_path: Path) -> None:
    (folder / FILE).write_text(json.dumps({"id": "f" * 32, "turns": {}}))
    with pytest.raises(StoreError, match=r"has no collection paperchat-ffff.*Bring them there: paperchat index"):
        Store.open(folder, HashingEncoder(), server)
    (folder / FILE).write_text("{")
    with pytest.raises(StoreError, match=r"store.json is damaged"):
        Store.open(folder, HashingEncoder(), server)


def test_a_collection_of_something_else_is_refused(folder: Path, server: Server) -> None:
    encoder = HashingEncoder()
    table = claim(folder, server, encoder.digest)
    table.mark({"paperchat": "another", "encoder": encoder.digest})
    table.close()
    with pytest.raises(StoreError, match="belong to something else"):
        Store.open(folder, encoder, server)
    with pytest.raises(StoreError, match="written from another copy"):
        update(folder, [ZEBRA], encoder, server=server)


def test_what_is_no_chroma_server_is_told_apart(process: ChromaProcess, server: Server) -> None:
    with pytest.raises(StoreError, match="is no Chroma server of today"):
        ServerTable(Server(f"{server.url}/elsewhere"), "chunks")


def test_two_indexes_in_one_server_have_nothing_in_common(
    folder: Path, tmp_path: Path, encoder: HashingEncoder, server: Server
) -> None:
    update(tmp_path / "other", [ZEBRA], encoder, server=server)
    store = Store.open(tmp_path / "other", encoder, server)
    assert store.nearest(encoder.encode(["sea levels"])[0], 10) == [0]
    store.close()


def test_vectors_of_an_encoder_before_the_last_go_with_the_next_update(
    folder: Path, encoder: HashingEncoder, server: Server
) -> None:
    other = HashingEncoder("hashing-2", dim=64)
    update(folder, (), other, server=server)
    Store.open(folder, other, server).close()
    assert len(ids_in(folder, server)) == 10
    update(folder, [ZEBRA], other, server=server)
    assert ids_in(folder, server) == set()


# Health


def test_doctor_finds_what_the_server_lacks_and_repair_brings_it_back(folder: Path, server: Server) -> None:
    encoder = HashingEncoder()
    assert examine(folder, server) == []
    table = claim(folder, server, encoder.digest)
    lost = sorted(table.ids())[0]
    table.remove([lost])
    table._rows.add(ids=["title:none#0"], embeddings=np.eye(1, 256, dtype=np.float32))
    table.close()
    assert [each.what for each in examine(folder, server)] == [
        f"lacks 1 of 10 vectors in the Chroma server at {server.url}"
    ]
    found, done = repair(folder, encoder, server=server)
    assert (len(found), done[-1]) == (1, "10 papers indexed anew, 1 chunks embedded again")
    assert examine(folder, server) == []


def test_doctor_says_where_it_cannot_look(folder: Path) -> None:
    with pytest.raises(StoreError, match=r"kept in a Chroma server. Say where it is: PAPERCHAT_STORE"):
        examine(folder)
    with pytest.raises(StoreAway, match=r"does not answer"):
        examine(folder, Server("http://127.0.0.1:9"))


# Copies of the folder


def test_a_copy_of_the_folder_serves_but_does_not_write_once_the_first_has(
    folder: Path, tmp_path: Path, encoder: HashingEncoder, server: Server
) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    update(folder, [ZEBRA], encoder, server=server)
    Store.open(copy, encoder, server).close()
    with pytest.raises(StoreError, match=r"written from another copy of that folder. Run the update there"):
        update(copy, [LONG], encoder, server=server)
    (copy / FILE).unlink()
    assert update(copy, [LONG], encoder, server=server).papers == 11


def test_a_folder_copied_in_the_order_of_the_manual_can_be_opened_at_every_moment(
    folder: Path, tmp_path: Path, encoder: HashingEncoder, server: Server
) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    update(folder, [ZEBRA], encoder, server=server)
    manifest = Manifest.read(folder)
    assert manifest
    left = {PAPERS, MANIFEST, ".lock"}
    steps = [(path, copy / path.name) for path in sorted(folder.iterdir()) if path.name not in left]
    steps += [(folder / PAPERS, copy / f"papers-{manifest.generation}.jsonl"), (folder / MANIFEST, copy / MANIFEST)]
    seen = []
    for source, target in steps:
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            os.replace(shutil.copy2(source, target.with_suffix(".part")), target)
        store = Store.open(copy, encoder, server)
        seen.append(len(store.papers))
        store.close()
    assert seen == [10] * (len(steps) - 1) + [11]


# Who may come in


def test_a_proxy_before_the_server_lets_in_who_has_the_key(folder: Path, server: Server) -> None:
    encoder = HashingEncoder()
    basic = "Basic " + base64.b64encode(b"group:secret").decode()
    with proxied(server, "Bearer token-7", basic) as url:
        with pytest.raises(StoreError, match=r"asks for a key: set PAPERCHAT_STORE_KEY .HTTP status 401"):
            Store.open(folder, encoder, Server.of(url))
        with pytest.raises(StoreError, match="refuses PAPERCHAT_STORE_KEY") as refused:
            update(folder, [ZEBRA], encoder, server=Server.of(url, "token-8"))
        assert "token-8" not in str(refused.value)
        for key in ("token-7", "group:secret"):
            let_in = Server.of(url, key)
            update(folder, [ZEBRA], encoder, server=let_in)
            store = Store.open(folder, encoder, let_in)
            assert store.nearest(encoder.encode(["zebra stripes"])[0], 1) == [store.place(ZEBRA.id)]
            store.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:8000", "not the address of a server"),
        ("ftp://127.0.0.1", "not the address of a server"),
        ("http://127.0.0.1:port", "is no address"),
        ("http://someone:secret@127.0.0.1:8000", "holds a password"),
        ("http://8.8.8.8:8000", "could be read on the way.*PAPERCHAT_STORE_PLAIN=1"),
    ],
)
def test_an_address_that_is_none_or_not_safe_is_refused(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as refused:
        Settings(store=url).server  # noqa: B018
    assert "secret" not in str(refused.value)


def test_an_address_is_plain_here_and_nearby_and_elsewhere_if_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCHAT_STORE_KEY", "token-7")
    for url in ("http://localhost:8000/", "http://10.1.2.3:8000", "http://[::1]:8000", "https://8.8.8.8"):
        settings = Settings(store=url)
        assert settings.server == Server(url.rstrip("/"), "token-7")
        assert "token-7" not in repr(settings) + repr(settings.server)
    assert Settings(store="http://8.8.8.8:8000", store_plain=True).server
    assert Settings().server is None
