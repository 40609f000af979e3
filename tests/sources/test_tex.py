"""TeX that plain letters can say is said in plain letters; formulas stay as they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.sources.tex import readable


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        (r"H\"older, Poincar\'e, M\"{o}bius", "Hölder, Poincaré, Möbius"),
        (r"na{\"i}ve and na\"{\i}ve", "naïve and naïve"),
        (r"Fran\c{c}ois, Fran\c cois", "François, François"),
        (r"\v{S}koda, \v Cech, Erd\H{o}s, Ga\u{g}lar", "Škoda, Čech, Erdős, Gağlar"),
        (
            r"{\L}ukasz, S{\o}ren, \O re, {\aa}ngstr{\"o}m, Stra\ss e, \ae{}sir",
            "Łukasz, Søren, Øre, ångström, Straße, æsir",
        ),
        (r"\emph{all \textbf{of \'it}} and {\em this}", "all of ít and this"),
        (r"AT\&T at 5\% of \$6, \#1, a\_b", "AT&T at 5% of $6, #1, a_b"),
        (r"``quoted'' words", "“quoted” words"),
        (
            r"\href{https://example.org/x}{here} or \url{https://example.org}",
            "here (https://example.org/x) or https://example.org",
        ),
        (r"$\alpha$-divergence of $\beta$-VAE", "\u03b1-divergence of \u03b2-VAE"),
        (r"$n = 5$, $\pm 5\%$, $n \leq 10$, $\log n$", "n = 5, ± 5%, n ≤ 10, log n"),
        (r"from 1 \ldots 5, \alpha outside", "from 1 … 5, \u03b1 outside"),
        ("costs $5 and $6 million", "costs $5 and $6 million"),
        (r"a\\b", "a b"),
        (r"http://example.org/\~owl", "http://example.org/~owl"),
        ("no tex at all: 5% of {x}", "no tex at all: 5% of {x}"),
    ],
)
def test_plain_letters_are_written_plainly(tex: str, plain: str) -> None:
    assert readable(tex) == plain


@pytest.mark.parametrize(
    "text",
    [
        "$x_i$",
        "$O(n^2)$",
        r"$\mathcal{O}(n \log n)$",
        r"$$\alpha$$",
        r"\(\alpha\) and \[\beta\]",
        r"$\frac{\alpha}{2}$",
        r"$\text{accuracy}$",
        r"\unknown{x} and \begin{itemize}",
        "$unclosed",
        r"ends in a backslash \ ".strip(),
    ],
)
def test_formulas_and_what_is_not_known_stay_as_they_are(text: str) -> None:
    assert readable(text) == text


def test_braces_ties_and_dashes_of_bibtex() -> None:
    assert readable(r"{B}ERT~--- {\'E}tude 1--2 of $x_{i}$", braces=True) == "BERT — Étude 1–2 of $x_{i}$"


def test_a_long_text_without_end_of_formula_takes_no_time() -> None:
    assert readable("$a\\_" * 20_000).startswith("$a")
    assert readable("{\\em " * 20_000).startswith("{")
    assert readable("\\'{" * 20_000).startswith("\\")
    assert readable("\\(" * 20_000).startswith("\\")
    assert readable("$$" * 20_001).startswith("$")


@settings(max_examples=200, deadline=None)
@given(
    pieces=st.lists(
        st.one_of(st.sampled_from(list("\\\\\\$$${}{}'\"`^~=.cvHuijaeo Oß_%&#-()[]\n")), st.text(max_size=3))
    ),
    braces=st.booleans(),
)
def test_any_text_is_read(pieces: list[str], braces: bool) -> None:
    text = "".join(pieces)
    assert isinstance(readable(text, braces), str)
    assert readable("".join(letter for letter in text if letter.isalnum())).isalnum() or not any(map(str.isalnum, text))
