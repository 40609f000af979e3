"""Papers whose texts want to be more than text in an export: other programs read it back, one entry for each paper."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import rispy
from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware, SeparateCoAuthors
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from index.papers import Paper
from rag.answer import Match, Quote
from rag.lists import PaperList

TRICKS = (
    *(
        "}}\n@article{evil, title={x}}\n",
        "a} , note = {b",
        "{",
        "}",
        "\\",
        "x\\",
        "\\}",
        "\\input{/etc/passwd}",
        "@a{b,",
    ),
    *(
        "\r\nER  - \r\n\r\nTY  - JOUR\r\nTI  - Evil",
        "ER  - ",
        "\nTI  - x",
        "\x1eTI  - x",
        "\x85ER  - ",
        "\u2028TY  - GEN",
    ),
    *("</li><script>alert(1)</script>", "[a](javascript:alert(1))", "![a](//evil.example)", "`b", "<!--", "\n\n# head"),
    *(
        "- a",
        "1. a",
        "1) a",
        "+ a",
        "===",
        "---",
        "> a",
        "    code",
        "~~~",
        "|a|b|",
        "&lt;b&gt;",
        "[a]: http://evil.example",
    ),
    *(
        "=1+1",
        "\uff1d1+1",
        " \uff0b1",
        "\t\u22121",
        "\ufe631",
        "\uff20A1",
        "a;=1",
        "a,@b",
        'a"=1',
        "a'+1",
        "a|-1",
        "a\n=1",
        "\ufeff=1",
        "\u200b =1",
    ),
    *(
        "\x00",
        "a\x07b",
        "\ud800",
        "a\udfff",
        '"',
        '""',
        "'",
        "%",
        "#",
        "A and B",
        "and",
        "AND",
        ",",
        "a,b,c,d,e",
        "others",
        "",
    ),
)
text = st.one_of(
    st.sampled_from(TRICKS),
    st.text(st.characters(codec=None), max_size=30),
    st.lists(st.one_of(st.sampled_from(TRICKS), st.text(max_size=5)), max_size=4).map("".join),
)
paper = st.builds(
    Paper,
    id=st.one_of(text, text.map("arxiv:{}".format), text.map("doi:{}".format), text.map("title:{}".format)),
    title=text,
    abstract=text,
    authors=st.lists(text, max_size=3).map(tuple),
    published=st.one_of(st.none(), text, st.just("2024-05")),
    url=st.one_of(st.none(), text, text.map("https://example.org/{}".format)),
    topics=st.lists(text, max_size=3).map(tuple),
)
papers = st.lists(paper, min_size=1, max_size=3)
many = settings(max_examples=60, deadline=None)
worst = [
    Paper(trick, trick, trick, (trick, "Ann"), trick, f"https://example.org/{trick}", topics=(trick, ""))
    for trick in TRICKS
]


def listed(papers: Sequence[Paper], request: str = "r") -> PaperList:
    return PaperList(
        request, tuple(Match(paper, 1.0, (Quote(paper.abstract, 0, 1, 1.0),), ("words",)) for paper in papers), request
    )


def encoded(text: str) -> str:
    """Return a text that a server can send."""
    return text.encode().decode()


def words(text: str) -> str:
    """Return what of a text every reader keeps as it is: not white space, nor what TeX writes in several ways."""
    lasting = "".join(
        " " if unicodedata.category(letter) in ("Cc", "Cs") or letter == "\ufffd" else letter for letter in text
    )
    return "".join(
        letter for letter in lasting if letter.isascii() and letter.isprintable() and letter not in " -`'\",!?<>^"
    )


@many
@given(papers)
@example(worst)
def test_bibtex_is_one_entry_a_paper(papers: list[Paper]) -> None:
    written = encoded(listed(papers).to_bibtex())
    known = written.replace(r"\textbraceleft{}", r"\{").replace(r"\textbraceright{}", r"\}")  # to the decoder
    library = parse_string(known, append_middleware=[LatexDecodingMiddleware()])
    assert (len(library.blocks), len(library.entries), library.failed_blocks) == (len(papers),) * 2 + ([],)
    named = parse_string(written, append_middleware=[SeparateCoAuthors()])
    for paper, entry, raw in zip(papers, library.entries, named.entries, strict=True):
        fields = {field.key: field.value for field in entry.fields}
        assert fields.keys() <= {"title", "author", "year", "url", "eprint", "archiveprefix", "doi"}
        authors = raw.fields_dict["author"].value if "author" in raw.fields_dict else []
        if all(any(letter.isalnum() for letter in name) for name in paper.authors):  # what others are is up to a reader
            assert len(authors) == len(paper.authors)
        assert words(fields["title"]) == words(paper.title)
    depth = 0
    for letter in written:  # as BibTeX counts, behind a backslash too
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0


def _printed(text: str) -> list[str]:
    return [" " if unicodedata.category(letter) == "Cc" else letter for letter in text]


@many
@given(papers)
@example(worst)
def test_ris_is_one_record_a_paper(papers: list[Paper]) -> None:
    written = encoded(listed(papers).to_ris())
    assert len(re.findall(r"(?m)^TY  - ", written)) == len(re.findall(r"(?m)^ER  - ", written)) == len(papers)
    records: list[dict[str, Any]] = rispy.loads(written)
    assert len(records) == len(papers)
    for paper, record in zip(papers, records, strict=True):
        assert record["type_of_reference"] == "GEN"
        assert record.keys() <= {
            *("type_of_reference", "title", "authors", "year", "date", "abstract", "urls", "keywords")
        }
        assert all(url.lower().startswith(("https://", "http://")) for url in record.get("urls", []))
        assert words(record.get("title", "")) == words(paper.title)


@many
@given(papers)
@example(worst)
def test_csv_is_one_row_a_paper_and_no_cell_is_a_formula(papers: list[Paper]) -> None:
    written = encoded(listed(papers).to_csv())
    header, *rows = csv.reader(io.StringIO(written, newline=""))
    assert [len(row) for row in rows] == [len(header)] * len(papers)
    for paper, row in zip(papers, rows, strict=True):
        assert words(row[1]) == words(paper.title)
        pieces = [
            piece for cell in row for split in (",", ";", "|", "\t", "\r", "\n", '"') for piece in cell.split(split)
        ]
        pieces += [piece for cell in row for piece in re.split('[,;|\t\r\n"]', cell)]
        assert not any(map(formula, pieces))


def formula(cell: str) -> bool:
    """Say whether a spreadsheet may run a cell, that it may have trimmed."""
    shown = [
        letter for letter in unicodedata.normalize("NFKC", cell) if unicodedata.category(letter) not in ("Cc", "Cf")
    ]
    return "".join(shown).strip()[:1] in tuple("=+-@")


@many
@given(papers, text)
@example(worst, "x")
def test_markdown_is_one_item_a_paper_without_markup_of_its_own(papers: list[Paper], request: str) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).parse(encoded(listed(papers, request).to_markdown()))
    assert sum(token.type == "list_item_open" for token in tokens) == len(papers)
    assert sum(token.type == "ordered_list_open" for token in tokens) == 1
    inside = [child for token in tokens for child in token.children or ()]
    types = {token.type.removesuffix("_open").removesuffix("_close") for token in (*tokens, *inside)}
    assert types <= {
        *("heading", "inline", "ordered_list", "list_item", "paragraph", "blockquote"),
        *("text", "softbreak", "strong", "link"),
    }
    links = [child.attrs["href"] for child in inside if child.type == "link_open"]
    assert len(links) == sum(bool(paper.page) for paper in papers)
    assert all(str(link).lower().startswith(("https://", "http://")) for link in links)


@many
@given(papers, text)
@example(worst, "x")
def test_json_is_read_back(papers: list[Paper], request: str) -> None:
    loaded = json.loads(encoded(listed(papers, request).to_json()))
    assert [words(match["paper"]["title"]) for match in loaded["matches"]] == [words(paper.title) for paper in papers]
