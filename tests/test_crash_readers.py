"""One writer, many readers: who writes is said, and readers answer from one generation while others are written."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from index.current import CurrentStore
from index.errors import StoreError
from index.lock import WRITER, writing
from index.manifest import MANIFEST
from index.store import Store
from index.update import update
from tests.crashing import ROOT, Log, WordEncoder, made

UPDATES = 20

READER = """
import sys, json
from pathlib import Path
from index.current import CurrentStore
from index.store import Store
from tests.crashing import Log, WordEncoder
folder, encoder = Path(sys.argv[1]), WordEncoder("one", Log(None))
current = CurrentStore(Store.open(folder, encoder), encoder)
asked = encoder.encode(["owl generation"])[0]
print("reading", flush=True)
seen, searches = [], 0
while not seen or seen[-1] < int(sys.argv[2]):
    store = current.get()
    near = store.nearest(asked, 8)
    scores, words = store.words("generation"), store.word_vectors(near)
    papers = [store.papers[at] for at in near]
    turns = {paper.published for paper in store.papers}
    assert len(turns) == 1, turns
    turn = int(turns.pop())
    assert len(store.papers) == len(scores) == 12 + turn % 3, turn
    assert all(f"generation {turn}." in paper.abstract for paper in papers), turn
    searches += 1
    if turn not in seen:
        seen.append(turn)
assert seen == sorted(seen), seen
print(json.dumps([len(seen), searches]), flush=True)
"""
"""Searches until it has seen the last generation; each says in all its papers which one it is."""

HOLD = """
import sys
from pathlib import Path
from index.lock import writing
with writing(Path(sys.argv[1])):
    print("holds", flush=True)
    sys.stdin.readline()
"""


def encoder() -> WordEncoder:
    return WordEncoder("one", Log(None))


def turn_to(folder: Path, turn: int) -> None:
    """Let every paper of an index say that it is of this generation; its number of papers changes too."""
    papers = [
        replace(paper, abstract=f"The owl of generation {turn}. {paper.abstract}", published=f"{turn:04}")
        for paper in made(12 + turn % 3)
    ]
    update(folder, papers, encoder(), replace_all=True)


@contextmanager
def process(code: str, *arguments: object) -> "Iterator[subprocess.Popen[str]]":
    """Run code beside this process until the end of a block."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as running:
        try:
            yield running
        finally:
            running.kill()


def said(running: "subprocess.Popen[str]") -> str:
    assert running.stdout
    return running.stdout.readline().strip()


def test_readers_in_other_processes_answer_from_one_generation_during_updates(tmp_path: Path) -> None:
    turn_to(tmp_path / "index", 1)
    with process(READER, tmp_path / "index", UPDATES) as one, process(READER, tmp_path / "index", UPDATES) as other:
        assert said(one) == said(other) == "reading"
        for turn in range(2, UPDATES + 1):
            turn_to(tmp_path / "index", turn)
        for reader in (one, other):
            generations, searches = json.loads(said(reader))
            assert generations >= 2 and searches >= generations


def test_while_one_thread_opens_the_new_index_others_go_on_with_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_to(tmp_path / "index", 1)
    old = Store.open(tmp_path / "index", encoder())
    current = CurrentStore(old, encoder())
    turn_to(tmp_path / "index", 2)
    opening, may_open, opened = threading.Event(), threading.Event(), Store.open

    def slowly(*arguments: object) -> Store:
        opening.set()
        assert may_open.wait(60)
        return opened(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "open", slowly)
    first = threading.Thread(target=current.get)
    first.start()
    assert opening.wait(60)
    assert current.get() is old
    may_open.set()
    first.join(60)
    new = current.get()
    assert new is not old and new.papers[0].published == "0002"
    assert old.word_vectors([0]) is not None  # still open for who holds it
    current.close()


def test_a_damaged_manifest_leaves_a_reader_with_what_it_has(tmp_path: Path) -> None:
    turn_to(tmp_path / "index", 1)
    current = CurrentStore(Store.open(tmp_path / "index", encoder()), encoder())
    (tmp_path / "index" / MANIFEST).write_text("{")
    assert current.get().papers[0].published == "0001"
    current.close()


def test_a_second_writer_is_told_who_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.lock.WAIT_S", 0.05)
    with process(HOLD, tmp_path) as writer:
        assert said(writer) == "holds"
        with pytest.raises(StoreError, match=rf"Another process is updating .*\(process {writer.pid} on .*, since 20"):
            update(tmp_path, made(1), encoder())


def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    with process(HOLD, tmp_path) as writer:
        assert said(writer) == "holds"
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait(60)
        assert json.loads((tmp_path / WRITER).read_text())["process"] == writer.pid
    assert update(tmp_path, made(1), encoder()).new == 1
    assert not (tmp_path / WRITER).exists()


def test_a_name_that_a_killed_writer_left_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between taking the lock and saying so, the one before would be named."""
    monkeypatch.setattr("index.lock.WAIT_S", 0.05)
    with process(HOLD, tmp_path) as writer:
        assert said(writer) == "holds"
        ended = {"process": 999_999_999, "machine": socket.gethostname(), "since": "2020-01-01"}
        for left in (json.dumps(ended), "{", "[]"):
            (tmp_path / WRITER).write_text(left)
            with pytest.raises(StoreError, match=r"is updating [^ ]*\. Wait"), writing(tmp_path):
                pass
