"""A full disk, a folder that cannot be written, too little memory: one line, and the index is what it was."""

import contextlib
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.update import update
from tests.crashing import Log, WordEncoder, found, made, paperchat


def encoder() -> WordEncoder:
    return WordEncoder("one", Log(None))


def one_error(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the one line that a command failed with."""
    assert done.returncode == 1, done.stderr
    *_, line = done.stderr.strip().splitlines()
    assert "Traceback" not in done.stderr and line.startswith("Error: "), done.stderr
    return line


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of papers that no index has yet."""
    from index.paperfile import papers_text

    path = tmp_path_factory.mktemp("more") / "more.jsonl"
    path.write_text(papers_text(made(400, seed=3)))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an index."""
    update(tmp_path / "index", made(12), encoder())
    return tmp_path / "index"


@contextlib.contextmanager
def mounted(disk: Path, *how: str | Path) -> Iterator[Path]:
    """Yield a disk that was mounted by `mount`'s arguments, and take it away again whatever happens."""
    disk.mkdir()
    if subprocess.run(["mount", *how, disk], capture_output=True, check=False).returncode:
        pytest.skip("Nobody but root may mount a disk.")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 1.5 MB."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=1500k", "none") as disk:
        yield disk


def test_a_full_disk_is_one_line_and_the_index_is_what_it_was(small_disk: Path, more: Path) -> None:
    folder = small_disk / "index"
    update(folder, made(12), encoder())
    says = found(folder, encoder())
    assert "disk" in one_error(paperchat("index", more, "--index", folder))
    assert found(folder, encoder()) == says
    subprocess.run(["mount", "-o", "remount,size=60m", small_disk], check=True)
    assert paperchat("index", more, "--index", folder).returncode == 0
    assert len(found(folder, encoder())["papers"]) == 412


def test_files_that_may_not_grow_are_one_line_and_the_index_is_what_it_was(folder: Path, more: Path) -> None:
    says = found(folder, encoder())
    for most in (60_000, 150_000, 400_000):
        limit: Callable[[], None] = lambda most=most: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # type: ignore[misc]  # noqa: E731
        one_error(paperchat("index", more, "--index", folder, limit=limit))
        assert found(folder, encoder()) == says


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """Return an index on a disk that cannot be written."""
    update(tmp_path / "index", made(12), encoder())
    with mounted(tmp_path / "disk", "--bind", tmp_path) as disk:
        subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=True)
        yield disk / "index"


def test_an_index_that_cannot_be_written_is_searched_asked_and_listed(read_only: Path) -> None:
    assert len(found(read_only, encoder())["papers"]) == 12
    paper = made(12)[5]
    for command in (("ask", f"What does {paper.title} say?", "--model", "none"), ("papers", paper.title), ("status",)):
        done = paperchat(*command, "--index", read_only)
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert "12" in done.stdout


def test_an_index_that_cannot_be_written_is_not_updated_and_says_so(read_only: Path, more: Path) -> None:
    assert "Read-only file system" in one_error(paperchat("index", more, "--index", read_only))
    assert paperchat("doctor", "--index", read_only).returncode == 0


@pytest.mark.parametrize("megabytes", [400, 700])
def test_too_little_memory_is_one_line_and_the_index_is_what_it_was(folder: Path, more: Path, megabytes: int) -> None:
    says = found(folder, encoder())
    most = megabytes * 2**20
    limit: Callable[[], None] = lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most))  # noqa: E731
    done = paperchat("index", more, "--index", folder, limit=limit)
    if done.returncode == -signal.SIGABRT:  # Chroma's own code found none, and ends the process that it is in
        assert "memory allocation" in done.stderr
    else:
        assert "memory" in one_error(done)
    assert found(folder, encoder()) == says
