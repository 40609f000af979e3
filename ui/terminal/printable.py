"""Any text in, text that a terminal only shows out: it moves no cursor, sets no title and turns no writing round."""

import re
import unicodedata
from urllib.parse import quote

from index.papers import Paper

_SEQUENCE = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)?"  # titles, links, device strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # cursor, colours, modes
    r"|\x1b[ -/]*[0-~]?"
)
_JOINERS = "\u200c\u200d"


def printable(text: str) -> str:
    r"""Return a text in one line, without escape sequences, control characters and signs that turn its direction.

    >>> printable("a \x1b[2Jtitle\x1b]0;mine\x07\n of \u202etwo lines ")
    'a title of two lines '
    """
    return re.sub(r"\s+", " ", _harmless(text))


def printable_lines(text: str) -> str:
    r"""Return a text as `printable` does, its lines and tabs kept.

    >>> printable_lines("a\r\n\x1b[31mb\n")
    'a\nb\n'
    """
    return re.sub(r"[^\S\t\n]", " ", _harmless(text.replace("\r\n", "\n")))


def cells(text: str) -> int:
    """Return how many columns of a terminal a printable text takes.

    >>> cells("né"), cells("学习")
    (2, 4)
    """
    return sum(_columns(sign) for sign in text)


def shortened(text: str, width: int) -> str:
    """Return a printable text cut to a number of columns, with "…" where something is missing.

    >>> shortened("Curriculum learning", 10)
    'Curriculu…'
    """
    if cells(text) <= width:
        return text
    kept = ""
    for sign in text:
        if cells(kept + sign) > width - 1:
            break
        kept += sign
    return f"{kept.rstrip()}…"


def page_of(paper: Paper) -> str:
    """Return the address of a paper's page, safe to print and to follow; "" where none is known.

    >>> page_of(Paper("arxiv:2205.05131", "UL2", "…"))
    'https://arxiv.org/abs/2205.05131'
    """
    return quote(printable(paper.page), safe="!#$%&'()*+,/:;=?@[]~")


def _columns(sign: str) -> int:
    if sign in _JOINERS or unicodedata.category(sign) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def _harmless(text: str) -> str:
    """Take out escape sequences, and every sign that is neither seen nor white space nor joins letters."""
    signs = _SEQUENCE.sub("", text)
    return "".join(sign for sign in signs if sign.isprintable() or sign.isspace() or sign in _JOINERS)
