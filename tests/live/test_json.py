import json
import re
from collections.abc import Callable, Iterator, Mapping

import pytest

from index.errors import SourceError
from index.sources import Selection
from tests.live.conftest import Harvest
from tests.live.services import Bad, Days, serving


def entry(number: int, listed: str) -> dict[str, object]:
    paper = {
        "id": f"2503.{number:05}",
        "authors": [{"_id": "67d", "name": "Ada Owl", "hidden": False}, {"_id": "67e", "name": "Bo Mouse"}],
        "publishedAt": "2025-03-13T17:59:31.000Z",
        "submittedOnDailyAt": f"{listed}T01:12:00.000Z",
        "title": f"Owls {number}",
        "summary": f"Owls {number} fly\nlow. Code at https://github.com/owls/low.",
        "upvotes": 12,
        "discussionId": "67d",
        "ai_keywords": ["birds of prey"],
        "githubRepo": "https://github.com/owls/fly",
    }
    return {"paper": paper, "publishedAt": "2025-03-16T22:00:00.000Z", "title": f"Owls {number}", "numComments": 2}


def hugging_face(path: str, params: Mapping[str, str]) -> bytes:
    """Answer as Hugging Face does: 25 papers on lists of three days, the newest first."""
    papers = [entry(number, f"2025-03-{19 - number // 10}") for number in range(25)]
    if path.endswith("/papers/search"):
        return json.dumps(papers[: int(params["limit"])]).encode()
    papers = [each for each in papers if params.get("date", "") in json.dumps(each)]
    start = int(params["p"]) * int(params["limit"])
    return json.dumps(papers[start : start + int(params["limit"])]).encode()


@pytest.fixture
def hf(put: Callable[..., None]) -> Iterator[Days]:
    with serving(Days(hugging_face, "application/json; charset=utf-8")) as days:
        days.url = days.url.removesuffix("/query")
        put("hf", days)
        yield days


def test_the_daily_papers_of_a_day_are_given(hf: Days) -> None:
    harvest = Harvest("hf:daily:2025-03-18").all()
    assert [paper.id for paper in harvest.papers] == [f"arxiv:2503.{number:05}" for number in range(10, 20)]
    assert {each.path for each in hf.asked} == {"/api/daily_papers"}
    assert [(each["date"], each["p"]) for each in hf.params()] == [("2025-03-18", "0"), ("2025-03-18", "1")]
    paper = harvest.papers[0]
    assert (paper.authors, paper.published, paper.topics) == (("Ada Owl", "Bo Mouse"), "2025-03-13", ("birds of prey",))
    assert paper.code == ("https://github.com/owls/fly", "https://github.com/owls/low")
    assert paper.sources == ("hf:daily:2025-03-18",)


@pytest.mark.parametrize(
    ("selection", "pages"), [(None, 1), (Selection(since="2025-03-18"), 3), (Selection(most=30), 4)]
)
def test_the_newest_list_is_given_or_as_far_back_as_is_wanted(
    hf: Days, selection: Selection | None, pages: int
) -> None:
    Harvest("hf:daily", selection).all()
    assert [each["p"] for each in hf.params()] == [str(page) for page in range(pages)]


def test_a_search_of_hugging_face_is_one_page(hf: Days) -> None:
    assert len(Harvest("hf:search:low owls").all().papers) == 10
    assert [(each.path, each.params["q"]) for each in hf.asked] == [("/api/papers/search", "low owls")]


@pytest.mark.parametrize(("asked", "name"), [("daily:2025-W12", "week"), ("daily:2025-03", "month")])
def test_a_week_and_a_month_are_times_too(hf: Days, asked: str, name: str) -> None:
    Harvest(f"hf:{asked}").all()
    assert hf.params()[0][name] == asked.partition(":")[2]


@pytest.mark.parametrize("asked", ["weekly", "daily:yesterday", "daily:17-03-2025", "search:", "owls"])
def test_other_questions_are_refused(hf: Days, asked: str) -> None:
    with pytest.raises(SourceError, match=r"is no question for Hugging Face|is no time"):
        Harvest(f"hf:{asked}").all()
    assert hf.asked == []


def work(number: int) -> dict[str, object]:
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.1000/{number}",
        "title": f"Owls <i>{number}</i>",
        "publication_date": "2024-05-01",
        "authorships": [{"author": {"display_name": "Ada Owl"}}],
        "abstract_inverted_index": {"Owls": [0], "fly": [1, 3], "and": [2], "low.": [4]},
        "primary_topic": {"display_name": "Birds"},
    }


def openalex(path: str, params: Mapping[str, str]) -> bytes:
    start = 0 if params["cursor"] == "*" else int(params["cursor"][1:])
    found = [work(number) for number in range(start, min(start + int(params["per_page"]), 25))]
    following = f"c{start + len(found)}" if found else None
    return json.dumps({"meta": {"count": 25, "next_cursor": following}, "results": found, "group_by": []}).encode()


@pytest.fixture
def works(put: Callable[..., None]) -> Iterator[Days]:
    with serving(Days(openalex, "application/json")) as days:
        put("openalex", days)
        yield days


def test_openalex_is_asked_by_its_cursor(works: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENALEX_API_KEY", "secret")
    harvest = Harvest("openalex:(owl OR mouse) AND low", Selection(since="2024-02", until="2024")).all()
    assert [paper.id for paper in harvest.papers] == [f"doi:10.1000/{number}" for number in range(25)]
    assert (harvest.papers[0].title, harvest.papers[0].abstract) == ("Owls 0", "Owls fly and fly low.")
    assert [each["cursor"] for each in works.params()] == ["*", "c10", "c20", "c25"]
    first = works.asked[0]
    assert first.params["search.title_and_abstract"] == "(owl OR mouse) AND low"
    assert first.params["filter"] == (
        "has_abstract:true,from_publication_date:2024-02-01,to_publication_date:2024-12-31"
    )
    assert (first.params["sort"], first.headers["authorization"]) == ("publication_date:desc", "Bearer secret")
    assert "secret" not in json.dumps(first.params)


def test_others_are_asked_for_what_was_published_since(works: Days, s2: Days, hf: Days) -> None:
    Harvest("openalex:owls", changed_since="2024-03-04").all()
    Harvest("s2:owls", Selection(since="2024-05"), changed_since="2024-03-04").all()
    Harvest("hf:daily", changed_since="2025-03-19").all()
    assert works.params()[0]["filter"] == "has_abstract:true,from_publication_date:2024-03-04"
    assert s2.params()[0]["publicationDateOrYear"] == "2024-05-01:"
    assert [each["p"] for each in hf.params()] == ["0", "1"]


def test_openalex_takes_filters_in_place_of_words(works: Days) -> None:
    Harvest("openalex:filter=primary_topic.id:T10028").all()
    assert works.params()[0]["filter"] == "primary_topic.id:T10028,has_abstract:true"
    assert "search.title_and_abstract" not in works.params()[0]


def test_a_refusal_is_said_in_the_words_of_the_service_with_a_way_out(works: Days) -> None:
    works.bad = [Bad(403, body=b'{"error": "Forbidden", "message": "Daily budget used up."}')]
    with pytest.raises(SourceError, match=r"HTTP 403 \(“Daily budget used up”\).* or set OPENALEX_API_KEY to a key"):
        Harvest("openalex:owls").all()


def scholar(path: str, params: Mapping[str, str]) -> bytes:
    if params["query"] == "nothing":
        return b'{"total": 0, "token": null, "data": []}'
    start = int(params.get("token", "0"))
    found = [
        {
            "paperId": f"p{number}",
            "externalIds": {"ArXiv": f"2401.{number:05}", "CorpusId": number},
            "title": f"Owls {number}",
            "abstract": None if number == 3 else f"Owls {number} fly low.",
            "authors": [{"authorId": "1", "name": "Ada Owl"}],
            "publicationDate": None if number == 4 else "2024-01-05",
            "year": 2024,
            "fieldsOfStudy": ["Biology"],
        }
        for number in range(start, start + 10)
    ]
    return json.dumps({"total": 20, "data": found} | ({"token": str(start + 10)} if start == 0 else {})).encode()


@pytest.fixture
def s2(put: Callable[..., None]) -> Iterator[Days]:
    with serving(Days(scholar, "application/json")) as days:
        put("s2", days, key="S2_API_KEY", key_header="x-api-key")
        yield days


def test_semantic_scholar_is_asked_by_its_token(s2: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S2_API_KEY", "secret")
    harvest = Harvest('s2:"language model" +owls', Selection(since="2024", until="2024-06-30")).all()
    assert [paper.id for paper in harvest.papers] == [f"arxiv:2401.{n:05}" for n in range(20) if n != 3]
    assert [each.reason for each in harvest.left_out] == ["p3: no abstract of “Owls 3”"]
    assert [paper.published for paper in harvest.papers[3:5]] == ["2024", "2024-01-05"]
    assert [each.get("token") for each in s2.params()] == [None, "10"]
    assert s2.params()[0]["publicationDateOrYear"] == "2024-01-01:2024-06-30"
    assert s2.asked[0].headers["x-api-key"] == "secret"


def test_a_search_that_finds_nothing_is_no_fault(s2: Days) -> None:
    harvest = Harvest("s2:nothing").all()
    assert (harvest.papers, harvest.left_out) == ([], [])


@pytest.mark.parametrize(
    "bad",
    [
        Bad(cut=True),
        Bad(body=b'{"total": 20, "data": [{"pap'),
        Bad(body=b'{"message": "Endpoint timed out"}'),
        Bad(504),
    ],
)
def test_a_bad_answer_is_asked_for_again(s2: Days, bad: Bad) -> None:
    s2.bad = [None, bad]
    assert len(Harvest("s2:owls").all().papers) == 19


def test_records_that_are_no_records_are_left_out(s2: Days) -> None:
    odd = b'{"total": 3, "data": [null, 7, {"paperId": "x", "title": ["Owls"], "abstract": 9, "authors": "Ada"}]}'
    s2.bad = [Bad(body=odd)]
    harvest = Harvest("s2:owls").all()
    assert harvest.papers == []
    assert [re.sub(r": .*", "", each.reason) for each in harvest.left_out] == ["result 1", "result 2", "x"]


def test_a_harvest_with_a_token_goes_on_with_the_page_that_is_missing(s2: Days) -> None:
    harvest = Harvest("s2:owls")
    for _ in range(5):
        next(harvest.records)
    assert len(Harvest("s2:owls").all().papers) == 19
    assert [each.get("token") for each in s2.params()] == [None, "10"]
