"""JSON of every known form becomes the paper that it describes."""

import json
from pathlib import Path

import pytest

from index.errors import SourceError
from index.paper import Paper
from index.sources import Reading, read
from index.sources.markup import unmarked

OWLS = "Owls Hear in the Dark"
ABSTRACT = "We listen to owls in twelve barns."


def reading(folder: Path, values: object, name: str = "some.json") -> Reading:
    path = folder / name
    path.write_text(json.dumps(values), encoding="utf-8")
    return read([path])


def paper(folder: Path, values: object) -> Paper:
    (found,) = reading(folder, values).papers
    return found


# Hugging Face

ENTRY_PAPER = {
    "id": "2403.01234",
    "authors": [{"_id": "65f", "name": "Ada Owl", "hidden": False}, {"_id": "66a", "name": "Bo Mouse"}],
    "publishedAt": "2024-03-02T10:00:00.000Z",
    "submittedOnDailyAt": "2024-03-05T00:00:00.000Z",
    "title": OWLS,
    "summary": f"{ABSTRACT} At $5\\%$.\nThey hear.",
    "upvotes": 12,
    "ai_keywords": ["owls", "barns"],
    "githubRepo": "https://github.com/owls/barns",
}
ENTRY = {
    "paper": ENTRY_PAPER,
    "publishedAt": "2024-03-05T02:00:00.000Z",
    "title": OWLS,
    "summary": "As above.",
    "thumbnail": "https://example.org/x.png",
    "numComments": 2,
}
OF_ENTRY = Paper(
    "arxiv:2403.01234",
    OWLS,
    f"{ABSTRACT} At 5%. They hear.",
    authors=("Ada Owl", "Bo Mouse"),
    published="2024-03-02",
    url="https://arxiv.org/abs/2403.01234",
    code=("https://github.com/owls/barns",),
    topics=("owls", "barns"),
    sources=("some.json",),
)


@pytest.mark.parametrize("values", [[ENTRY], [ENTRY, ENTRY], {"dailyPapers": [ENTRY]}, ENTRY, ENTRY_PAPER])
def test_daily_papers_and_search_results_of_hugging_face(tmp_path: Path, values: object) -> None:
    assert paper(tmp_path, values) == OF_ENTRY


def test_an_entry_of_hugging_face_without_summary_is_left_out(tmp_path: Path) -> None:
    found = reading(tmp_path, [ENTRY, {"paper": {"id": "2403.05678", "title": "Bare", "summary": ""}}])
    assert (len(found.papers), [each.reason for each in found.left_out]) == (1, ["no abstract of “Bare”"])


# OpenAlex

WORK = {
    "id": "https://openalex.org/W123",
    "doi": "https://doi.org/10.1234/Owls.5",
    "title": "Owls of <i>Tyto alba</i> &amp; H<sub>2</sub>O",
    "display_name": "Owls",
    "publication_year": 2024,
    "publication_date": "2024-03-02",
    "ids": {"openalex": "https://openalex.org/W123", "doi": "https://doi.org/10.1234/Owls.5"},
    "primary_location": {"landing_page_url": "https://example.org/owls", "pdf_url": None},
    "locations": [
        {"landing_page_url": "https://example.org/owls", "pdf_url": None},
        {"landing_page_url": "http://arxiv.org/abs/2403.01234", "pdf_url": "https://arxiv.org/pdf/2403.01234v2"},
    ],
    "authorships": [
        {"author": {"id": "A1", "display_name": "Ada Owl"}, "raw_author_name": "A. Owl"},
        {"author": {}, "raw_author_name": "Bo Mouse"},
    ],
    "primary_topic": {"display_name": "Animal Hearing", "score": 0.9},
    "topics": [{"display_name": "Animal Hearing"}, {"display_name": "Barns"}],
    "keywords": [{"display_name": "Owl"}, {"keyword": "Straw", "score": 0.5}],
    "abstract_inverted_index": {"owls": [3, 7], "We": [0], "listen": [1], "to": [2, 6], "and,": [4], "again,": [5]},
}
OF_WORK = Paper(
    "arxiv:2403.01234",
    "Owls of Tyto alba & H2O",
    "We listen to owls and, again, to owls",
    authors=("Ada Owl", "Bo Mouse"),
    published="2024-03-02",
    url="https://example.org/owls",
    topics=("Animal Hearing", "Barns", "Owl", "Straw"),
    sources=("some.json",),
    version=2,
    other_ids=("doi:10.1234/owls.5",),
)


@pytest.mark.parametrize("values", [WORK, {"meta": {"count": 1}, "results": [WORK], "group_by": []}, [WORK]])
def test_works_of_openalex_and_pages_of_them(tmp_path: Path, values: object) -> None:
    assert paper(tmp_path, values) == OF_WORK


def test_a_work_of_openalex_may_have_nothing_but_its_words(tmp_path: Path) -> None:
    bare = {"id": "https://openalex.org/W1", "display_name": OWLS, "abstract_inverted_index": {"Listen.": [0]}}
    empty = {**bare, "ids": None, "locations": None, "primary_location": None, "authorships": None, "keywords": None}
    found = paper(tmp_path, empty)
    assert (found.title, found.abstract, found.url) == (OWLS, "Listen.", "https://openalex.org/W1")
    with pytest.raises(SourceError, match="no abstract of “Owls Hear in the Dark”"):
        reading(tmp_path, {**bare, "abstract_inverted_index": None})


def test_an_inverted_abstract_can_not_ask_for_memory(tmp_path: Path) -> None:
    places = {"far": [10**18], "near": [-5, "x", None], "We": [0]}
    assert paper(tmp_path, {**WORK, "abstract_inverted_index": places}).abstract == "near We far"


# Semantic Scholar

S2 = {
    "paperId": "0f" * 20,
    "externalIds": {"ArXiv": "2403.01234", "DOI": "10.1234/owls.5", "CorpusId": 5},
    "url": "https://www.semanticscholar.org/paper/0f",
    "title": OWLS,
    "abstract": ABSTRACT,
    "year": 2024,
    "publicationDate": "2024-03-02",
    "fieldsOfStudy": ["Computer Science", "Biology"],
    "s2FieldsOfStudy": [{"category": "Biology", "source": "s2"}],
    "authors": [{"authorId": "1", "name": "Ada Owl"}],
}


@pytest.mark.parametrize(
    "values",
    [
        S2,
        {"total": 1, "offset": 0, "data": [S2]},
        {name.lower(): value for name, value in S2.items()} | {"corpusid": 5},
    ],
)
def test_papers_of_semantic_scholar_of_its_api_and_its_data_sets(tmp_path: Path, values: object) -> None:
    assert paper(tmp_path, values) == Paper(
        "arxiv:2403.01234",
        OWLS,
        ABSTRACT,
        authors=("Ada Owl",),
        published="2024-03-02",
        url="https://arxiv.org/abs/2403.01234",
        topics=("Computer Science", "Biology"),
        sources=("some.json",),
        other_ids=("doi:10.1234/owls.5",),
    )


def test_a_paper_of_semantic_scholar_that_has_no_other_id_keeps_its_page(tmp_path: Path) -> None:
    found = paper(tmp_path, {**S2, "externalIds": None, "publicationDate": None})
    assert (found.url, found.published) == ("https://www.semanticscholar.org/paper/0f", "2024")


# CSL-JSON

ITEM = {
    "id": "http://zotero.org/users/1/items/ABC",
    "type": "article-journal",
    "title": "Owls of <i>Tyto</i>",
    "abstract": "<jats:title>Abstract</jats:title><jats:p>We listen.</jats:p><jats:p>They hear.</jats:p>",
    "author": [
        {"family": "Owl", "given": "Ada"},
        {"family": "Gogh", "given": "Vincent", "non-dropping-particle": "van"},
        {"literal": "The Barn Project"},
    ],
    "container-title": "Journal of Night",
    "DOI": "10.1234/owls.5",
    "URL": "https://example.org/owls",
    "issued": {"date-parts": [["2024", 3, 2]]},
    "keyword": "owls, barns",
}


@pytest.mark.parametrize("values", [[ITEM], {"items": [ITEM]}])
def test_items_of_csl_json(tmp_path: Path, values: object) -> None:
    assert paper(tmp_path, values) == Paper(
        "doi:10.1234/owls.5",
        "Owls of Tyto",
        "We listen.\n\nThey hear.",
        authors=("Ada Owl", "Vincent van Gogh", "The Barn Project"),
        published="2024-03-02",
        url="https://example.org/owls",
        topics=("owls", "barns"),
        sources=("some.json",),
    )


@pytest.mark.parametrize(
    ("issued", "published"),
    [
        ({"date-parts": [[2024]]}, "2024"),
        ({"date-parts": [[2024, 3], [2024, 5]]}, "2024-03"),
        ({"raw": "March 2024"}, "2024-03"),
        ({"date-parts": [[None]]}, None),
        ({"date-parts": []}, None),
    ],
)
def test_dates_of_csl_json(tmp_path: Path, issued: object, published: str | None) -> None:
    assert paper(tmp_path, [{**ITEM, "issued": issued}]).published == published


def test_the_arxiv_number_of_csl_json_counts(tmp_path: Path) -> None:
    found = paper(tmp_path, [{**ITEM, "number": "arXiv:2403.01234"}])
    assert (found.id, found.other_ids) == ("arxiv:2403.01234", ("doi:10.1234/owls.5",))


# All


def test_lines_of_several_forms_in_one_file_are_one_paper(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(each) for each in (ENTRY, WORK, S2, {"results": [WORK, S2]}))
    (tmp_path / "mixed.jsonl").write_text(lines, encoding="utf-8")
    found = read([tmp_path / "mixed.jsonl"])
    assert (found.records, [each.id for each in found.papers]) == (5, ["arxiv:2403.01234"])


@pytest.mark.parametrize("values", [{"results": []}, {"data": []}, []])
def test_an_empty_page_of_results_holds_no_record(tmp_path: Path, values: object) -> None:
    with pytest.raises(SourceError, match="no record in it"):
        reading(tmp_path, values)


@pytest.mark.parametrize("values", [ENTRY, WORK, S2, ITEM])
@pytest.mark.parametrize("wrong", [None, 5, True, "text", [], [None], [[5]], {}, {"x": None}])
def test_a_field_of_the_wrong_kind_never_ends_the_reading(
    tmp_path: Path, values: dict[str, object], wrong: object
) -> None:
    broken = [{**values, name: wrong} for name in values if name != "paper"]
    broken += [{"paper": {**ENTRY_PAPER, name: wrong}} for name in ENTRY_PAPER]
    found = reading(tmp_path, [{"title": OWLS, "abstract": ABSTRACT}, *broken])
    assert found.records + found.faults == len(broken) + 1


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("p < .05 and n > 3", "p < .05 and n > 3"),
        ("a <b>bold</b> claim", "a bold claim"),
        ("x<mml:math><mml:mi>y</mml:mi></mml:math>", "xy"),
        ("AT&amp;T &lt;3", "AT&T <3"),
        ("one<br/>two", "one\n\ntwo"),
        ("List<int> and <T> stay", "List<int> and <T> stay"),
    ],
)
def test_markup_goes_and_mathematics_stays(text: str, plain: str) -> None:
    assert unmarked(text) == plain
