"""What a paper is called: ids however they are written, keys of titles in any markup, links to repositories."""

import pytest

from index.papers import arxiv_version, code_links, paper_id, title_key


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


@pytest.mark.parametrize(
    "spelled",
    [
        r"Schr\"odinger's $\alpha$-ReLU \& Co",
        r"Schr\"{o}dinger\textquoteright s {$\alpha$}-\emph{ReLU} \& Co.",
        "Schro\u0308dinger\u2019s \u03b1\u2013ReLU and Co",
        "SCHR\u00d6DINGER'S \u0391-RELU & CO",
        "Schr&ouml;dinger&rsquo;s &alpha;-ReLU &amp; Co",
        "Schrödinger's <i>alpha</i>\u2010ReLU and Co.",
        r"Schr{\"o}dinger's  \texttt{alpha}-\textsc{ReLU}\ \& Co",
    ],
)
def test_all_spellings_of_a_title_have_one_key(spelled: str) -> None:
    assert title_key(spelled) == "schrodingersalphareluandco"


@pytest.mark.parametrize(
    ("tex", "unicode"),
    [
        (r"\v{C}ech, {\L}uk\'{a}\v{s} and \O{}rsted", "Čech, Łukáš and Ørsted"),
        (r"Na\"{\i}ve Bayes in $\mathcal{O}(n^2)$", "Naïve Bayes in O(n\u00b2)"),
        (r"$\ell_1$ and $\varepsilon$-DP", "\u2113\u2081 and \u03b5-DP"),
        (r"{\it Stra\ss e} of \c{C}elik", "Straße of Çelik"),
        (r"$\mu$P at $10\times$", "\u00b5P at 10\u00d7"),
    ],
)
def test_tex_and_unicode_are_one_title(tex: str, unicode: str) -> None:
    assert title_key(tex) == title_key(unicode)


@pytest.mark.parametrize(("one", "other"), [("a<b and c>d", "ad"), ("GPT-3", "GPT-4"), (r"$\alpha$", r"$\beta$")])
def test_titles_that_differ_keep_different_keys(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


def test_words_of_greek_stay_greek() -> None:
    assert title_key("Ελληνικά") == "\u03b5\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03b1"


@pytest.mark.parametrize(
    ("written", "version"), [("2401.01234v2", 2), ("https://arxiv.org/pdf/2401.01234v11.pdf", 11), ("2401.01234", None)]
)
def test_an_arxiv_id_may_name_its_version(written: str, version: int | None) -> None:
    assert arxiv_version(written) == version
