r"""Text with TeX in it in, readable text out: accents, symbols and \emph; formulas stay as they are."""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pylatexenc.macrospec import LatexContextDb

_SPECIAL = r"\\(?:ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i|j|dh|DH|th|TH|ng|NG)(?![A-Za-z])"
_BASE = r"(?:\{\s*(?:\\[ij]\s*|[A-Za-z])\}|\\[ij](?![A-Za-z])|[A-Za-z])"  # what an accent stands on
_ACCENTED = (
    rf"(?<!/)\\(?:[\"'^`~=.]\s*{_BASE}"  # \'e, but no \~owl of an address
    r"|[Hckruv]\s*\{\s*(?:\\[ij]\s*|[A-Za-z])\}|[bd]\{[A-Za-z]\}|[Hckruv]\s+[A-Za-z])"
)
_LETTER = re.compile(rf"\{{\s*(?:{_ACCENTED}|{_SPECIAL})\s*\}}|{_ACCENTED}|{_SPECIAL}(?:\{{\}}|\s)?")
_FORMULA = re.compile(
    r"(\$\$.{1,1000}?\$\$|\\\(.{1,1000}?\\\)|\\\[.{1,1000}?\\\]"
    r"|(?<!\\)\$(?=[^$]*[\\^_])(?:[^$\\]|\\.)+\$"  # it has TeX in it
    r"|(?<!\\)\$(?![\s$])(?:[^$\\]|\\.)*?(?<!\s)\$(?!\d))",  # it is no price
    re.S,
)
_STYLED = re.compile(
    r"\\(?:emph|text(?:bf|it|tt|sc|sf|rm|sl|up|md|normal)?|mbox|underline|url)\s*+\{([^{}]*+)\}"
    r"|\{\\(?:em|it|bf|sc|tt|sl|rm|sf|bfseries|itshape)\b\s*+([^{}]*+)\}"
)
_LINK = re.compile(r"\\href\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_MACRO = re.compile(r"\\(?:([A-Za-z]+)(?:\{\})?|([&%#_${} ,;:!~/-]|\\)(?:\{\})?)")
_PLAIN_FORMULA = re.compile(r"[^\\^_{}$&#]*")
_ESCAPED = {**{letter: letter for letter in "&%#_${}"}, "!": "", "~": "~", "-": "", "/": ""}
_NESTED = 5


def readable(text: str, braces: bool = False) -> str:
    r"""Return a text without the TeX that plain letters can say.

    A formula becomes plain only as a whole: `$\alpha$` and `$n > 5$` do, `$x_i^2$` stays, dollars and all. Macros that
    are not known stay too.

    Args:
        text: Any text.
        braces: Whether braces only group and dashes and ties are TeX's, as in BibTeX.

    >>> readable(r"The \emph{na\"ive} Erd\H{o}s--R\'enyi graph: $\alpha$-mixing in $O(n^2)$ for 5\% of $x \in X$")
    'The naïve Erdős--Rényi graph: \u03b1-mixing in $O(n^2)$ for 5% of x ∈ X'
    >>> readable(r"{B}ERT~--- a {\"U}bersicht", braces=True)
    'BERT — a Übersicht'
    """
    if "\\" not in text and "$" not in text and "``" not in text and not braces:
        return text
    parts = _FORMULA.split(text)  # text, formula, text, ..., text
    parts[::2] = [_prose(part, braces) for part in parts[::2]]
    parts[1::2] = [_formula(part) for part in parts[1::2]]
    return "".join(parts)


def _prose(text: str, braces: bool) -> str:
    """Return text between formulas."""
    if "``" in text:
        text = text.replace("``", "“").replace("''", "”")
    if "\\" in text:
        text = _LETTER.sub(lambda found: _letter(found[0]), text)
        text = _LINK.sub(r"\2 (\1)", text)
        for _ in range(_NESTED):
            text, changed = _STYLED.subn(lambda found: found[1] if found[1] is not None else found[2], text)
            if not changed:
                break
        text = _MACRO.sub(_plain, text)
    if braces:
        text = text.replace("{", "").replace("}", "").replace("~", " ").replace("---", "—").replace("--", "–")
    return text


def _formula(formula: str) -> str:
    """Return a formula as plain text if it can be said so, else as it is."""
    if not formula.startswith("$") or formula.startswith("$$"):
        return formula
    inner = formula[1:-1].strip()
    if re.search(r"(?<!\\)\b[A-Za-z]{4,}", inner):  # prose between two dollars
        return formula
    text = _MACRO.sub(_plain, inner).replace("~", " ")
    return text if _PLAIN_FORMULA.fullmatch(text) else formula


def _plain(found: "re.Match[str]") -> str:
    """Return what a macro says, or the macro."""
    if found[1]:
        return _symbol(found[1]) or found[0]
    return _ESCAPED.get(found[2], " ")


@lru_cache(maxsize=4096)
def _symbol(name: str) -> str:
    """Return the symbol that a macro stands for, or its own name where that is what it says, such as log."""
    said = getattr(_specs().get_macro_spec(name), "simplify_repl", None)
    return said if isinstance(said, str) and (len(said) == 1 or said == name) and said not in "\\{}$ " else ""


@lru_cache(maxsize=4096)
def _letter(tex: str) -> str:
    """Return the letter that TeX writes so."""
    letter = _converter()(tex).strip()
    return letter if len(letter) == 1 or letter == "ss" else tex


@cache
def _specs() -> "LatexContextDb":
    from pylatexenc.latex2text import get_default_latex_context_db

    return get_default_latex_context_db()


@cache
def _converter() -> "Callable[[str], str]":
    from pylatexenc.latex2text import LatexNodes2Text

    convert: Callable[[str], str] = LatexNodes2Text().latex_to_text
    return convert
