"""Whatever a file holds, reading it ends with papers and reasons or with an error for people."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import UserError
from index.paper import Paper
from index.sources import LeftOut, Selection, read, stream
from index.sources.files import read_file
from index.sources.pages import PageReader
from tests.sources.test_pdfs import article

SUFFIXES = [".txt", ".json", ".jsonl", ".html", ".bib", ".ris", ".csv", ".tsv", ".gz", ".zip", ".md"]
BEGINNINGS = [
    *(b"", b"{", b"[", b'{"title": "x", "abstract": "y"}\n', b'[{"title": "x", "abstract": "y"},', b"\xef\xbb\xbf"),
    *(b"<html>", b'<html><div data-props="', b'<html><meta name="citation_title" content="', b"@article{x, title={"),
    *(b"@string{x = ", b"TY  - JOUR\nTI  - ", b"title,abstract\n", b"title\tabstract\n", b"\xff\xfe", b"\xfe\xff"),
    *(
        b'{"id": "https://openalex.org/W1", "abstract_inverted_index": ',
        b'{"authors_parsed": ',
        b'{"paper": {"summary": ',
    ),
    *(gzip.compress(b"title,abstract\nx,y\n" * 9)[:40], b"PK\x03\x04", b"\x1f\x8b"),
]
PIECES = [
    *(b'"', b"{", b"}", b"[", b"]", b",", b"\n", b"\r", b"\0", b"\\", b"$", b"ER  - \n", b"@", b"=", b"<p>", b"&quot;"),
    *(b"\xff", b"\xe9", "é\u202e".encode(), b"title", b"abstract", b"We listen to owls. They hear.", b"Owls: A Study"),
    *(b"null", b"1e999", b"\\ud800", b"\\'e", b"\\alpha", b"%", b"TY  - ", b"author = {Owl, Ada and }", b"\xff\xfe"),
]
contents = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda begin, pieces: begin + b"".join(pieces),
        st.sampled_from(BEGINNINGS),
        st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=30),
    ),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=contents, suffix=st.sampled_from(SUFFIXES))
def test_no_bytes_end_in_anything_but_papers_or_an_error_for_people(
    tmp_path: Path, content: bytes, suffix: str
) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    try:
        reading = read([path])
    except UserError as error:
        assert str(error).startswith("No paper could be read from these sources:\n  any")
    else:
        assert all(paper.title and paper.abstract and paper.id for paper in reading.papers)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=contents)
def test_no_bytes_that_are_packed_do_either(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("inner/any.json", content)
    assert all(isinstance(each, Paper | LeftOut) for each in stream([tmp_path]))


def test_no_bytes_that_are_called_a_pdf_do_either(tmp_path: Path) -> None:
    sheet = article().save(tmp_path / "good.pdf").read_bytes()

    @settings(max_examples=60, deadline=None)
    @given(content=contents, at=st.integers(0, len(sheet)), whole=st.booleans())
    def check(content: bytes, at: int, whole: bool) -> None:
        path = tmp_path / "any.pdf"
        path.write_bytes(b"%PDF-1.7\n" + content if whole else sheet[:at] + content + sheet[at + len(content) :])
        assert all(isinstance(each, Paper | LeftOut) for each in read_file(path, "any.pdf", pages, Selection()))

    with PageReader() as pages:
        check()


@pytest.mark.parametrize("cut", [1, 2, 4, 10, 100])
def test_a_packed_file_that_is_cut_is_named(tmp_path: Path, cut: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("any.csv", "title,abstract\nOwls,They hear.\n" * 50)
    whole = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[: -len(whole) // cut - 5])
    with pytest.raises(UserError, match=r"a\.zip: (?:damaged|empty)"):
        read([tmp_path / "a.zip"])


def test_members_of_an_archive_are_read_in_order_and_what_can_not_be_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b.csv", "title,abstract\nOwls,They hear.\n")
        archive.writestr("a/one.ris", "TY  - JOUR\nTI  - Mice\nAB  - They run.\nER  - \n")
        archive.writestr("packed.gz", gzip.compress(b"x"))
        archive.writestr("none.txt", "")
        archive.writestr("__MACOSX/._b.csv", b"\0")
        archive.writestr(".DS_Store", b"\0")
    found = list(stream([tmp_path / "a.zip"]))
    assert [(each.title, each.sources) for each in found if isinstance(each, Paper)] == [
        ("Mice", ("a.zip/a/one.ris",)),
        ("Owls", ("a.zip/b.csv",)),
    ]
    assert [str(each) for each in found if isinstance(each, LeftOut)] == [
        "a.zip/none.txt: empty",
        "a.zip/packed.gz: packed twice. Unpack it, and name the files that come out",
    ]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "damaged|an empty archive|binary"),
        ({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}, "an Office document or an e-book"),
        ({".hidden": b"x"}, "an empty archive"),
    ],
)
def test_an_archive_without_documents_says_so(tmp_path: Path, members: dict[str, bytes], reason: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(UserError, match=reason):
        read([tmp_path / "a.zip"])


def test_an_archive_with_a_password_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("any.csv", "title,abstract\nOwls,They hear.\n")
    packed = bytearray((tmp_path / "a.zip").read_bytes())
    packed[6] |= 1  # the flag of a password, beside the file and in the table of contents
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(packed)
    with pytest.raises(UserError, match="packed with a password"):
        read([tmp_path / "a.zip"])


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        for _ in range(70):
            file.write(b" " * (1 << 20))
    with pytest.raises(UserError, match="a line of more than 64 MiB"):
        read([tmp_path / "a.json"])


def test_what_unpacks_to_far_more_than_it_is_is_given_up(tmp_path: Path) -> None:
    record = b" " * (1 << 20) + b"\n"
    with gzip.open(tmp_path / "a.json.gz", "wb") as file:
        for _ in range(70):
            file.write(record)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.json", record * 70)
    faults = [str(each) for each in stream([tmp_path]) if isinstance(each, LeftOut)]
    assert faults == [
        f"{name}: unpacks to more than 200 times its size. Unpack it, and name the files that come out"
        for name in ("a.json.gz", "b.zip/b.json")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- x -->" * 800 + "<p>",
        json.dumps({"title": "Owls", "abstract": "They" + " " * 500_000 + "hear\t" * 1000}),
        json.dumps({"title": "Owls", "abstract": "They\n" + " \n" * 250_000 + "hear"}),
        json.dumps({"title": "Owls", "abstract_inverted_index": {"<h1>abstract" + " " * 500_000: [0]}}),
        json.dumps({"title": "Owls" + "\\(" * 20_000, "summary": "They hear. " + "$$" * 20_001}),
        json.dumps({"title": "Owls", "abstract": "They hear. " + "https://github.com/a-" * 20_000}),
        "title,abstract\n" + '"' * 100_000,
        "@article{x, " + "title = {" * 20_000,
        "TY  - JOUR\n" + "TI  - x\n" * 9_000,
    ],
)
def test_a_text_that_is_made_to_take_long_does_not(tmp_path: Path, text: str) -> None:
    (tmp_path / "any.txt").write_text(text, encoding="utf-8")
    assert all(isinstance(each, Paper | LeftOut) for each in stream([tmp_path / "any.txt"]))
