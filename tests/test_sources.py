"""Files and folders become papers; what can't be read is named, and the rest is read all the same."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index.errors import SourceError
from index.paper import UPLOAD
from index.papers import Paper, title_key
from index.sources import LeftOut, Reading, read

SEEDS = Path(__file__).parents[2] / "shared" / "seeds"
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"the customer's pages are not at {SEEDS}")

OWLS = "Owls Hear in the Dark: A Study of Barns"
OWLS_ABSTRACT = "We listen to owls in twelve barns. They hear mice through 30 cm of straw, and we show how."
TIDES = "Predicting tides with very small networks"
TIDES_ABSTRACT = (
    "Tides are regular but harbours are not. A network of 40 weights forecasts the water level of nine harbours within "
    "4.5 cm \u2013 better than the tables that have been printed since 1833. Code: https://github.com/harbour/tides."
)
BREAD = "BreadNet"
BREAD_ABSTRACT = "Does dough know when it is done? We train on $10^4$ photographs of crust, and it seems so."

BLANK_PAGE = f"""new

Get trending papers in your email inbox!

Subscribe

Daily Papers

byAK and the research community

Mar 17

{OWLS}

{OWLS_ABSTRACT}

{TIDES}

{TIDES_ABSTRACT}

{BREAD}

{BREAD_ABSTRACT}
"""
DENSE_PAGE = f"""Get trending papers in your email inbox once a day!
Get trending papers in your email inbox!
Subscribe{OWLS}
{OWLS_ABSTRACT}
{TIDES}
{TIDES_ABSTRACT}
{BREAD}
{BREAD_ABSTRACT}"""
PAIRS = [(OWLS, OWLS_ABSTRACT), (TIDES, TIDES_ABSTRACT), (BREAD, BREAD_ABSTRACT)]


def read_text(folder: Path, text: str, name: str = "page.txt") -> Reading:
    path = folder / name
    path.write_bytes(text.encode())
    return read([path])


def pairs(reading: Reading) -> list[tuple[str, str]]:
    return [(paper.title, paper.abstract) for paper in reading.papers]


def write_lines(path: Path, *records: object) -> Path:
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_record(folder: Path, **fields: object) -> Paper:
    (paper,) = read([write_lines(folder / "one.jsonl", {"title": OWLS, "abstract": OWLS_ABSTRACT, **fields})]).papers
    return paper


# The customer's pages


@needs_seeds
def test_the_five_pages_give_751_records_of_679_papers() -> None:
    reading = read([SEEDS])
    assert (reading.records, len(reading.papers), reading.left_out) == (751, 679, ())
    assert sorted(reading.sources.values()) == [93, 104, 108, 113, 333]
    assert sum(len(paper.sources) for paper in reading.papers) == 751


@needs_seeds
def test_every_title_of_the_pages_is_a_title_of_the_starter_corpus() -> None:
    pages, starter = ({title_key(paper.title) for paper in read(source).papers} for source in ([SEEDS], None))
    assert len(pages) == 679
    assert pages == starter


@needs_seeds
def test_the_pages_and_the_starter_corpus_are_the_same_679_papers_with_the_published_abstracts() -> None:
    starter = Path(__file__).parents[1] / "index" / "starter" / "papers.jsonl"
    reading = read([starter, SEEDS])
    assert (reading.records, len(reading.papers)) == (679 + 751, 679)
    assert {paper.kind for paper in reading.papers} == {"abstract"}


@needs_seeds
def test_no_title_of_the_pages_holds_a_header_and_no_abstract_is_a_title() -> None:
    papers = read([SEEDS]).papers
    header = {title_key(line) for line in ("new", "Subscribe", "Daily Papers", "byAK and the research community")}
    assert not header & {title_key(paper.title) for paper in papers}
    assert not [
        paper.title for paper in papers if paper.title.startswith(("Subscribe", "Get trending", "Mar ", "Jul "))
    ]
    titles = {title_key(paper.title) for paper in papers}
    assert not [paper.title for paper in papers if title_key(paper.abstract) in titles or len(paper.abstract) < 500]


@needs_seeds
@pytest.mark.parametrize(
    ("page", "place", "title", "chars", "digest"),
    [
        (
            "000",
            0,
            "Monolith: Real Time Recommendation System With Collisionless Embedding Table",
            1527,
            "e87f31555f1d",
        ),
        (
            "000",
            9,
            "Unlock the Power: Competitive Distillation for Multi-Modal Large Language Models",
            1562,
            "d580fcc638e7",
        ),
        (
            "000",
            -1,
            "UniTabE: A Universal Pretraining Protocol for Tabular Foundation Model in Data Science",
            1920,
            "10a383587eef",
        ),
        (
            "001",
            0,
            "Prompts as Auto-Optimized Training Hyperparameters: Training Best-in-Class IR Models from Scratch "
            "with 10 Gold Labels",
            680,
            "aca3197fbd90",
        ),
        (
            "001",
            9,
            "Arabic-Nougat: Fine-Tuning Vision Transformers for Arabic OCR and Markdown Extraction",
            1088,
            "68cbf87c46f8",
        ),
        ("001", -1, "Generating Sequences by Learning to Self-Correct", 1178, "127e8f597afe"),
    ],
)
def test_first_tenth_and_last_paper_of_a_page_of_each_form(
    page: str, place: int, title: str, chars: int, digest: str
) -> None:
    (path,) = SEEDS.glob(f"{page}_*.txt")
    paper = read([path]).papers[place]
    assert paper.title == title
    assert (len(paper.abstract), hashlib.sha256(paper.abstract.encode()).hexdigest()[:12]) == (chars, digest)


# Listing pages


@pytest.mark.parametrize("page", [BLANK_PAGE, DENSE_PAGE], ids=["blank lines", "dense"])
@pytest.mark.parametrize(
    "spell",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\u00a0\n\u00a0"),
        lambda text: text.replace("\n", " \n\t \n"),
    ],
    ids=["plain", "Windows", "old Mac", "BOM", "NBSP", "spaces"],
)
def test_both_forms_are_read_however_lines_end(tmp_path: Path, page: str, spell: Callable[[str], str]) -> None:
    reading = read_text(tmp_path, spell(page))
    assert pairs(reading) == PAIRS
    assert (reading.left_out, reading.sources) == ((), {"page.txt": 3})
    assert reading.papers[1].code == ("https://github.com/harbour/tides",)
    assert reading.papers[1].sources == ("page.txt",)


@pytest.mark.parametrize(
    "day",
    [
        *("Jan 1", "February 29", "Sept. 30", "Dec 31, 2025", "May 5th, 2024", "17 Mar", "Mon, Mar 17", "2025-03-17"),
        *("Mar\u00a017", "Mar 17 - Mar 23", "March 2025"),
    ],
)
def test_a_date_of_any_form_is_header(tmp_path: Path, day: str) -> None:
    reading = read_text(tmp_path, BLANK_PAGE.replace("Mar 17", day))
    assert (pairs(reading), reading.left_out) == (PAIRS, ())


def test_a_title_that_begins_like_a_date_is_kept(tmp_path: Path) -> None:
    titles = ["May 2024 in Review: What Changed", "March 17 Models", "Mar 17 Talks on Tides"]
    page = "".join(f"{title}\n{OWLS_ABSTRACT}\n" for title in titles)
    page += f"Newer Tides\n{OWLS_ABSTRACT}\n"
    assert [paper.title for paper in read_text(tmp_path, "Mar 3\n" + page).papers] == [*titles, "Newer Tides"]
    assert pairs(read_text(tmp_path, f"Mar 17{OWLS}\n{OWLS_ABSTRACT}")) == PAIRS[:1]


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("Get trending papers in your email inbox!\nSubscribe", "nnOwl: Hearing Anew"),
        ("Get trending papers in your email inbox!\nSubscribe", "3D Owls"),
        ("Get trending papers in your email inbox!\nSubscribe", "“Who?” Asks the Owl"),
        ("Get trending papers in your email inbox!\nSubscribe ", "Owls"),
        ("Get trending papers in your email inbox!Subscribe", "Owls"),
        ("Get trending papers in your email inbox!\nSubscribeDaily Papers\nMar 17", "Owls"),
        ("Subscribe", "Owls"),
        ("Get trending papers in your email inbox!\nSubscribe", "Subscribers Are Not Owls"),
        ("Get trending papers in your email inbox!\nSubscribe\n", "SubscribeNet: Who Reads On"),
    ],
)
def test_what_is_glued_to_the_first_title_is_cut_once(tmp_path: Path, header: str, title: str) -> None:
    assert pairs(read_text(tmp_path, f"{header}{title}\n{OWLS_ABSTRACT}\n")) == [(title, OWLS_ABSTRACT)]


@pytest.mark.parametrize(
    "title",
    ["Subscribe to Owls: Retention in Newsletters", "Subscribers and Churn", "Subscribed Graphs", "Subscribe: Why Not"],
)
@pytest.mark.parametrize("header", ["", "Get trending papers in your email inbox!\n", "Subscribe\n\nMar 17\n"])
def test_a_title_about_subscribing_is_not_damaged(tmp_path: Path, header: str, title: str) -> None:
    assert pairs(read_text(tmp_path, f"{header}{title}\n{OWLS_ABSTRACT}\n")) == [(title, OWLS_ABSTRACT)]


def test_outside_the_header_nothing_is_cut(tmp_path: Path) -> None:
    titles = [OWLS, "SubscribeNet: Who Reads On", "Mar 17Lab: A Testbed"]
    page = "".join(f"{title}\n{OWLS_ABSTRACT}\n" for title in titles)
    assert [paper.title for paper in read_text(tmp_path, page).papers] == titles


def test_two_pages_in_one_file_have_two_headers(tmp_path: Path) -> None:
    reading = read_text(tmp_path, DENSE_PAGE + "\n" + DENSE_PAGE.replace("Owls Hear", "Owls Still Hear"))
    assert (reading.records, len(reading.papers), reading.left_out) == (6, 4, ())
    assert reading.papers[3].title == "Owls Still Hear in the Dark: A Study of Barns"


def test_footer_counts_and_names_between_papers_are_no_papers(tmp_path: Path) -> None:
    extra = "Submitted by\n\nnightowl\n\n123\n\n{}\n\n· 5 authors\n\n{}\n\n1.2k\n\n2 comments"
    footer = "System theme\nCompany\nTOS\nPrivacy\nAbout\nCareers\nWebsite\nModels\nDatasets\nSpaces\nPricing\nDocs\n"
    page = "\n\n".join(extra.format(title, abstract) for title, abstract in PAIRS)
    reading = read_text(tmp_path, f"Mar 17\n\n{page}\n\n{footer}© 2025 Hugging Face\n")
    assert (pairs(reading), reading.left_out) == (PAIRS, ())


def test_a_title_of_one_word_below_submitted_by_is_kept(tmp_path: Path) -> None:
    assert pairs(read_text(tmp_path, f"Submitted by\n{BREAD}\n{BREAD_ABSTRACT}\n")) == [(BREAD, BREAD_ABSTRACT)]


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_title_without_abstract_is_named_and_the_rest_is_kept(tmp_path: Path, gap: str) -> None:
    page = gap.join((OWLS, OWLS_ABSTRACT, "A Title Left Alone", TIDES, TIDES_ABSTRACT, "Another, at the End"))
    reading = read_text(tmp_path, page)
    assert pairs(reading) == PAIRS[:2]
    lines = [1 + at * len(gap) for at in (2, 5)]
    reasons = [f"no abstract below the title “{title}”" for title in ("A Title Left Alone", "Another, at the End")]
    assert reading.left_out == tuple(LeftOut("page.txt", *each) for each in zip(lines, reasons, strict=True))


def test_a_title_left_alone_may_end_in_an_abbreviation(tmp_path: Path) -> None:
    reading = read_text(
        tmp_path, "\n".join((OWLS, OWLS_ABSTRACT, "Tides after Bernoulli et al.", BREAD, BREAD_ABSTRACT))
    )
    assert (pairs(reading), [each.line for each in reading.left_out]) == ([PAIRS[0], PAIRS[2]], [3])


def test_an_essay_is_no_abstract(tmp_path: Path) -> None:
    reading = read_text(tmp_path, f"{OWLS}\n{OWLS_ABSTRACT}\nAn Essay\n" + f"{TIDES_ABSTRACT}\n" * 100)
    assert (pairs(reading), [each.line for each in reading.left_out]) == (PAIRS[:1], [3])


def test_an_abstract_without_title_is_named_and_never_a_title(tmp_path: Path) -> None:
    reading = read_text(tmp_path, f"Mar 17\n\n{OWLS_ABSTRACT}\n\n{TIDES}\n\n{TIDES_ABSTRACT}\n")
    assert pairs(reading) == PAIRS[1:2]
    assert [(each.line, each.reason[:27]) for each in reading.left_out] == [(3, "no title above the abstract")]


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_an_abstract_may_have_several_paragraphs(tmp_path: Path, gap: str) -> None:
    more = "A second paragraph says that the barns were cold and the owls were patient."
    page = gap.join((OWLS, OWLS_ABSTRACT, more, TIDES, TIDES_ABSTRACT))
    assert pairs(read_text(tmp_path, page)) == [(OWLS, f"{OWLS_ABSTRACT}\n\n{more}"), PAIRS[1]]


def test_prose_below_a_header_is_no_part_of_the_abstract_above_it(tmp_path: Path) -> None:
    reading = read_text(tmp_path, f"{OWLS}\n{OWLS_ABSTRACT}\nMar 18\n{TIDES_ABSTRACT}\n{BREAD}\n{BREAD_ABSTRACT}\n")
    assert (pairs(reading), [each.line for each in reading.left_out]) == ([PAIRS[0], PAIRS[2]], [4])


@pytest.mark.parametrize(
    "title",
    [
        "Owl",
        "Do Owls Dream of Electric Mice?",
        "Attention Is Not What Owls Need.",
        "BERT vs. Owls: Mr. E. Owl in the U.S.",
        "Owls 2.0. A Technical Report",
        "[Re] Reproducing Owls",
        "Hearing with ears of unequal height and everything that follows from it " * 4,
        "1984: Owls",
        "学习猫头鹰的听觉",
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_titles_of_every_kind(tmp_path: Path, title: str, place: int) -> None:
    expected = [PAIRS[1]]
    expected.insert(place, (title.strip(), OWLS_ABSTRACT))
    page = "".join(f"{one}\n{other}\n" for one, other in expected)
    reading = read_text(tmp_path, page)
    assert (pairs(reading), reading.left_out) == (expected, ())


@pytest.mark.parametrize(
    "abstract",
    [
        "We ask owls. They answer.",
        "Owls hear mice better than microphones do.",
        "Everything is open at https://owls.example.org/",
        "Owls hear well. Mice do not. Is this fair to the mice, and who would have to say so?",
        "A truncated abstract about owls that listens to the…",
        "猫头鹰的听力很好。我们证明了这一点。",
        "word " * 90,
    ],
)
def test_abstracts_of_every_kind(tmp_path: Path, abstract: str) -> None:
    expected = [(OWLS, abstract.strip()), PAIRS[1]]
    page = "".join(f"{one}\n{other}\n" for one, other in expected)
    reading = read_text(tmp_path, page)
    assert (pairs(reading), reading.left_out) == (expected, ())


def test_control_and_bidi_characters_go_and_all_else_stays(tmp_path: Path) -> None:
    abstract = (
        "Caf\u00e9\u2019s \u03b1\u2013\u03b2 at $x_{1}^2$  \u2264 10\u202e\x07 %\ufeff, \u05d0; e\u0301, \U0001f989."
    )
    reading = read_text(tmp_path, f"An\u202dOwl\x1b\u00a0 Title\n{abstract}\n")
    expected = "Caf\u00e9\u2019s \u03b1\u2013\u03b2 at $x_{1}^2$  \u2264 10 %, \u05d0; e\u0301, \U0001f989."
    assert pairs(reading) == [("AnOwl Title", expected)]


# JSON


def test_the_starter_corpus_is_read_when_nothing_is_named() -> None:
    reading = read()
    assert (reading.records, len(reading.papers), reading.left_out) == (679, 679, ())
    assert reading.sources == {"starter": 679}
    assert {paper.sources for paper in reading.papers} == {("starter",)}
    assert {paper.kind for paper in reading.papers} == {"digest"}
    assert read([]) == reading


def test_what_to_dict_writes_comes_back_but_for_what_no_file_may_say(tmp_path: Path) -> None:
    paper = Paper(
        "arxiv:2401.00001",
        OWLS,
        f"{OWLS_ABSTRACT}\n\nA second paragraph.",
        authors=("Ada Owl", "Owl, B."),
        published="2024-01",
        url="https://example.org/owls",
        code=("https://github.com/a/b",),
        topics=("birds, of prey",),
        sources=("page.txt", "starter"),
        kind="digest",
    )
    bare = Paper("title:breadnet", BREAD, BREAD_ABSTRACT, sources=("page.txt",))
    path = write_lines(tmp_path / "papers.jsonl", paper.to_dict(), bare.to_dict())
    told = replace(paper, other_titles=("Bread",), other_ids=("doi:10.1000/1",), version=9, uploaded=("url",))
    assert read([path]).papers == (
        replace(paper, sources=("papers.jsonl",), kind="abstract"),
        replace(bare, sources=("papers.jsonl",)),
    )
    assert read([write_lines(path, told.to_dict(), bare.to_dict())]).papers == read([path]).papers
    assert {paper.kind for paper in read().papers} == {"digest"}


@pytest.mark.parametrize("name", ["starter", "arxiv:cat:cs.LG", "upload:owls.jsonl"])
def test_no_file_is_called_as_another_kind_of_source(tmp_path: Path, name: str) -> None:
    line = {"title": OWLS, "abstract": OWLS_ABSTRACT}
    (found,) = read([write_lines(tmp_path / name, line)]).papers
    assert found.sources == (f"./{name}",)
    (uploaded,) = read([tmp_path / name], uploaded=True).papers
    assert (uploaded.sources, uploaded.trust) == ((f"upload:{name}",), UPLOAD)


def test_a_bad_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "papers.jsonl",
        {"title": OWLS, "abstract": OWLS_ABSTRACT},
        "{'title': 1}",
        "",
        {"abstract": "Text."},
        {"title": "No Text"},
        {"title": "Blank", "abstract": " \n\u00a0"},
        {"title": 5, "abstract": "Text."},
        {"title": "Names", "abstract": "Text.", "authors": [5]},
        ["a", "list"],
        "[" * 100_000,
        {"title": BREAD, "abstract": BREAD_ABSTRACT},
    )
    reading = read([path])
    assert pairs(reading) == [PAIRS[0], PAIRS[2]]
    assert [(each.line, each.reason.split(":")[0]) for each in reading.left_out] == [
        (2, "not JSON"),
        (4, "no title"),
        (5, "no abstract"),
        (6, "abstract is empty"),
        (7, "title is a number, not text"),
        (8, "authors holds a number, not text"),
        (9, "a list where an object with title and abstract should be"),
        (10, "not JSON"),
    ]


def test_a_line_that_is_not_utf8_is_named_with_its_byte(tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    good = json.dumps({"title": OWLS, "abstract": OWLS_ABSTRACT}).encode() + b"\n"
    path.write_bytes(good + '{"title": "Café", "abstract": "Text."}'.encode("latin-1"))
    reading = read([path])
    assert len(reading.papers) == 1
    (left_out,) = reading.left_out
    assert left_out.line == 2
    assert left_out.reason.startswith(f"not UTF-8: byte {len(good) + 14} of the file is 0xe9. Convert it")


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_is_read_and_its_bad_entries_are_named_by_line(tmp_path: Path, indent: int | None) -> None:
    entries = [{"title": OWLS, "abstract": OWLS_ABSTRACT}, {"title": "x"}, {"title": BREAD, "abstract": BREAD_ABSTRACT}]
    (tmp_path / "papers.json").write_text(json.dumps(entries, indent=indent), encoding="utf-8")
    reading = read([tmp_path / "papers.json"])
    assert pairs(reading) == [PAIRS[0], PAIRS[2]]
    assert reading.left_out == (LeftOut("papers.json", 6 if indent else 1, "no abstract"),)


def test_an_array_that_breaks_off_is_named_and_what_came_before_is_kept(tmp_path: Path) -> None:
    text = json.dumps([{"title": OWLS, "abstract": OWLS_ABSTRACT}, {"title": "x", "abstract": "y"}])
    for end in (1, 10):
        reading = read_text(tmp_path, text[:-end], "papers.json")
        assert pairs(reading)[0] == PAIRS[0]
        assert len(reading.left_out) == 1


@pytest.mark.parametrize(
    ("fields", "paper_id", "url"),
    [
        ({}, "title:owls-hear-in-the-dark-a-study-of-barns", None),
        ({"id": "2401.00001v3"}, "arxiv:2401.00001", "https://arxiv.org/abs/2401.00001"),
        ({"id": "arXiv:2401.00001"}, "arxiv:2401.00001", "https://arxiv.org/abs/2401.00001"),
        ({"arxiv_id": "2401.00001"}, "arxiv:2401.00001", "https://arxiv.org/abs/2401.00001"),
        ({"arxiv": "2401.00001", "doi": "10.1/x"}, "arxiv:2401.00001", "https://arxiv.org/abs/2401.00001"),
        ({"doi": "https://doi.org/10.1145/X.1"}, "doi:10.1145/x.1", "https://doi.org/10.1145/x.1"),
        ({"url": "https://arxiv.org/abs/2401.00001v2"}, "arxiv:2401.00001", "https://arxiv.org/abs/2401.00001v2"),
        ({"id": 17, "url": "javascript:alert(1)"}, "title:owls-hear-in-the-dark-a-study-of-barns", None),
        ({"id": "row-17", "url": None}, "title:owls-hear-in-the-dark-a-study-of-barns", None),
    ],
)
def test_id_and_address(tmp_path: Path, fields: dict[str, Any], paper_id: str, url: str | None) -> None:
    paper = read_record(tmp_path, **fields)
    assert (paper.id, paper.url) == (paper_id, url)


@pytest.mark.parametrize(
    ("authors", "names"),
    [
        (["Ada Owl", " Bo  Mouse "], ("Ada Owl", "Bo Mouse")),
        ([{"name": "Ada Owl"}, {"name": "Bo Mouse"}], ("Ada Owl", "Bo Mouse")),
        ("Ada Owl, Bo Mouse and Cy Hay", ("Ada Owl", "Bo Mouse", "Cy Hay")),
        ("Ada Owl, Bo Mouse, and Cy Hay", ("Ada Owl", "Bo Mouse", "Cy Hay")),
        ("Owl, Ada; Mouse, Bo", ("Owl, Ada", "Mouse, Bo")),
        ("Owl, Ada and Mouse, Bo", ("Owl, Ada", "Mouse, Bo")),
        ("Owl, Ada", ("Owl, Ada",)),
        ("Ada Owl", ("Ada Owl",)),
        ("", ()),
        (None, ()),
    ],
)
def test_authors(tmp_path: Path, authors: object, names: tuple[str, ...]) -> None:
    assert read_record(tmp_path, authors=authors).authors == names


@pytest.mark.parametrize("form", [{}, {"authors_parsed": []}, {"DOI": "10.1000/1"}], ids=["plain", "arxiv", "csl"])
def test_a_record_whose_abstract_is_a_book_is_left_out(tmp_path: Path, form: dict[str, object]) -> None:
    longest = "Owls hear. " * 9_090 + "Owls hear."
    assert len(longest) == 100_000
    books = [{"title": title, "abstract": text, **form} for title, text in (("A", longest), ("B", f"{longest}!"))]
    mostly_spaces = {"title": "C", "abstract": f"Owls{' ' * 1_000_000}hear.", **form}  # refused before it is cleaned
    found = read([write_lines(tmp_path / "books.jsonl", *books, mostly_spaces)])
    assert [each.abstract for each in found.papers] == [longest]
    assert [each.reason for each in found.left_out] == [
        "the abstract of “B” has 100,001 characters; at most 100,000 are taken",
        "the abstract of “C” has 1,000,009 characters; at most 100,000 are taken",
    ]


def test_where_json_breaks_off_is_said_in_whole_sentences(tmp_path: Path) -> None:
    found = read([write_lines(tmp_path / "cut.jsonl", {"title": OWLS, "abstract": OWLS_ABSTRACT}, '{"title": "Owls')])
    assert [each.reason for each in found.left_out] == ["not JSON: Unterminated string starting at column 11"]


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ({"published": "2024-03-17T10:00:00Z"}, "2024-03-17"),
        ({"published": "2024/3/7"}, "2024-03-07"),
        ({"published": "20240317"}, "2024-03-17"),
        ({"date": "2024-03"}, "2024-03"),
        ({"date": "Mon, 2 Apr 2007 19:18:42 GMT"}, "2007-04-02"),
        ({"date": "March 17, 2024"}, "2024-03-17"),
        ({"date": "Sept. 2024"}, "2024-09"),
        ({"year": 2024}, "2024"),
        ({"published": "soon", "year": "2024"}, "2024"),
        ({"published": "2024-02-31"}, "2024-02"),
        ({"published": "2020-13-45"}, "2020"),
        ({"published": "2020-00-05"}, "2020"),
        ({"published": "31 April 2024"}, "2024-04"),
        ({"published": "February 30, 2024", "year": "2024"}, "2024-02"),
        ({"published": "2024-02-29"}, "2024-02-29"),
        ({"published": "12 Owls 1995"}, None),
        ({"published": "1234-13-45"}, None),
        ({"published": "17/03/2024"}, None),
        ({"year": True}, None),
        ({}, None),
    ],
)
def test_published(tmp_path: Path, fields: dict[str, Any], published: str | None) -> None:
    assert read_record(tmp_path, **fields).published == published


def test_topics_and_links(tmp_path: Path) -> None:
    paper = read_record(
        tmp_path,
        topics=["birds"],
        categories="cs.CL stat.ML",
        code=["https://github.com/a/b.git", "https://example.org/code", "javascript:x"],
        abstract="Open at github.com/a/b and https://gitlab.com/c/d.",
    )
    assert paper.topics == ("birds", "cs.CL", "stat.ML")
    assert paper.code == ("https://github.com/a/b", "https://example.org/code", "https://gitlab.com/c/d")


def test_json_text_is_cleaned_of_newlines_and_lone_surrogates(tmp_path: Path) -> None:
    line = (
        '{"title": "Owls\\n \\ud800 by  Night\\u202e", "abstract": "One\\r\\nline.\\n\\nTwo\\u0000 \\udfff  spaces."}'
    )
    assert pairs(read([write_lines(tmp_path / "a.jsonl", line)])) == [("Owls by Night", "One line.\n\nTwo   spaces.")]


# Files and folders


def test_a_folder_is_read_in_order_and_deeply_and_other_files_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    (folder / "b").mkdir(parents=True)
    (folder / ".git").mkdir()
    for name in ("b/z.txt", ".hidden.txt", ".git/a.txt"):
        (folder / name).write_text(DENSE_PAGE, encoding="utf-8")
    write_lines(folder / "A.JSONL", {"title": BREAD, "abstract": BREAD_ABSTRACT})
    (folder / "notes.md").write_text("# Notes", encoding="utf-8")
    reading = read([folder, folder / "b" / "z.txt"])
    assert reading.sources == {"A.JSONL": 1, "b/z.txt": 3}
    assert [paper.title for paper in reading.papers] == [BREAD, OWLS, TIDES]
    assert reading.papers[0].sources == ("A.JSONL", "b/z.txt")
    assert [(each.source, each.line) for each in reading.left_out] == [("notes.md", None)]


def test_a_file_that_is_named_is_read_whatever_its_suffix(tmp_path: Path) -> None:
    assert len(read_text(tmp_path, DENSE_PAGE, "page.md").papers) == 3
    assert len(read_text(tmp_path, json.dumps({"title": OWLS, "abstract": "Text."}), "papers.txt").papers) == 1


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("bad.txt", b"", None, "empty"),
        ("bad.txt", b"\xef\xbb\xbf \r\n\n", None, "empty"),
        ("bad.txt", b"%PDF-1.7\n...", None, "a damaged PDF"),
        ("bad.txt", b"PK\x03\x04...", None, "damaged: its packed data can't be read"),
        ("bad.txt", b"Owls\nand\x00mice\n", 2, "binary, or UTF-16 without its byte order mark: a NUL at byte 8"),
        ("bad.txt", b"Owls\n" * 2000 + b"\x00", 2001, "binary: a NUL at byte 10000"),
        ("bad.txt", "Owls\nCafé in the dark.\n".encode("latin-1"), 2, "not UTF-8: byte 8 of the file is 0xe9"),
        ("bad.txt", b"\n<!DOCTYPE html>\n<html>", None, "an HTML page"),
        ("bad.txt", b"<!-- saved --><HTML lang=en>", None, "an HTML page"),
        ("bad.txt", b"numpy\npandas\ntorch\n", None, "not a listing: 3 lines could be titles"),
        ("bad.txt", b"Mar 17\nSubscribe\n", None, "not a listing: no line is a title"),
        ("bad.jsonl", b"Owls\nWe listen to owls.\n", 1, "none of its 2 records is a paper; the first: not JSON"),
        ("bad.json", b"[]", None, "no record in it"),
        ("bad.json", b'[\n{"title": "x",\n}', 3, "not JSON from here on"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_the_others_are_read(
    tmp_path: Path, name: str, content: bytes, line: int | None, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "page.txt").write_text(DENSE_PAGE, encoding="utf-8")
    reading = read([tmp_path / name, tmp_path / "page.txt"])
    assert (pairs(reading), reading.sources) == (PAIRS, {"page.txt": 3})
    (left_out,) = reading.left_out
    assert (left_out.source, left_out.line) == (name, line)
    assert left_out.reason.startswith(reason)
    with pytest.raises(SourceError, match=name):
        read([tmp_path / name])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_file_with_its_byte_order_mark_is_decoded(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "page.txt").write_bytes(BLANK_PAGE.replace("\n", "\r\n").encode(encoding))
    line = json.dumps({"title": "Caf\u00e9", "abstract": "Text."}, ensure_ascii=False)
    (tmp_path / "papers.jsonl").write_bytes(line.encode(encoding))
    reading = read([tmp_path])
    assert pairs(reading) == [*PAIRS, ("Caf\u00e9", "Text.")]
    assert reading.left_out == ()


def test_utf16_that_breaks_off_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_bytes("Owls\nhear".encode("utf-16")[:-1])
    with pytest.raises(SourceError, match="UTF-16 breaks off"):
        read([tmp_path])


def test_a_source_that_does_not_exist_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text(DENSE_PAGE, encoding="utf-8")
    with pytest.raises(SourceError, match=r"No such file or folder: .*nowhere\.txt"):
        read([tmp_path / "page.txt", tmp_path / "nowhere.txt"])


def test_nothing_readable_is_an_error_that_lists_why(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="an empty folder"):
        read([tmp_path])
    for number in range(12):
        (tmp_path / f"{number:02}.txt").touch()
    with pytest.raises(SourceError, match=r"(?s)00\.txt: empty.*and 2 more"):
        read(str(tmp_path))


def test_what_was_left_out_is_told_in_one_line() -> None:
    assert str(LeftOut("a.txt", 7, "empty")) == "a.txt:7: empty"
    assert str(LeftOut("a.txt", None, "empty")) == "a.txt: empty"
