"""One paper stays one paper: ids, title keys, links and the merging of records."""

import pytest

from index.papers import Paper, code_links, merge, paper_id, title_key


@pytest.mark.parametrize(
    "written",
    [
        "2401.01234",
        "arXiv:2401.01234v2",
        "arxiv: 2401.01234",
        "http://arxiv.org/abs/2401.01234",
        "https://www.arxiv.org/pdf/2401.01234v1.pdf",
        "https://export.arxiv.org/html/2401.01234",
    ],
)
def test_an_arxiv_id_is_the_same_however_it_is_written(written: str) -> None:
    assert paper_id("Any Title", arxiv=written) == "arxiv:2401.01234"


@pytest.mark.parametrize("written", ["10.1145/AbC.1", "doi:10.1145/abc.1", "https://dx.doi.org/10.1145/abc.1"])
def test_a_doi_is_the_same_however_it_is_written(written: str) -> None:
    assert paper_id("Any Title", doi=written) == "doi:10.1145/abc.1"


def test_a_doi_that_arxiv_gave_is_the_arxiv_id() -> None:
    assert paper_id("Any Title", doi="https://doi.org/10.48550/arXiv.2401.01234") == "arxiv:2401.01234"


def test_old_arxiv_ids_keep_their_archive() -> None:
    assert paper_id("Any Title", arxiv="hep-th/9901001v3") == "arxiv:hep-th/9901001"


@pytest.mark.parametrize("no_id", ["17", "2413.01234", "soon", ""])
def test_what_is_no_arxiv_id_leaves_the_title(no_id: str) -> None:
    assert paper_id("Any Title", arxiv=no_id) == "title:any-title"


def test_long_titles_that_differ_at_the_end_have_different_ids() -> None:
    long = "A Very Long Title " * 6
    assert paper_id(long + "One") != paper_id(long + "Two")


def test_titles_of_symbols_only_are_told_apart() -> None:
    assert title_key("∇ ∂") != title_key("∇ +")
    assert paper_id("∇ ∂") != paper_id("∇ +")


def test_title_key_ignores_case_accents_dashes_and_width() -> None:
    assert title_key("Na\u00efve \uff22\uff21\uff39\uff25\uff33\u2014Revisited!") == title_key("naive bayes revisited")


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Code: https://github.com/a/b.", ("https://github.com/a/b",)),
        ("Code (https://github.com/a/b.git).", ("https://github.com/a/b",)),
        ("See \\url{https://github.com/a/b_c}.", ("https://github.com/a/b_c",)),
        ("See https://github.com/a/b\\_c now", ("https://github.com/a/b_c",)),
        ("http://www.GitHub.com/a/b/ and https://github.com/a/b", ("https://github.com/a/b",)),
        (
            "Code at github.com/a/b, weights at huggingface.co/c/d-7B.",
            ("https://github.com/a/b", "https://huggingface.co/c/d-7B"),
        ),
        ("Version at https://gitlab.com/a/b-3.0.", ("https://gitlab.com/a/b-3.0",)),
        ("https://github.com/a/b/tree/main/x.py, too", ("https://github.com/a/b/tree/main/x.py",)),
        ("Code: https://github.com/a/long- name-of-it", ("https://github.com/a/long-name-of-it",)),
        ("コードはhttps://github.com/a/bで公開。", ("https://github.com/a/b",)),
        ("We mined github.com and GitHub/GitLab issues; mail me@github.com/x/y.", ()),
        ("https://notgithub.com/a/b and https://a.github.io/b/", ()),
    ],
)
def test_code_links(text: str, links: tuple[str, ...]) -> None:
    assert code_links(text) == links


def test_merge_joins_records_by_title_and_keeps_the_best_of_both() -> None:
    digest = Paper("title:owls", "Owls", "A digest, longer than it.", topics=("birds",), sources=("s",), kind="digest")
    published = Paper("arxiv:2401.00001", "OWLS!", "As published.", code=("https://github.com/a/b",), sources=("p",))
    (owls,) = merge([digest, published])
    assert (owls.id, owls.title, owls.abstract) == ("arxiv:2401.00001", "Owls", "As published.")
    assert (owls.topics, owls.code, owls.sources) == (("birds",), ("https://github.com/a/b",), ("s", "p"))
    assert owls.kind == "abstract"


def test_merge_keeps_two_arxiv_ids_of_one_title_apart() -> None:
    first, second = (Paper(f"arxiv:2401.0000{n}", "Owls", f"Abstract {n}.") for n in (1, 2))
    assert merge([first, second]) == [first, second]


def test_merge_joins_an_id_whose_title_was_changed() -> None:
    papers = [Paper("arxiv:2401.00001", "Owls", "Short."), Paper("arxiv:2401.00001", "Owls at Night", "Longer text.")]
    assert [paper.title for paper in merge(papers)] == ["Owls at Night"]


def test_merge_keeps_the_order_of_first_sight() -> None:
    papers = [Paper(paper_id(title), title, "Text.") for title in ("B", "A", "B", "C", "A")]
    assert [paper.title for paper in merge(papers)] == ["B", "A", "C"]


def test_a_paper_comes_back_from_its_dict() -> None:
    paper = Paper(
        "title:owls", "Owls", "Text.", authors=("A", "B"), published="2024", url="https://x.org", sources=("s",)
    )
    assert paper.to_dict()["authors"] == ["A", "B"]
    assert Paper.from_dict(paper.to_dict()) == paper


def test_a_third_record_joins_two_that_are_the_same() -> None:
    first, second = (
        Paper("title:foo", "Foo", "A.", sources=("a",)),
        Paper("arxiv:2401.00001", "Foo: Longer", "B b.", sources=("b",)),
    )
    (paper,) = merge([first, second, Paper("arxiv:2401.00001", "Foo", "C.", sources=("c",))])
    assert (paper.id, set(paper.sources)) == ("arxiv:2401.00001", {"a", "b", "c"})
