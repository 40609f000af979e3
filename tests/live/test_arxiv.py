import re
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import SourceError
from index.sources import Selection
from tests.live.conftest import Harvest
from tests.live.services import Arxiv, Bad, Days, Entry, entries, error_feed, feed

QUERY = "cat:cs.LG AND abs:tides"
SOURCE = f"arxiv:{QUERY}"


def ids(harvest: Harvest) -> list[str]:
    return [paper.id for paper in harvest.papers]


def test_a_query_gives_all_its_papers_newest_first_page_after_page(arxiv: Days) -> None:
    harvest = Harvest(SOURCE).all()
    assert ids(harvest) == [f"arxiv:{each.id}" for each in entries(45)]
    assert [each["start"] for each in arxiv.params()] == ["0", "10", "20", "30", "40"]
    assert {each["search_query"] for each in arxiv.params()} == {QUERY}
    assert {(each["sortBy"], each["sortOrder"]) for each in arxiv.params()} == {("submittedDate", "descending")}
    assert harvest.left_out == []


def test_a_paper_holds_what_arxiv_says_of_it(arxiv: Days) -> None:
    day, updated = "2017-06-12T17:57:34Z", "2023-08-02T00:41:18Z"
    arxiv.answer = Arxiv([Entry("1706.03762", "Owls\n  at Sea", "Owls  fly\n low in \\'Etretat.", day, 7, updated)])
    (paper,) = Harvest(SOURCE).all().papers
    assert (paper.id, paper.title, paper.abstract) == ("arxiv:1706.03762", "Owls at Sea", "Owls  fly low in Étretat.")
    assert (paper.authors, paper.published) == (("Ada Lovelace", "Marie Sk\u0142odowska-Curie"), "2017-06-12")
    assert (paper.version, paper.updated) == (7, "2023-08-02")
    assert (paper.topics, paper.sources) == (("cs.LG",), (SOURCE,))
    assert paper.page == "https://arxiv.org/abs/1706.03762"


def test_dates_and_categories_become_part_of_the_question(arxiv: Days) -> None:
    wanted = Selection(since="2024-12", until="2024-12-28", categories=("cs", "stat.ML"))
    Harvest(SOURCE, wanted).all()
    assert arxiv.params()[0]["search_query"] == (
        f"({QUERY}) AND (cat:cs OR cat:cs.* OR cat:stat.ML) AND submittedDate:[202412010000 TO 202412282359]"
    )


@pytest.mark.parametrize(
    ("since", "until", "window"),
    [
        ("2024", None, "202401010000 TO 299912312359"),
        (None, "2024-02", "199001010000 TO 202402292359"),
        ("2023-02-03", "2023", "202302030000 TO 202312312359"),
    ],
)
def test_a_date_of_any_precision_begins_and_ends_with_its_days(
    arxiv: Days, since: str | None, until: str | None, window: str
) -> None:
    Harvest(SOURCE, Selection(since=since, until=until)).all()
    assert f"submittedDate:[{window}]" in arxiv.params()[0]["search_query"]


def test_no_page_is_asked_for_before_it_is_wanted(arxiv: Days) -> None:
    harvest = Harvest(SOURCE)
    taken = [next(harvest.records) for _ in range(10)]
    harvest.records.close()  # type: ignore[attr-defined]
    assert len(taken) == 10
    assert [each["start"] for each in arxiv.params()] == ["0"]


def test_beyond_what_arxiv_counts_it_goes_on_by_date(arxiv: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.sources.live.arxiv._DEPTH", 20)
    harvest = Harvest(SOURCE).all()
    assert ids(harvest) == [f"arxiv:{each.id}" for each in entries(45)]
    assert [each["start"] for each in arxiv.params()] == ["0", "10", "0", "10", "0"]
    windows = [re.search(r"TO (\d+)", each["search_query"]) for each in arxiv.params()]
    assert [found and found[1] for found in windows] == [None, None, *["202412280415"] * 2, "202412270915"]


def test_an_update_asks_for_new_papers_and_new_versions_and_no_further(arxiv: Days) -> None:
    papers = entries(45)
    papers[30] = replace(papers[30], version=2, updated="2024-12-28T12:00:00Z")
    arxiv.answer = Arxiv(papers)
    harvest = Harvest(SOURCE, changed_since="2024-12-28").all()
    assert set(ids(harvest)) == {f"arxiv:{each.id}" for each in (*papers[:24], papers[30])}
    assert [(each["start"], each["sortBy"]) for each in arxiv.params()] == [
        (start, "lastUpdatedDate") for start in ("0", "10", "20")
    ]
    assert Harvest(SOURCE, changed_since="2025-01-01").all().papers == []


def test_an_update_with_more_than_arxiv_counts_gives_all_new_papers(
    arxiv: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.sources.live.arxiv._DEPTH", 20)
    harvest = Harvest(SOURCE, changed_since="2024-12-27").all()
    assert set(ids(harvest)) == {f"arxiv:{each.id}" for each in entries(45)}
    assert "submittedDate:[202412270000 TO" in arxiv.params()[2]["search_query"]


def test_ids_are_asked_for_a_hundred_at_a_time_and_missing_ones_are_named(arxiv: Days) -> None:
    known = [each.id for each in entries(45)]
    unknown = [f"0704.{number:04}" for number in range(80)]
    harvest = Harvest(f"arxiv:{','.join(known + unknown)}").all()
    assert sorted(ids(harvest)) == sorted(f"arxiv:{each}" for each in known)
    assert [str(each).rpartition(": ")[2] for each in harvest.left_out] == [f"arXiv has no paper {i}" for i in unknown]
    assert [each["id_list"].count(",") + 1 for each in arxiv.params()] == [100, 25, 25, 25]  # none is not believed


def test_an_id_is_asked_for_with_its_version_whatever_its_form(arxiv: Days) -> None:
    arxiv.answer = Arxiv([Entry("1706.03762", "Owls", "They fly.", "2017-06-12T17:57:34Z", 5)])
    harvest = Harvest("arxiv:https://arxiv.org/abs/1706.03762v5").all()
    assert (ids(harvest), arxiv.params()[0]["id_list"]) == (["arxiv:1706.03762"], "1706.03762v5")
    assert harvest.left_out == []


def test_a_file_of_ids_is_read_with_its_comments_and_faults(arxiv: Days, tmp_path: Path) -> None:
    first, second = entries(2)
    file = tmp_path / "ids.txt"
    file.write_text(f"# to read\n{first.id}  # soon\n\narXiv:{second.id}v1, 12.34\n", encoding="utf-8")
    harvest = Harvest(f"arxiv:@{file}").all()
    assert set(ids(harvest)) == {f"arxiv:{first.id}", f"arxiv:{second.id}"}
    assert [(each.line, each.reason) for each in harvest.left_out] == [(4, "'12.34' is no arXiv id")]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("", "asks for nothing"),
        ("2205.05131,2205.x", "'2205.x' is no arXiv id"),
        ("@missing.txt", "ids in missing.txt can't be read: No such file"),
    ],
)
def test_a_question_that_is_none_is_refused_before_anyone_is_asked(arxiv: Days, asked: str, message: str) -> None:
    with pytest.raises(SourceError, match=re.escape(message)):
        Harvest(f"arxiv:{asked}").all()
    assert arxiv.asked == []


def test_an_empty_page_in_the_middle_is_asked_for_again(arxiv: Days) -> None:
    arxiv.bad = [None, Bad(body=feed([], 45, 10)), Bad(body=feed([], 45, 10))]
    harvest = Harvest(SOURCE).all()
    assert len(harvest.papers) == 45
    assert [each["start"] for each in arxiv.params()] == ["0", "10", "10", "10", "20", "30", "40"]
    assert any("an empty page, though there are 45 results" in each for each in harvest.told)


def test_a_page_that_stays_empty_is_named_and_the_harvest_goes_on(arxiv: Days) -> None:
    arxiv.bad = [None, *[Bad(body=feed([], 45, 10))] * 6]
    harvest = Harvest(SOURCE).all()
    assert len(harvest.papers) == 35
    assert [each.reason.split(":")[0] for each in harvest.left_out] == ["results 11 to 20 of 45"]


def test_nothing_is_believed_only_when_it_is_said_three_times(arxiv: Days) -> None:
    arxiv.bad = [Bad(body=feed([], 0))]
    assert len(Harvest(SOURCE).all().papers) == 45
    arxiv.answer = Arxiv([])
    harvest = Harvest("arxiv:abs:nothing").all()
    assert [each.reason for each in harvest.left_out] == ["arXiv has no paper for this query"]
    assert Harvest("arxiv:abs:nothing", Selection(since="2024")).all().left_out == []


def test_a_short_page_in_the_middle_leaves_no_gap(arxiv: Days) -> None:
    arxiv.bad = [Bad(body=feed(entries(45)[:7], 45))]
    assert len(Harvest(SOURCE).all().papers) == 45
    assert [each["start"] for each in arxiv.params()] == ["0", "7", "17", "27", "37"]


def test_a_paper_on_two_pages_is_given_once(arxiv: Days) -> None:
    arxiv.bad = [None, Bad(body=feed(entries(45)[8:18], 47, 10))]  # two were added meanwhile
    assert ids(Harvest(SOURCE).all()) == list(dict.fromkeys(ids(Harvest(SOURCE).all())))


def test_a_malformed_entry_is_left_out_with_the_reason_and_the_others_are_read(arxiv: Days) -> None:
    def spoil(body: bytes) -> bytes:
        body = body.replace(b"<summary>  Paper 3 ", b"<summary>  Paper 3 <b>")
        body = body.replace(b"<title>Tide 5 &amp; its Buoy</title>", b"")
        return body.replace(b"Paper 7", b"Paper\x08 7").replace(b"Tide 8 &amp;", b"Tide 8 &nbsp;")

    arxiv.bad = [Bad(change=spoil)]
    harvest = Harvest(SOURCE).all()
    assert len(harvest.papers) == 42
    assert [each.reason.split(":")[1].strip() for each in harvest.left_out] == ["no XML", "no title", "no XML"]
    assert harvest.papers[5].abstract == "Paper 7 forecasts tides by buoys."
    assert len(arxiv.asked) == 5


def test_a_withdrawn_paper_is_left_out(arxiv: Days) -> None:
    arxiv.answer = Arxiv(
        [Entry("2401.00001", "Owls", "This paper has been withdrawn by the author.", "2024-01-01T00:00")]
    )
    harvest = Harvest(SOURCE).all()
    assert [each.reason for each in harvest.left_out] == ["2401.00001: withdrawn by its authors"]


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_of_arxiv_is_said_in_its_words_and_not_taken_for_a_paper(arxiv: Days, status: int) -> None:
    arxiv.bad = [Bad(status, body=error_feed("incorrect id format for x"))]
    with pytest.raises(SourceError, match="incorrect id format for x"):
        Harvest(SOURCE).all()
    assert len(arxiv.asked) == 1
