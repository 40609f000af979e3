"""Conversations under load and sudden death: nothing that was acknowledged is lost, whoever else writes or dies."""

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.test_conversations import TIDE, answer_of
from ui.conversations import FILE, Conversations

ROOT = Path(__file__).parents[1]
PROCESSES, THREADS, TURNS = 2, 8, 12
KILLS = 12


def keep_by_threads(path: str, conversation_id: str, name: str) -> None:
    """Add turns from eight threads at once, once a line comes in, and search between them; runs in a child."""
    with closing(Conversations(Path(path))) as kept:
        print("ready", flush=True)
        sys.stdin.readline()

        def write(thread: int) -> None:
            for turn in range(TURNS):
                number = kept.add("ada", conversation_id, answer_of(f"{name} {thread} {turn}", TIDE))
                kept.rate("ada", conversation_id, number, "up")
                assert kept.list("ada", f"{name} {thread} {turn}")

        threads = [threading.Thread(target=write, args=(thread,)) for thread in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def keep_until_killed(path: str, conversation_id: str, name: str) -> None:
    """Add turns for ever, each told before and after; between them delete other conversations; runs in a child."""
    kept, turn = Conversations(Path(path)), 0
    while True:
        question = f"{name} {turn}"
        print("begun", question, flush=True)
        kept.add("ada", conversation_id, answer_of(question, TIDE))
        print("kept", question, flush=True)
        other = kept.start("ada", "other")
        kept.add("ada", other.id, answer_of("other", TIDE))
        kept.delete("ada", other.id)
        turn += 1


@contextmanager
def child(run: Callable[[str, str, str], None], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run one of these functions in a process of its own; it has ended when the block is left."""
    code = f"import sys; from tests.test_conversations_load import *; {run.__name__}(*sys.argv[1:])"
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(
        command, text=True, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is to lie."""
    return tmp_path / FILE


def test_two_processes_of_eight_threads_lose_nothing(path: Path) -> None:
    with closing(Conversations(path)) as kept:
        shared = kept.start("ada").id
    with (
        child(keep_by_threads, str(path), shared, "one") as one,
        child(keep_by_threads, str(path), shared, "two") as two,
    ):
        assert [line(process) for process in (one, two)] == ["ready", "ready"]
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.communicate()[1] for process in (one, two)] == ["", ""]
        assert [process.returncode for process in (one, two)] == [0, 0]
    with closing(Conversations(path)) as kept:
        turns = kept.kept("ada", shared)
        rated = sum(1 for _ in kept.feedback())
    assert [turn.number for turn in turns] == list(range(1, PROCESSES * THREADS * TURNS + 1))
    asked = [turn.answer.question.split() for turn in turns]
    for name in ("one", "two"):
        for thread in range(THREADS):
            own = [int(turn) for process, of_thread, turn in asked if (process, of_thread) == (name, str(thread))]
            assert own == list(range(TURNS))
    assert rated == len(turns)


def test_what_was_acknowledged_survives_being_killed_at_any_moment(path: Path) -> None:
    with closing(Conversations(path)) as kept:
        talk = kept.start("ada").id
    chance, acknowledged = random.Random(4), list[str]()
    for life in range(KILLS):
        with child(keep_until_killed, str(path), talk, f"life{life}") as process:
            told = [line(process) for _ in range(chance.randrange(1, 24))]
            process.kill()
            rest, complaint = process.communicate()
            assert (complaint, process.returncode) == ("", -9)
        acknowledged += [row.removeprefix("kept ") for row in [*told, *rest.splitlines()] if row.startswith("kept ")]
        with closing(Conversations(path)) as kept:
            asked = [answer.question for answer in kept.turns("ada", talk)]
            titles = [conversation.title for conversation in kept.list("ada")]
        assert [question for question in asked if question in set(acknowledged)] == acknowledged
        assert len(asked) - len(acknowledged) <= life + 1  # one that was being written at each death, at most
        assert titles.count("other") <= life + 1
    assert len(acknowledged) > KILLS
