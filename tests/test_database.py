"""A file is brought up to date step by step, by one process; what it cannot be read as is refused and left alone."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from index.errors import UserError
from ui.database import Connection, Database, Step

OURS = 0x0A0B
ROOT = Path(__file__).parents[1]


def first(file: Connection) -> None:
    file.execute("CREATE TABLE notes (text TEXT)")


def second(file: Connection) -> None:
    file.execute("ALTER TABLE notes ADD COLUMN loud TEXT")
    file.execute("UPDATE notes SET loud = upper(text)")


def failing(file: Connection) -> None:
    file.execute("DELETE FROM notes")
    raise RuntimeError("half way")


def opened(path: Path, *steps: Step) -> Database:
    return Database(path, OURS, steps)


def noted(path: Path, *texts: str) -> None:
    """Write a file of the first version."""
    with closing(opened(path, first)) as database, database.write() as file:
        file.executemany("INSERT INTO notes VALUES (?)", [(text,) for text in texts])


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.read() as file:
        return file.execute("SELECT * FROM notes").fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is to lie."""
    return tmp_path / "notes.sqlite"


def test_an_older_file_takes_the_steps_that_it_lacks(path: Path) -> None:
    noted(path, "tide")
    for _ in range(2):
        with closing(opened(path, first, second)) as database:
            assert rows(database) == [("tide", "TIDE")]


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    noted(path, "tide")
    with pytest.raises(RuntimeError, match="half way"):
        opened(path, first, failing)
    with closing(opened(path, first)) as database:
        assert rows(database) == [("tide",)]


def test_a_newer_file_is_refused_and_left_alone(path: Path) -> None:
    with closing(opened(path, first, second)):
        pass
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"newer paperchat \(version 2 of the file, 1 is known\)\. Update paperchat"):
        opened(path, first)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mark", ["user_version = 1", "application_id = 7", "encoding = 'UTF-8'"])
def test_another_program_s_file_is_refused_and_left_alone(path: Path, mark: str) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA {mark}")
        other.execute("CREATE TABLE theirs (text TEXT)")
        other.commit()
    before = path.read_bytes()
    with pytest.raises(UserError, match="is the file of another program"):
        opened(path, first)
    assert path.read_bytes() == before


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "no database at all": lambda good: b"no database " * 400,
    "its beginning is gone": lambda good: b"\0" * 100 + good[100:],
    "cut short": lambda good: good[: len(good) // 2],
    "a page in the middle is gone": lambda good: good[:8192] + b"\xff" * 4096 + good[12288:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_refused_in_one_line_and_left_alone(path: Path, damage: Callable[[bytes], bytes]) -> None:
    noted(path, *(f"tide {n} " * 40 for n in range(100)))
    path.write_bytes(damage(path.read_bytes()))
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(UserError, match=r"is damaged .* stays as it is. Put a copy in its place") as refused:
            opened(path, first)
        assert "\n" not in str(refused.value)
    assert path.read_bytes() == before


def test_damage_that_comes_later_is_one_clear_line_too(path: Path) -> None:
    with closing(opened(path, first)) as database:
        with database.write() as file:  # more than SQLite keeps in memory
            file.executemany("INSERT INTO notes VALUES (?)", [("tide " * 200,) for _ in range(5000)])
        database.tidy()
        with path.open("r+b") as raw:
            raw.seek(8192)
            raw.write(b"\xff" * (path.stat().st_size - 8192))
        with pytest.raises(UserError, match="is damaged"):
            rows(database)


def test_what_a_block_wrote_before_it_failed_is_not_kept(path: Path) -> None:
    with closing(opened(path, first)) as database:
        with pytest.raises(ValueError, match="stop"), database.write() as file:
            file.execute("INSERT INTO notes VALUES ('tide')")
            raise ValueError("stop")
        with database.write() as file:
            file.execute("INSERT INTO notes VALUES ('moss')")
        assert rows(database) == [("moss",)]


def test_a_fault_of_the_program_stays_what_it_is(path: Path) -> None:
    with closing(opened(path, first)) as database, pytest.raises(sqlite3.ProgrammingError), database.write() as file:
        file.execute("INSERT INTO notes VALUES (?)", ())


def test_a_full_disk_is_one_clear_line(path: Path) -> None:
    with closing(opened(path, first)) as database:
        with database.write() as file:
            file.execute("PRAGMA max_page_count = 3")
        with (
            pytest.raises(UserError, match=r"cannot be used now \(database or disk is full\)"),
            database.write() as file,
        ):
            file.execute("INSERT INTO notes VALUES (?)", ("tide " * 20_000,))
        assert rows(database) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="to the superuser every file can be written")
def test_a_file_that_may_not_be_written_is_one_clear_line(path: Path) -> None:
    noted(path, "tide")
    path.chmod(0o400)
    with pytest.raises(UserError, match=r"cannot be written \(Permission denied\)"):
        opened(path, first)


def test_processes_that_open_a_new_file_at_once_make_it_once(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.test_database import *\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with closing(opened(Path(sys.argv[1]), first, second)) as database, database.write() as file:\n"
        "    file.execute(\"INSERT INTO notes VALUES ('tide', '')\")\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    writers = [subprocess.Popen(command, text=True, cwd=ROOT, **pipes) for _ in range(4)]  # type: ignore[call-overload]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.communicate()[1] for writer in writers] == [""] * 4
    with closing(opened(path, first, second)) as database:
        assert rows(database) == [("tide", "")] * 4
