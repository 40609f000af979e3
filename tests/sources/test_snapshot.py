"""arXiv's metadata snapshot is read a line at a time, however long it is, and however it is packed."""

import gzip
import json
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from index.paper import Paper
from index.sources import Selection, read, stream

OWLS = {
    "id": "0704.0001",
    "submitter": "Ada Owl",
    "authors": "A. Owl, B. M\\'use and C. Hay",
    "title": 'Owls of the $\\alpha$ kind\n  in H\\"ohlen',
    "comments": "4 pages",
    "journal-ref": "J. Night 5 (2008) 1",
    "doi": "10.1103/Night.5.1",
    "report-no": None,
    "categories": "cs.LG stat.ML",
    "license": None,
    "abstract": "  We listen to owls\nin \\emph{twelve} barns. They reach $O(n^2)$ at $5\\%$.\n",
    "versions": [
        {"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"},
        {"version": "v2", "created": "Tue, 24 Jul 2007 20:10:27 GMT"},
    ],
    "update_date": "2008-11-26",
    "authors_parsed": [["Owl", "Ada", ""], ["M\\'use", "Bo", "Jr."], ["Hay", "", ""]],
}


def line(at: int) -> str:
    """Return one line as the snapshot has them."""
    abstract = f"We listen to owl number {at} in a barn. " * 8
    kinds = "astro-ph.GA" if at % 1000 else "stat.ML astro-ph.GA"
    fields = {"id": f"2001.{at:05}", "title": f"Owl {at}", "abstract": abstract, "doi": None, "categories": kinds}
    return json.dumps({**OWLS, **fields}) + "\n"


def paper_of(folder: Path, **fields: object) -> Paper:
    path = folder / "snapshot.json"
    path.write_text(json.dumps({**OWLS, **fields}) + "\n", encoding="utf-8")
    (paper,) = read([path]).papers
    return paper


def test_a_record_of_the_snapshot_has_the_first_date_and_the_newest_words(tmp_path: Path) -> None:
    assert paper_of(tmp_path) == Paper(
        "arxiv:0704.0001",
        "Owls of the \u03b1 kind in Höhlen",
        "We listen to owls in twelve barns. They reach $O(n^2)$ at 5%.",
        authors=("Ada Owl", "Bo Múse Jr.", "Hay"),
        published="2007-04-02",
        url="https://arxiv.org/abs/0704.0001",
        topics=("cs.LG", "stat.ML"),
        sources=("snapshot.json",),
        version=2,
        updated="2007-07-24",
        other_ids=("doi:10.1103/night.5.1",),
    )


@pytest.mark.parametrize(
    ("arxiv_id", "published"), [("0704.0001", "2007-04"), ("2401.00001", "2024-01"), ("hep-th/9901001", "1999-01")]
)
def test_without_versions_the_id_says_the_month(tmp_path: Path, arxiv_id: str, published: str) -> None:
    paper = paper_of(tmp_path, versions=[], id=arxiv_id)
    assert (paper.id, paper.published, paper.version) == (f"arxiv:{arxiv_id}", published, None)


def test_a_link_to_the_code_in_the_comments_is_kept(tmp_path: Path) -> None:
    paper = paper_of(tmp_path, comments="Code: https://github.com/owl/barns. See https://owl.org too")
    assert paper.code == ("https://github.com/owl/barns",)


def test_the_snapshot_is_read_as_kaggle_packs_it(tmp_path: Path) -> None:
    text = "".join(map(line, range(50)))
    with gzip.open(tmp_path / "a.json.gz", "wt", encoding="utf-8") as file:
        file.write(text)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arxiv-metadata-oai-snapshot.json", text)
    reading = read([tmp_path], selection=Selection(categories=("astro-ph",)))
    assert reading.sources == {"a.json.gz": 50, "b.zip/arxiv-metadata-oai-snapshot.json": 50}
    assert reading.papers[0].sources == ("a.json.gz", "b.zip/arxiv-metadata-oai-snapshot.json")


def test_a_snapshot_that_was_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    packed = gzip.compress("".join(map(line, range(5000))).encode())
    (tmp_path / "a.json.gz").write_bytes(packed[: len(packed) // 2])
    reading = read([tmp_path / "a.json.gz"])
    assert 1000 < len(reading.papers) < 5000
    assert "cut off: its packed data ends too early" in reading.left_out[-1].reason


def test_a_long_snapshot_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(map(line, range(10_000)))
    assert path.stat().st_size > 8_000_000
    wanted = Selection(categories=("stat",))
    list(stream([path], selection=Selection(most=1)))  # what is loaded once
    tracemalloc.start()
    try:
        taken = sum(isinstance(each, Paper) for each in stream([path], selection=wanted))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken == 10
    assert most < 2_000_000
