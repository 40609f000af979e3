"""The markup of a list: what stands in it, that it is named for everybody, and that no text becomes markup."""

import doctest
import re
from dataclasses import replace

import pytest

from index.papers import Paper
from rag.answer import Match, Quote
from rag.lists import FORMATS, PaperList
from tests.page.outline import Outline
from ui.api.listing import MEDIA_TYPES
from ui.page import lists, table

HOSTILE = '</td><script>window.pwned=1</script><img src=x onerror="window.pwned=1">" onmouseover=\'x\' &amp;'
OURS = set(
    "a abbr b button caption div form h2 i input label li mark option p section select span table tbody td th thead "
    "tr ul".split()
)
UL2 = Paper(
    "arxiv:2205.05131",
    "UL2: Unifying Language Learning",
    "We mix denoisers. UL2 beats T5.",
    authors=("Yi Tay",),
    published="2022-05-10",
    topics=("pretraining", "denoising"),
    sources=("a.txt", "b.txt"),
)
MAPS = Paper(
    "title:maps", "Maps", "We draw maps.", url="javascript:alert(1)", topics=("pretraining",), sources=("a.txt",)
)
WHY = Quote("UL2 beats T5.", 18, 31)
FOUND = PaperList(
    "denoisers", (Match(UL2, 0.9, (WHY,), ("words", "meaning")), Match(MAPS, 0.5, (), ("neighbours",))), "Few."
)


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(lists).failed == 0


def test_a_row_holds_title_reason_topics_date_and_what_found_it() -> None:
    row = re.findall(r"<tr.*?</tr>", table.table(FOUND), re.S)[1]
    told = [Outline(cell).words for cell in re.findall(r"<t[dh] .*?</t[dh]>", row, re.S)]
    assert told == [
        [],
        ["1"],
        ["UL2:", "Unifying", "Language", "Learning", "Abstract", "Cite"],
        ["UL2", "beats", "T5."],
        ["pretraining", "denoising"],
        ["2022-05-10"],
        ["words,", "meaning"],
    ]
    assert 'href="https://arxiv.org/abs/2205.05131"' in row


def test_details_hold_the_abstract_with_the_reason_marked() -> None:
    html = table.table(FOUND)
    assert 'We mix denoisers. <mark data-start="18">UL2 beats T5.</mark>' in html
    assert {"list-1", "list-2"} <= set(Outline(html).values("id"))
    assert Outline(html).values("aria-controls") == ["list-1", "list-2"]


def test_a_table_is_named_and_so_is_everything_in_it_that_can_be_used() -> None:
    outline = Outline(table.table(FOUND))
    assert [tag for tag, _ in outline.tags].count("caption") == 1
    heads = [attributes for tag, attributes in outline.tags if tag == "th"]
    assert [head["scope"] for head in heads] == ["col"] * 7 + ["row"] * 2
    assert [head["aria-sort"] for head in heads if "aria-sort" in head] == ["ascending"]
    boxes = [attributes["aria-label"] for _, attributes in outline.tags if attributes.get("type") == "checkbox"]
    assert boxes == ["Tick all papers shown", "Tick UL2: Unifying Language Learning", "Tick Maps"]


def test_dates_topics_and_sources_are_offered_only_where_papers_differ_in_them() -> None:
    assert Outline(table.table(FOUND)).values("data-filter") == ["word", "topics", "sources", "from", "to"]
    undated = PaperList("x", tuple(Match(replace(MAPS, id=f"title:{n}"), 1.0) for n in range(2)))
    outline = Outline(table.table(undated))
    assert outline.values("data-filter") == ["word"]
    assert "Date" not in outline.words
    assert outline.values("colspan") == ["6", "6"]
    assert "Topic All pretraining (2) denoising (1)" in " ".join(Outline(table.table(FOUND)).words)


def test_every_format_can_be_had_and_a_file_has_its_ending_and_kind() -> None:
    outline = Outline(table.table(FOUND))
    assert (
        set(outline.values("data-format")) == set(table.EXPORTS) == set(FORMATS) == set(lists.ENDINGS) == {*MEDIA_TYPES}
    )


def test_legend_explains_what_stands_there() -> None:
    assert [name for name in ("words", "meaning", "neighbours") if f"<b>{name}</b>" in table.table(FOUND)] == [
        "words",
        "meaning",
        "neighbours",
    ]
    alone = PaperList("x", (Match(UL2, 1.0, (), ("words",)),))
    assert "<b>meaning</b>" not in table.table(alone)
    assert "Found by:" not in table.table(PaperList("x", (Match(UL2, 1.0),)))


def test_nothing_found_says_why_and_what_the_index_holds() -> None:
    told = Outline(table.nothing(PaperList("soup", (), "None of the 2 papers is about that."), 2, [("pretraining", 2)]))
    assert " ".join(told.words) == (
        "soup None of the 2 papers is about that. The index holds 2 papers; its commonest topics are pretraining 2"
    )
    assert " ".join(Outline(table.nothing(PaperList("soup", ()), 1, [])).words).endswith("The index holds 1 paper.")
    assert table.told(PaperList("soup", (), "None.")) == "No papers found. None."
    assert table.told(FOUND) == "2 papers found."


def test_no_text_becomes_markup() -> None:
    paper = Paper(
        HOSTILE, HOSTILE, f"{HOSTILE}. More.", (HOSTILE,), HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE, "b"), (HOSTILE, "c")
    )
    found = PaperList(
        HOSTILE, (Match(paper, 1.0, (Quote(paper.abstract, 0, len(paper.abstract)),), ("words",)),), HOSTILE
    )
    for html in (
        table.form([HOSTILE], HOSTILE),
        table.table(found),
        table.nothing(found, 1, [(HOSTILE, 1)]),
        table.working(HOSTILE),
        table.failed(HOSTILE),
        table.told(PaperList("x", (), HOSTILE)),
    ):
        outline = Outline(html)
        assert {tag for tag, _ in outline.tags} <= OURS
        assert not [name for _, attributes in outline.tags for name in attributes if name.startswith("on")]
        assert "window.pwned=1" in html
    assert not [value for value in Outline(table.table(found)).values("href") if "semanticscholar" not in value]


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("papers on LoRA & QLoRA", "papers-on-lora-qlora.csv"),
        ("../../etc/passwd", "etc-passwd.csv"),
        ("???", "papers.csv"),
        ("Lernkurven für Übersetzung", "lernkurven-für-übersetzung.csv"),
        ("x" * 300, f"{'x' * 60}.csv"),
    ],
)
def test_a_file_is_named_after_its_request(request_: str, name: str) -> None:
    assert lists.file_name(request_, "csv") == name
