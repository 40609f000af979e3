"""Lists of papers can be handed on: every format keeps what the papers say, and nothing in them breaks out of it."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from index.papers import Paper
from rag.answer import Match, Quote
from rag.engine import Engine
from rag.lists import FORMATS, PaperList

TIDE = Paper(
    "arxiv:2401.01234",
    "TideNet: Forecasting Sea Levels",
    "TideNet forecasts sea levels. It is fast.",
    authors=("Ada Tide", "Björn Ström"),
    published="2024-01-05",
    url="https://arxiv.org/abs/2401.01234",
    topics=("forecasting", "oceans"),
)
HOSTILE = Paper(
    "title:hostile",
    '=HYPERLINK("x") 50% of A_B & C#1 {\\alpha} $x$ ~ ^ *bold* [a](b) <b>`c`</b> | "q", ï',
    "=1+1 }{ *** \\end\r\nER  - \r\nTY  - JOUR",
    authors=("O'Neil, {Ann}", "@cmd"),
    url="javascript:alert(1)",
    topics=("-topic", "\t=tab"),
)


def listed(*papers: Paper, request: str = "sea levels", note: str = "") -> PaperList:
    return PaperList(request, tuple(matches(papers)), note)


def matches(papers: Sequence[Paper]) -> list[Match]:
    firsts = [Quote(paper.abstract.split(". ")[0], 0, len(paper.abstract.split(". ")[0]), 0.5) for paper in papers]
    by = ("words", "meaning")
    return [
        Match(paper, 1 / rank, (first,), by) for rank, (paper, first) in enumerate(zip(papers, firsts, strict=True), 1)
    ]


def bibtex(*papers: Paper) -> list[str]:
    """Return the entries, after checking that braces balance and each entry ends where it should."""
    depth, entries, start = 0, [], 0
    text = listed(*papers).to_bibtex()
    for at, letter in enumerate(text):
        if letter in "{}":  # BibTeX counts those behind a backslash too
            depth += 1 if letter == "{" else -1
            assert depth >= 0
            if depth == 0:
                entries.append(text[start : at + 1].strip())
                start = at + 1
    assert depth == 0
    assert text[start:].strip() == ""
    return entries


def keys(*papers: Paper) -> list[str]:
    return [re.sub(r"^@misc\{([^,]*),.*", r"\1", entry, flags=re.S) for entry in bibtex(*papers)]


# BibTeX


def test_bibtex_is_one_entry_a_paper_with_what_is_known() -> None:
    assert listed(TIDE).to_bibtex() == (
        "@misc{tide2024tidenet,\n"
        "  title = {{TideNet: Forecasting Sea Levels}},\n"
        "  author = {Ada Tide and Björn Ström},\n"
        "  year = {2024},\n"
        "  url = {https://arxiv.org/abs/2401.01234},\n"
        "  eprint = {2401.01234},\n"
        "  archiveprefix = {arXiv},\n"
        "}\n"
    )


def test_bibtex_keys_are_unique() -> None:
    assert keys(TIDE, replace(TIDE, id="title:b"), TIDE) == [
        "tide2024tidenet",
        "tide2024tidenet-2",
        "tide2024tidenet-3",
    ]


@pytest.mark.parametrize(
    ("authors", "title", "key"),
    [
        (("Ström, Björn",), "On the Élan of Models", "stromelan"),
        (("O'Neil",), "A B", "oneil"),
        ((), "Moss Grows", "papermoss"),
        (("",), "Moss Grows", "papermoss"),
        ((" , ",), "Moss Grows", "papermoss"),
        (("李明",), "深度学习", "paper"),
    ],
)
def test_a_bibtex_key_is_plain_letters_whatever_the_names(authors: tuple[str, ...], title: str, key: str) -> None:
    assert keys(Paper("title:x", title, "", authors=authors)) == [key]


def test_bibtex_escapes_what_latex_would_read() -> None:
    [entry] = bibtex(HOSTILE)
    for escaped in (r"50\%", r"A\_B", r"\&", r"C\#1", r"{}\textbackslash{}alpha", r"\$x\$", r"\textasciitilde{}"):
        assert escaped in entry
    assert r"author = {O'Neil, \textbraceleft{}Ann\textbraceright{} and @cmd}" in entry
    assert "javascript" not in entry


def test_bibtex_addresses_cannot_end_their_field() -> None:
    paper = Paper("doi:10.1000/(sici)a{b}", "Moss", "", url="https://example.org/a_b%20c{d}} e\\f")
    [entry] = bibtex(paper)
    assert "url = {https://example.org/a_b%20c%7Bd%7D%7D%20e%5Cf}" in entry
    assert "doi = {10.1000/(sici)a%7Bb%7D}" in entry


def test_bibtex_of_an_engine_s_list_has_balanced_braces(engine: Engine) -> None:
    found = [match.paper for match in engine.papers("private fine-tuning with sparse noise", limit=10).matches]
    assert len(found) == len(bibtex(*found)) == len(set(keys(*found))) == 10


# CSV


def rows(paper_list: PaperList) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(paper_list.to_csv(), newline="")))


def test_csv_is_a_table_that_a_reader_reads_back() -> None:
    quoted = replace(TIDE, title='Tides, "Moons"\nand Ships')
    first, second = rows(listed(TIDE, quoted))
    assert first == {
        "rank": "1",
        "title": TIDE.title,
        "why": "TideNet forecasts sea levels",
        "authors": "Ada Tide; Björn Ström",
        "published": "2024-01-05",
        "url": "https://arxiv.org/abs/2401.01234",
        "topics": "forecasting; oceans",
        "score": "1.000",
        "id": "arxiv:2401.01234",
        "found_by": "words; meaning",
    }
    assert (second["title"], second["score"], second["rank"]) == (quoted.title, "0.500", "2")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_cells_that_a_spreadsheet_would_run_are_made_text(start: str) -> None:
    run = f"{start}cmd"
    [row] = rows(listed(Paper(run, run, run, (run, "b"), run, run, topics=(run,))))
    assert {name for name, cell in row.items() if cell.startswith(f"'{start}")} == row.keys() - {
        "rank",
        "score",
        "found_by",
    }


def test_csv_of_nothing_is_its_header() -> None:
    assert listed().to_csv() == "rank,title,why,authors,published,url,topics,score,id,found_by\r\n"


# RIS


def test_ris_is_one_record_a_paper_between_ty_and_er() -> None:
    records = listed(TIDE, HOSTILE).to_ris().split("\r\n\r\n")
    assert records.pop() == ""
    assert len(records) == 2
    for record in records:
        lines = record.split("\r\n")
        assert [line[:6] for line in lines].count("TY  - ") == [line[:6] for line in lines].count("ER  - ") == 1
        assert (lines[0], lines[-1]) == ("TY  - GEN", "ER  - ")
        assert all(re.match(r"[A-Z]{2}  - ", line) for line in lines)


def test_ris_holds_what_is_known() -> None:
    assert listed(TIDE).to_ris().split("\r\n") == [
        "TY  - GEN",
        "TI  - TideNet: Forecasting Sea Levels",
        "AU  - Ada Tide",
        "AU  - Björn Ström",
        "PY  - 2024",
        "DA  - 2024/01/05",
        "AB  - TideNet forecasts sea levels. It is fast.",
        "UR  - https://arxiv.org/abs/2401.01234",
        "KW  - forecasting",
        "KW  - oceans",
        "ER  - ",
        "",
        "",
    ]


# Markdown and JSON


def test_markdown_is_a_numbered_list_with_link_people_date_and_reason() -> None:
    unpaged = replace(TIDE, id="title:tidenet", url=None)
    assert listed(TIDE, replace(unpaged, authors=(), published=None), note="Few.").to_markdown() == (
        "# sea levels\n\nFew.\n\n"
        "1. [TideNet: Forecasting Sea Levels](https://arxiv.org/abs/2401.01234)\n"
        "   Ada Tide, Björn Ström · 2024-01-05 · found by words and meaning\n"
        "   > TideNet forecasts sea levels\n"
        "2. **TideNet: Forecasting Sea Levels**\n"
        "   found by words and meaning\n"
        "   > TideNet forecasts sea levels\n"
    )


def test_markdown_escapes_what_would_be_mark_up() -> None:
    text = listed(HOSTILE, request="<script> # *x*\n# y").to_markdown()
    assert r"\*bold\* \[a\](b) \<b\>\`c\`\</b\> \|" in text
    assert text.startswith("# \\<script\\> \\# \\*x\\* \\# y\n")
    assert not re.search(r"(?<!\\)[<`\[\]]", text)
    assert "javascript" not in text


def test_a_paper_without_an_address_is_linked_by_its_arxiv_id_or_doi() -> None:
    for paper_id, page in (("arxiv:2401.01234", TIDE.url), ("doi:10.1/x", "https://doi.org/10.1/x")):
        for url in (None, "javascript:alert(1)"):
            assert f"]({page})\n" in listed(replace(TIDE, id=paper_id, url=url)).to_markdown()


def test_markdown_links_cannot_be_left_by_their_address() -> None:
    text = listed(replace(TIDE, url="https://example.org/a) [b](https://evil.example <i>")).to_markdown()
    assert "](https://example.org/a%29%20[b]%28https://evil.example%20%3Ci%3E)\n" in text


def test_json_loads_as_what_to_dict_says() -> None:
    found = listed(TIDE, HOSTILE, note="Few.")
    loaded = json.loads(found.to_json())
    assert loaded == found.to_dict()
    assert (loaded["request"], loaded["note"], len(loaded["matches"])) == ("sea levels", "Few.", 2)
    assert loaded["matches"][0]["paper"]["authors"] == ["Ada Tide", "Björn Ström"]
    assert loaded["matches"][0]["found_by"] == ["words", "meaning"]
    assert tuple(Match.from_dict(each) for each in loaded["matches"]) == found.matches
    assert Paper.from_dict(loaded["matches"][1]["paper"]) == HOSTILE


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_papers_of_which_little_is_known(name: str) -> None:
    bare = PaperList("moss", (Match(Paper("title:moss", "Moss", ""), 0.5),))
    assert "Moss" in FORMATS[name](bare)
    assert "Moss" not in FORMATS[name](PaperList("", ()))


# Where a list ends


def test_a_list_without_limit_ends_where_relevance_does(engine: Engine) -> None:
    found = engine.papers("private fine-tuning with sparse noise")
    assert found.matches[0].paper.title.startswith("DP-Moss")
    assert found.matches[0].found_by == ("words", "meaning")
    assert len(found) < 10
