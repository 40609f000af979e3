"""Saved HTML pages of Hugging Face and arXiv, and those with citation tags, become papers."""

import html
import json
from pathlib import Path

import pytest

from index.errors import SourceError
from index.paper import Paper
from index.sources import LeftOut, Reading, read

ABSTRACT = "We listen to owls in twelve barns. They hear."


def reading(folder: Path, text: str, encoding: str = "utf-8") -> Reading:
    path = folder / "page.html"
    path.write_bytes(text.encode(encoding))
    return read([path])


def hydrated(target: str, props: object) -> str:
    """Return a page as Hugging Face writes it: what it shows, and the data behind it in an attribute."""
    data = html.escape(json.dumps(props))
    return (
        f'<!doctype html><html class=""><head><meta charset="utf-8"><title>Daily Papers</title></head><body><main>'
        f'<div class="SVELTE_HYDRATER contents" data-target="{target}" data-props="{data}"><article><h3>'
        f'<a href="/papers/2403.01234">Owls</a></h3></article></div></main></body></html>'
    )


def entry(at: int) -> dict[str, object]:
    names = [{"name": "Ada Owl"}]
    paper = {"id": f"2403.0000{at}", "title": f'Owls “{at}" & <Mice>', "summary": ABSTRACT, "authors": names}
    return {"paper": {**paper, "publishedAt": "2024-03-02T00:00:00.000Z"}, "title": f"Owls {at}", "numComments": 1}


def test_a_listing_of_hugging_face_with_the_data_behind_it(tmp_path: Path) -> None:
    page = hydrated("DailyPapers", {"periodType": "day", "dailyPapers": [entry(1), entry(2)], "prevDate": "2024-03-01"})
    found = reading(tmp_path, page)
    assert [(each.id, each.title) for each in found.papers] == [
        ("arxiv:2403.00001", 'Owls “1" & <Mice>'),
        ("arxiv:2403.00002", 'Owls “2" & <Mice>'),
    ]
    assert found.papers[0] == Paper(
        "arxiv:2403.00001",
        'Owls “1" & <Mice>',
        ABSTRACT,
        authors=("Ada Owl",),
        published="2024-03-02",
        url="https://arxiv.org/abs/2403.00001",
        sources=("page.html",),
    )


def test_a_page_of_one_paper_of_hugging_face(tmp_path: Path) -> None:
    found = reading(tmp_path, hydrated("PaperContent", {"paper": entry(1)["paper"], "upvoters": [], "models": []}))
    assert [each.id for each in found.papers] == ["arxiv:2403.00001"]


def test_pages_of_hugging_face_without_the_data_behind_them(tmp_path: Path) -> None:
    shown = (
        f'<html><body><article><h3><a href="/papers/2403.01234">Owls</a></h3><div><p>{ABSTRACT}</p></div></article>'
        '<article><h3><a href="https://huggingface.co/papers/2403.05678">Mice</a></h3></article></body></html>'
    )
    found = reading(tmp_path, shown)
    assert [(each.id, each.title, each.abstract) for each in found.papers] == [("arxiv:2403.01234", "Owls", ABSTRACT)]
    assert found.left_out == (LeftOut("page.html", None, "no abstract of “Mice”"),)
    one = (
        '<html><head><link rel="canonical" href="https://huggingface.co/papers/2403.01234"></head><body><h1>Owls</h1>'
        f"<section><h2>Abstract</h2>\n<div><p>{ABSTRACT}</p></div></section></body></html>"
    )
    assert [(each.id, each.abstract) for each in reading(tmp_path, one).papers] == [("arxiv:2403.01234", ABSTRACT)]


def test_an_abstract_page_of_arxiv(tmp_path: Path) -> None:
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta name="citation_title" content="Owls of $\\alpha$ kind" />'
        '<meta name="citation_author" content="Owl, Ada" /><meta name="citation_author" content="M\\&quot;use, Bo" />'
        '<meta name="citation_date" content="2024/03/02" /><meta name="citation_online_date" content="2024/05/01" />'
        '<meta name="citation_pdf_url" content="https://arxiv.org/pdf/2403.01234" />'
        '<meta name="citation_arxiv_id" content="2403.01234" /><meta name="citation_doi" content="10.1234/owls.5" />'
        '</head><body><blockquote class="abstract mathjax"><span class="descriptor">Abstract:</span>We listen to\n'
        'owls at 5\\%.</blockquote><table><tr><td class="tablecell subjects"><span class="primary-subject">Sound '
        "(cs.SD)</span>; Machine Learning (stat.ML)</td></tr></table></body></html>"
    )
    assert reading(tmp_path, page).papers == (
        Paper(
            "arxiv:2403.01234",
            "Owls of \u03b1 kind",
            "We listen to owls at 5%.",
            authors=("Ada Owl", "Bo Müse"),
            published="2024-03-02",
            url="https://arxiv.org/abs/2403.01234",
            topics=("cs.SD", "stat.ML"),
            sources=("page.html",),
            other_ids=("doi:10.1234/owls.5",),
        ),
    )


def test_a_listing_of_arxiv_gives_those_that_show_abstracts(tmp_path: Path) -> None:
    def item(at: int, abstract: str) -> str:
        return (
            f'<dt><a name="item{at}">[{at}]</a> <a href ="/abs/2403.0000{at}" title="Abstract">arXiv</a></dt>\n'
            '<dd><div class="meta"><div class="list-title mathjax"><span class="descriptor">Title:</span>\n'
            f'  Owls {at}</div><div class="list-authors"><a href="x">Ada Owl</a>, <a href="y">Bo Mouse</a></div>'
            '<div class="list-subjects"><span class="descriptor">Subjects:</span> <span class="primary-subject">Sound '
            f"(cs.SD)</span></div>{abstract}</div></dd>"
        )

    items = item(1, f'<p class="mathjax">{ABSTRACT}</p>') + item(2, "")
    found = reading(tmp_path, f"<html><body><dl id='articles'><h3>New</h3>{items}</dl></body></html>")
    assert [(each.id, each.title, each.authors, each.topics) for each in found.papers] == [
        ("arxiv:2403.00001", "Owls 1", ("Ada Owl", "Bo Mouse"), ("cs.SD",))
    ]
    assert found.left_out == (LeftOut("page.html", None, "no abstract of “Owls 2”"),)


def test_a_page_of_a_publisher_in_the_encoding_that_it_names(tmp_path: Path) -> None:
    page = (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'
        '<meta name="citation_title" content="Les chouettes"><meta name="citation_author" content="René Hibou">'
        '<meta name="citation_abstract" content="<p>Caf&eacute; été.</p>"></head></html>'
    )
    (found,) = reading(tmp_path, page, "latin-1").papers
    assert (found.title, found.abstract, found.authors) == ("Les chouettes", "Café été.", ("René Hibou",))


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (
            "<html><body><h1>My holiday</h1><p>We saw an owl. It was dark.</p></body></html>",
            "an HTML page that names no",
        ),
        ("<html>", "an HTML page that names no paper"),
        (
            hydrated("DailyPapers", {"dailyPapers": []}).replace("/papers/2403.01234", "/x"),
            "an HTML page that names no",
        ),
        ('<html><body><div data-props="{broken"></div></body></html>', "an HTML page that names no paper"),
        ('<html><meta charset="x-owl"></html>', "an HTML page that is not in the encoding that it names"),
        (f"<html><body>{'<div>' * 200_000}</body></html>", "an HTML page that names no paper"),
        (
            f"<html><a {' '.join(f'x{at}=1' for at in range(20_000))}></html>",
            "an element of more than 1,000 attributes",
        ),
        (f'<html><div data-props="{"[" * 100_000}"></div></html>', "an HTML page that names no paper"),
    ],
)
def test_a_page_that_holds_no_paper_says_so(tmp_path: Path, page: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        reading(tmp_path, page)
