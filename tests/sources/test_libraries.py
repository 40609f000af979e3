"""BibTeX, RIS and tables become papers; what is wrong with them is named by line."""

from pathlib import Path

import pytest

from index.errors import SourceError
from index.paper import Paper
from index.sources import LeftOut, Reading, read

OWLS = "Owls Hear in the Dark"
ABSTRACT = "We listen to owls in twelve barns."


def reading(folder: Path, text: str, name: str) -> Reading:
    path = folder / name
    path.write_bytes(text.encode())
    return read([path])


def paper(folder: Path, text: str, name: str) -> Paper:
    (found,) = reading(folder, text, name).papers
    return found


# BibTeX

LIBRARY = r"""% Encoding: UTF-8
@string{jon = "Journal of Night"}

@article{owl2024,
  title = {{OWL}s Hear in the {D}ark -- a $\beta$-{S}tudy of {\"U}ber{\-}quiet \emph{barns}},
  author = {Owl, Ada and de la M{\'u}se, Bo and {The Barn Project} and others},
  journal = jon,
  year = 2024, month = mar,
  doi = {10.1234/owls.5},
  eprint = {2403.01234}, archivePrefix = {arXiv}, primaryClass = {cs.SD},
  url = {https://example.org/owls\_5},
  keywords = {owls; barns},
  abstract = {We listen to owls in
    twelve barns at 5\% of $O(n^2)$; ``hear'' them.},
}
@comment{jabref-meta: databaseType:bibtex;}
@inproceedings{bare, title = "No Abstract Here", year = "2020"}
"""


def test_an_entry_of_bibtex_is_read_without_its_tex(tmp_path: Path) -> None:
    found = reading(tmp_path, LIBRARY, "my.bib")
    assert found.papers == (
        Paper(
            "arxiv:2403.01234",
            "OWLs Hear in the Dark – a \u03b2-Study of Überquiet barns",
            "We listen to owls in twelve barns at 5% of $O(n^2)$; “hear” them.",
            authors=("Ada Owl", "Bo de la Múse", "The Barn Project"),
            published="2024-03",
            url="https://example.org/owls_5",
            topics=("owls", "barns", "cs.SD"),
            sources=("my.bib",),
            other_ids=("doi:10.1234/owls.5",),
        ),
    )
    assert found.left_out == (LeftOut("my.bib", 17, "no abstract of “No Abstract Here”"),)


def test_bibtex_is_told_by_its_content(tmp_path: Path) -> None:
    assert len(reading(tmp_path, LIBRARY, "library.txt").papers) == 1


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ("date = {2024-03-17}", "2024-03-17"),
        ("date = {2024-03/2024-05}", "2024-03"),
        ("year = {2024}, month = {3}", "2024-03"),
        ("year = {2024}, month = {March}", "2024-03"),
        ("year = 2024", "2024"),
        ("year = {in press}", None),
    ],
)
def test_dates_of_bibtex(tmp_path: Path, fields: str, published: str | None) -> None:
    text = f"@article{{x, title={{{OWLS}}}, abstract={{{ABSTRACT}}}, {fields}}}"
    assert paper(tmp_path, text, "a.bib").published == published


@pytest.mark.parametrize(
    "field",
    [
        "eprint={2403.01234}",
        "journal={arXiv preprint arXiv:2403.01234}",
        "note={ArXiv: 2403.01234v2 [cs]}",
        "url={https://arxiv.org/abs/2403.01234}",
        "doi={10.48550/arXiv.2403.01234}",
    ],
)
def test_the_arxiv_id_of_bibtex_stands_in_many_places(tmp_path: Path, field: str) -> None:
    text = f"@misc{{x, title={{{OWLS}}}, abstract={{{ABSTRACT}}}, {field}}}"
    assert paper(tmp_path, text, "a.bib").id == "arxiv:2403.01234"


def test_entries_that_are_repeated_or_damaged_do_not_harm_the_others(tmp_path: Path) -> None:
    def entry(key: str, title: str, more: str = "") -> str:
        return f"@article{{{key},\n title={{{title}}},{more}\n abstract={{{ABSTRACT}}}\n}}\n"

    damaged = "@article{d,\n title={Never closed,\n year=2020\n"
    text = (
        entry("a", "One") + entry("a", "Two") + entry("b", "Three", "\n title={Again},") + damaged + entry("c", "Four")
    )
    found = reading(tmp_path, text, "a.bib")
    assert [each.title for each in found.papers] == ["One", "Two", "Three", "Four"]
    assert [(each.line, each.reason[:12]) for each in found.left_out] == [(14, "not BibTeX: ")]


# RIS

RECORDS = """TY  - JOUR
AU  - Owl, Ada
AU  - Mouse, Bo
TI  - Owls of <i>Tyto</i>
AB  - We listen to owls
in twelve barns.
PY  - 2024/03/02/
DO  - 10.1234/owls.5
UR  - https://example.org/owls
KW  - owls
KW  - barns
ER  -

TY  - CONF
T1  - Mice
A1  - Hay, Cy
Y1  - 2020///
N2  - They run.
ER  -

TY  - BOOK
TI  - Bare
ER  -
"""


def test_records_of_ris(tmp_path: Path) -> None:
    found = reading(tmp_path, RECORDS, "export.ris")
    assert found.papers == (
        Paper(
            "doi:10.1234/owls.5",
            "Owls of Tyto",
            "We listen to owls in twelve barns.",
            authors=("Owl, Ada", "Mouse, Bo"),
            published="2024-03-02",
            url="https://example.org/owls",
            topics=("owls", "barns"),
            sources=("export.ris",),
        ),
        Paper("title:mice", "Mice", "They run.", authors=("Hay, Cy",), published="2020", sources=("export.ris",)),
    )
    assert found.left_out == (LeftOut("export.ris", 21, "no abstract of “Bare”"),)


def test_ris_is_told_by_its_content_and_read_however_its_lines_end(tmp_path: Path) -> None:
    assert len(reading(tmp_path, "\ufeff" + RECORDS.replace("\n", "\r\n"), "export.txt").papers) == 2


def test_a_record_of_ris_ends_where_the_next_one_begins(tmp_path: Path) -> None:
    assert len(reading(tmp_path, RECORDS.replace("ER  -\n", ""), "a.ris").papers) == 2


def test_ris_without_end_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a record of more than 10,000 lines"):
        reading(tmp_path, "TY  - JOUR\n" + "KW  - owl\n" * 20_000, "a.ris")


# Tables


@pytest.mark.parametrize(
    ("name", "header", "between"),
    [
        ("a.csv", "title,abstract,authors,year,doi", ","),
        ("a.csv", '"Title";"Abstract Note";"Author";"Publication Year";"DOI"', ";"),
        ("a.tsv", "TI\tAB\tAU\tPY\tDI", "\t"),
        ("a.txt", "Article Title|Summary|Author(s)|Published|doi", "|"),
        ("a.csv", "sep=;\ntitle;abstract;authors;date;doi", ";"),
        ("a.csv", "\ufeffTITLE , ABSTRACT , AUTHORS , YEAR , DOI", ","),
    ],
)
def test_a_table_with_the_usual_columns(tmp_path: Path, name: str, header: str, between: str) -> None:
    row = between.join((OWLS, f'"{ABSTRACT}"', "Ada Owl and Bo Mouse", "2024", "10.1234/owls.5"))
    assert paper(tmp_path, f"{header}\n{row}\n", name) == Paper(
        "doi:10.1234/owls.5",
        OWLS,
        ABSTRACT,
        authors=("Ada Owl", "Bo Mouse"),
        published="2024",
        url="https://doi.org/10.1234/owls.5",
        sources=(name,),
    )


def test_cells_may_hold_lines_and_quotes_and_faults_carry_the_line_of_their_row(tmp_path: Path) -> None:
    text = (
        "id,title,abstract,arxiv,url,keywords,tags,code\n"
        f'7,{OWLS},"One ""line"".\n\nTwo, lines.",2403.01234,https://example.org,"a; b",c,https://github.com/a/b\n'
        "\n"
        "8,Bare,,,,,,\n"
        "9,Short\n"
    )
    found = reading(tmp_path, text, "a.csv")
    assert found.papers == (
        Paper(
            "arxiv:2403.01234",
            OWLS,
            'One "line".\n\nTwo, lines.',
            url="https://example.org",
            code=("https://github.com/a/b",),
            topics=("a", "b", "c"),
            sources=("a.csv",),
        ),
    )
    assert found.left_out == (
        LeftOut("a.csv", 6, "no abstract of “Bare”"),
        LeftOut("a.csv", 7, "no abstract of “Short”"),
    )


def test_a_table_without_titles_or_abstracts_names_the_columns_that_it_has(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        reading(tmp_path, "Name,Title,Price\nx,y,5\n", "a.csv")
    assert str(refused.value).endswith(
        "a.csv:1: a table without a column “abstract”; its columns are: Name, Title, Price. "
        "Rename them in its first line"
    )


def test_a_quote_that_is_not_closed_and_a_line_that_is_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        f"title,abstract\n{OWLS},{ABSTRACT}\nCaf".encode() + b"\xe9,x\n" + b'Open,"' + b"no end\n" * 30_000
    )
    found = read([path])
    assert [each.title for each in found.papers] == [OWLS]
    assert [(each.line, each.reason[:25]) for each in found.left_out] == [
        (3, "not UTF-8: byte 75 of the"),
        (4, "not a table from here on:"),
    ]
