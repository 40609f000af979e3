"""The first pages of a PDF become a paper; a PDF that does not say what it is, is named with the way out."""

import zlib
from pathlib import Path

import pytest
from fpdf import FPDF
from fpdf.enums import EncryptionMethod
from PIL import Image

from index.errors import SourceError
from index.paper import Paper
from index.sources import read
from index.sources.pages import PageReader
from index.sources.text import Unreadable

TITLE = "Owls Hear in the Dark: A Study of Twelve Barns and Their Straw"
ABSTRACT = (
    "We listen to owls in twelve barns. They hear mice through 30 cm of straw, and we show how far their fine-tuned "
    "ears reach. A small network of forty weights predicts the catch of a night within two mice. The owls were not "
    "harmed, and neither were most of the mice; all of the recordings are open to everyone who wants to listen."
)
BODY = "Owls are fine-tuned to the night and mice are not, which makes the night long for a mouse. " * 12


class Sheet(FPDF):
    """A page of A4 with a serif font, on which text can be set in columns."""

    def __init__(self) -> None:
        super().__init__()
        self.set_auto_page_break(False)
        self.add_page()

    def block(self, text: str, size: float, left: float = 20, width: float = 170, style: str = "") -> None:
        """Set text below what stands in the column."""
        self.set_font("Times", style, size)
        self.set_x(left)
        self.multi_cell(width, size * 0.45, text, align="L", new_x="LEFT", new_y="NEXT")

    def save(self, path: Path) -> Path:
        self.output(str(path))
        return path


def article(title: str = TITLE, heading: str = "Abstract", abstract: str = ABSTRACT) -> Sheet:
    """Return a paper in one column."""
    sheet = Sheet()
    sheet.block(title, 17)
    sheet.block("Ada Owl, Bo Mouse\nUniversity of the Night", 11)
    sheet.block(heading, 12, style="B")
    sheet.block(abstract, 10)
    sheet.block("1 Introduction", 12, style="B")
    sheet.block(BODY, 10)
    return sheet


def paper_of(path: Path) -> Paper:
    (paper,) = read([path]).papers
    return paper


def test_title_and_abstract_of_a_page_with_one_column(tmp_path: Path) -> None:
    paper = paper_of(article().save(tmp_path / "owls.pdf"))
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)
    assert (paper.authors, paper.published, paper.id, paper.sources) == ((), None, paper.id, ("owls.pdf",))
    assert paper.id.startswith("title:owls-hear")


def test_title_and_abstract_of_a_page_with_two_columns(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.block(TITLE, 18)
    sheet.block("Ada Owl and Bo Mouse", 11)
    top = sheet.get_y() + 5
    sheet.set_y(top)
    sheet.block(f"Abstract. {ABSTRACT}", 9, width=82, style="B")
    sheet.block("Index Terms: owls, barns", 9, width=82)
    sheet.block("I. INTRODUCTION", 10, width=82)
    sheet.block(BODY, 10, width=82)
    sheet.set_y(top)
    sheet.block(BODY, 10, left=108, width=82)
    paper = paper_of(sheet.save(tmp_path / "owls.pdf"))
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)


def test_the_stamp_of_arxiv_names_paper_version_date_and_category(tmp_path: Path) -> None:
    sheet = article()
    with sheet.rotation(90, 10, 200):
        sheet.set_font("Times", "", 20)
        sheet.text(10, 200, "arXiv:2403.01234v2  [cs.SD]  17 May 2024")
    paper = paper_of(sheet.save(tmp_path / "owls.pdf"))
    assert (paper.id, paper.title, paper.topics) == ("arxiv:2403.01234", TITLE, ("cs.SD",))
    assert (paper.published, paper.version, paper.updated) == ("2024-03", 2, "2024-05-17")


def test_a_file_that_is_called_by_its_arxiv_id_is_that_paper(tmp_path: Path) -> None:
    paper = paper_of(article().save(tmp_path / "2403.01234v3.pdf"))
    assert (paper.id, paper.published, paper.title) == ("arxiv:2403.01234", "2024-03", TITLE)


def test_the_only_doi_on_the_first_page_is_that_of_the_paper(tmp_path: Path) -> None:
    sheet = article()
    sheet.block("https://doi.org/10.1234/owls.5.", 8)
    assert paper_of(sheet.save(tmp_path / "one.pdf")).id == "doi:10.1234/owls.5"
    sheet = article()
    sheet.block("10.1234/owls.5 cites 10.1234/mice.6", 8)
    assert paper_of(sheet.save(tmp_path / "two.pdf")).id.startswith("title:")


def test_what_the_file_says_of_itself_counts_where_its_pages_agree(tmp_path: Path) -> None:
    sheet = article()
    sheet.set_title("owls hear in the dark: a study of twelve barns and their straw")
    sheet.set_author("Ada Owl; Bo Mouse")
    paper = paper_of(sheet.save(tmp_path / "right.pdf"))
    assert (paper.title.lower(), paper.authors) == (TITLE.lower(), ("Ada Owl", "Bo Mouse"))
    sheet = article()
    sheet.set_title("Microsoft Word - final2.docx")
    sheet.set_author("Some Typist")
    paper = paper_of(sheet.save(tmp_path / "wrong.pdf"))
    assert (paper.title, paper.authors) == (TITLE, ())


def test_words_cut_at_the_end_of_a_line_are_made_whole(tmp_path: Path) -> None:
    cut = ABSTRACT.replace("forty weights", "for-\nty weights").replace("fine-tuned ears", "fine-\ntuned ears")
    sheet = article(abstract=cut)
    assert paper_of(sheet.save(tmp_path / "owls.pdf")).abstract == ABSTRACT


def test_a_paper_behind_a_cover_page_is_found(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.block("Archive of Open Barns", 14)
    sheet.add_page()
    sheet.block(TITLE, 17)
    sheet.block("Abstract", 12)
    sheet.block(ABSTRACT, 10)
    sheet.block("Keywords: owls", 10)
    paper = paper_of(sheet.save(tmp_path / "owls.pdf"))
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)


def test_what_can_not_be_read_is_named_with_the_way_out_and_the_rest_is_read(tmp_path: Path) -> None:
    article().save(tmp_path / "a-good.pdf")
    locked = article()
    locked.set_encryption("owner", "user", EncryptionMethod.RC4)
    locked.save(tmp_path / "b-locked.pdf")
    (tmp_path / "c-cut.pdf").write_bytes((tmp_path / "a-good.pdf").read_bytes()[:300])
    (tmp_path / "d-none.pdf").write_bytes(b"Not found")
    Sheet().save(tmp_path / "e-blank.pdf")
    letter = Sheet()
    letter.block("Dear owl, the barn is yours. " * 20, 10)
    letter.save(tmp_path / "f-letter.pdf")
    endless = Sheet()
    endless.block("A Title of Some Size", 17)
    endless.block("Abstract", 12)
    endless.block(ABSTRACT, 10)
    endless.save(tmp_path / "g-endless.pdf")
    reading = read([tmp_path])
    assert [paper.title for paper in reading.papers] == [TITLE]
    assert [(each.source[0], each.reason.partition(". ")[0].partition(" (")[0]) for each in reading.left_out] == [
        ("b", "a PDF that needs a password"),
        ("c", "a damaged PDF"),
        ("d", "not a PDF, although it is called one"),
        ("e", "a PDF without text on its first pages"),
        ("f", "a PDF that is not laid out as a paper: no heading “Abstract” was found on its first pages"),
        ("g", "a PDF that is not laid out as a paper: where its abstract ends was not found"),
    ]


def test_a_scanned_paper_is_told_from_an_empty_one(tmp_path: Path) -> None:
    sheet = Sheet()
    sheet.image(Image.new("L", (200, 300), 200), 10, 10)
    with pytest.raises(SourceError, match=r"a scanned PDF: its pages are pictures\. Run text recognition over it"):
        read([sheet.save(tmp_path / "scan.pdf")])


def test_a_pdf_that_takes_too_long_is_given_up_and_the_next_one_is_read(tmp_path: Path) -> None:
    good = article().save(tmp_path / "good.pdf").read_bytes()
    with PageReader(timeout_s=60) as pages:
        assert pages.read(good).pages
        pages.timeout_s = 0.0
        with pytest.raises(Unreadable, match=r"a PDF that takes more than 0 s to read\. Save its text"):
            pages.read(good * 200)
        pages.timeout_s = 60
        assert pages.read(good).pages


def test_a_pdf_that_unpacks_to_more_than_memory_is_given_up(tmp_path: Path) -> None:
    body = zlib.compress(b"BT /F1 12 Tf (owl) Tj ET\n" * 8_000_000, 9)
    sheet = article().save(tmp_path / "good.pdf").read_bytes()
    start = sheet.index(b"stream\n") + 7
    end = sheet.index(b"\nendstream")
    length = sheet.rindex(b"/Length ", 0, start)
    bomb = sheet[:length] + b"/Length %d" % len(body) + sheet[sheet.index(b">", length) : start] + body + sheet[end:]
    (tmp_path / "bomb.pdf").write_bytes(bomb)
    with pytest.raises(SourceError, match=r"bomb\.pdf: a "):
        read([tmp_path / "bomb.pdf"])
