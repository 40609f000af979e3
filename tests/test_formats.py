"""Indexes of earlier formats, kept as they were written: refused with the command, converted, nothing embedded."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from index.doctor import examine
from index.errors import StoreError
from index.formats import convert
from index.manifest import FORMAT
from index.store import Store
from index.update import update
from tests.crashing import CONVERSIONS, DATA, Log, Scenario, WordEncoder, Worker, found, made, prepare, worth_dying_at

PAPERS = made(12)
"""What each of the kept indexes holds."""


def embedding_nothing(scenario: Scenario, folder: Path) -> None:
    """Update an index, and see that this embeds nothing."""
    log = folder.with_suffix(".log")
    done = update(folder, [], scenario.encoder(True, Log(log)))
    assert (done.papers, done.embedded) == (len(PAPERS), 0)
    assert not log.read_text()


@pytest.fixture(params=CONVERSIONS)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of a conversion."""
    return str(request.param)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """Return a process whose children die."""
    with closing(Worker()) as worker:
        yield worker


def test_an_index_of_an_earlier_format_is_refused_with_the_command_that_converts_it(name: str, tmp_path: Path) -> None:
    prepare(CONVERSIONS[name], tmp_path / "index")
    for opened in (
        lambda: Store.open(tmp_path / "index", CONVERSIONS[name].encoder(True)),
        lambda: examine(tmp_path / "index"),
    ):
        with pytest.raises(StoreError, match=r"earlier version .*Convert it, .*: paperchat index --index .*/index$"):
            opened()


def test_the_command_converts_it_and_embeds_nothing(name: str, tmp_path: Path) -> None:
    scenario = CONVERSIONS[name]
    prepare(scenario, tmp_path / "index")
    embedding_nothing(scenario, tmp_path / "index")
    assert examine(tmp_path / "index") == []
    update(tmp_path / "fresh", PAPERS, scenario.encoder(True))
    converted, fresh = (found(tmp_path / folder, scenario.encoder(True)) for folder in ("index", "fresh"))
    assert converted["papers"] == fresh["papers"]
    assert _but_for_words(converted) == _but_for_words(fresh)
    assert {path.name.split("-")[0] for path in (tmp_path / "index").iterdir()} == {
        *(".lock", "columns", "manifest.json", "papers.jsonl", "vectors", "words")
    }


def test_killed_while_it_is_converted_an_index_loses_nothing(tmp_path: Path, worker: Worker) -> None:
    worker("prepare", "format 2", tmp_path / "whole")
    steps: list[str] = worker("undisturbed", "format 2", tmp_path / "whole")["steps"]
    for step in worth_dying_at(steps):
        folder, log = tmp_path / f"index-{step}", tmp_path / f"{step}.log"
        worker("prepare", "format 2", folder)
        worker("update", "format 2", folder, log=str(log), die=step)
        after = worker("go on", "format 2", folder, log=str(log))
        assert after["new"]["papers"] == [paper.to_dict() for paper in PAPERS]
        assert "embedded" not in log.read_text(), steps[step]


def test_an_index_of_this_format_opens_as_it_was_written(tmp_path: Path) -> None:
    """Where this fails the format has changed: FORMAT must count up, and `index/formats.py` convert the one before."""
    encoder = WordEncoder("one", Log(None))
    shutil.unpack_archive(DATA / f"format-{FORMAT}.zip", tmp_path / "index")
    update(tmp_path / "fresh", PAPERS, encoder)
    assert found(tmp_path / "index", encoder) == found(tmp_path / "fresh", encoder)
    assert examine(tmp_path / "index") == []
    convert(tmp_path / "index")
    assert not update(tmp_path / "index", [], encoder).wrote


def _but_for_words(says: dict[str, Any]) -> list[Any]:
    """Return what searches say, without the vectors of words: those of format 2 had eight bits."""
    return [search[:3] for search in says["searches"]]


def keep(archive: Path) -> None:
    """Write the index of this format that is kept: `python -m tests.test_formats tests/data/format-3.zip`."""
    with tempfile.TemporaryDirectory() as place:
        update(Path(place), PAPERS, WordEncoder("one", Log(None)))
        (Path(place) / ".lock").unlink()
        shutil.make_archive(str(archive.with_suffix("")), "zip", place)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
