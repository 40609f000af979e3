import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from index.errors import SourceError
from index.sources import LeftOut, Selection, read, stream
from index.sources.live import is_live, since_last
from tests.live.services import Days, entries

SOURCE = "arxiv:cat:cs.LG AND abs:tides"


@pytest.fixture(autouse=True)
def _at_once(arxiv: Days, put: Callable[..., None]) -> None:
    """Let nothing be waited for."""
    put("arxiv", arxiv, backoff_s=0.0)


def test_a_question_is_a_source_as_a_file_is(arxiv: Days, tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"title": "Owls at Sea", "abstract": "Owls fly low."}\n')
    told: list[tuple[str, int, int]] = []
    reading = read([SOURCE, file], tell=lambda *how_far: told.append(how_far))
    assert reading.sources == {"own.jsonl": 1, SOURCE: 45}
    assert [paper.sources for paper in reading.papers] == [(SOURCE,)] * 45 + [("own.jsonl",)]  # by trust
    assert told == [("own.jsonl", 1, 1), (SOURCE, 45, 45)]


def test_only_what_is_wanted_is_taken_and_no_page_is_asked_for_that_is_not_needed(arxiv: Days) -> None:
    words = Selection(most=3, words=("paper 1*",))
    assert [paper.title.split()[1] for paper in read(SOURCE, selection=words).papers] == ["1", "10", "11"]
    assert [each["start"] for each in arxiv.params()] == ["0", "10"]


def test_an_update_asks_the_sources_of_an_index_only_for_what_is_newer(arxiv: Days) -> None:
    old = read(SOURCE, selection=Selection(until="2024-12-27")).papers
    sources = sorted({source for paper in old for source in paper.sources if is_live(source)})
    assert (sources, since_last(max(paper.published or "" for paper in old))) == ([SOURCE], "2024-12-13")
    arxiv.asked.clear()
    newer = list(stream(sources, selection=Selection(since="2024-12-28")))
    assert len(newer) == len([each for each in entries(45) if each.published >= "2024-12-28"]) == 24
    assert [each["search_query"].partition(" AND submittedDate:")[2] for each in arxiv.params()] == [
        "[202412280000 TO 299912312359]"
    ] * 3


def test_nothing_new_is_no_complaint(arxiv: Days) -> None:
    assert list(stream([SOURCE], selection=Selection(since="2025"))) == []


def test_what_was_left_out_carries_the_question(arxiv: Days) -> None:
    found = [each for each in stream(["arxiv:2205.05131"]) if isinstance(each, LeftOut)]
    assert [str(each) for each in found] == ["arxiv:2205.05131: arXiv has no paper 2205.05131"]
    with pytest.raises(SourceError, match=r"arXiv has no paper 2205\.05131"):
        read("arxiv:2205.05131")


def test_offline_nothing_is_asked(arxiv: Days) -> None:
    with pytest.raises(SourceError, match="paperchat is offline"):
        read(SOURCE, offline=True)
    assert arxiv.asked == []


@pytest.mark.parametrize(
    "source", ["pages/arxiv.txt", "arxiv", Path("arxiv:x"), "C:\\papers", "memory", "notes: a.txt"]
)
def test_a_file_is_no_question(source: str | Path) -> None:
    assert not is_live(source)


def test_asking_needs_nothing_heavy_before_it_asks() -> None:
    code = "import sys, index.sources; print({'httpx', 'tenacity', 'defusedxml'} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "set()"
