"""A text in, the same out as it may stand in BibTeX, RIS, Markdown or a table: none of it is read as mark-up."""

import re
import unicodedata
from urllib.parse import quote

_LATEX = {letter: f"\\{letter}" for letter in "&%$#_"} | {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
"""BibTeX counts a brace behind a backslash too, so none may stand there by itself."""
_MARKUP = re.compile(r"([\\`*_\[\]<>#|$~&])")
_BEGINS_BLOCK = re.compile(r"(?:(?=[-+=:])|\d{1,9}(?=[.)]))")
"""A list, a rule, the line under a heading: where it begins a line."""
_FORMULA = "=+-@"
_SPLITS = ";,|\t\r\n\"'"
"""Where a spreadsheet may begin another cell, as it is told or by itself."""


def whole(text: str) -> str:
    """Return a text that every encoding of Unicode takes: half a pair of surrogates becomes U+FFFD."""
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)


def line(text: str) -> str:
    """Make a text one line without control characters."""
    return " ".join("".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in whole(text)).split())


def plain(text: str) -> str:
    """Make a text safe to stand in Markdown: what would be mark-up is escaped, and it becomes one line."""
    escaped = _MARKUP.sub(r"\\\1", line(text))
    return f"{begin[0]}\\{escaped[begin.end() :]}" if (begin := _BEGINS_BLOCK.match(escaped)) else escaped


def tex(text: str) -> str:
    """Make a text safe to stand in a field of BibTeX: one line in which no brace or command is its own."""
    return "".join(_LATEX.get(letter, letter) for letter in line(text))


def tex_name(name: str) -> str:
    """Make a text one name of BibTeX's list of names: braces hold together what would be several, or no name."""
    parts, escaped = [part.strip() for part in line(name).split(",")], tex(name)
    splits = len(parts) > 3 or not all(parts) or re.search(r"\band\b", name, re.I) or parts == ["others"]
    return f"{{{escaped}}}" if escaped and splits else escaped


def address(url: str, also: str = "") -> str:
    """Percent-encode white space, control characters, braces, backslashes and `also`: what would end its field."""
    return "".join(
        quote(letter) if letter.isspace() or unicodedata.category(letter) == "Cc" or letter in "{}\\" + also else letter
        for letter in whole(url)
    )


def cell(text: str) -> str:
    """Make a text safe to stand in a table: what a spreadsheet would run as a formula becomes text.

    That is what begins with =, +, - or @, in any of their widths, after blanks or not, and also behind what may part
    two cells. An apostrophe before it makes it text.
    """
    out, begins = [], True
    for letter in whole(text):
        kind = unicodedata.category(letter)
        if kind == "Cc" and letter not in _SPLITS:
            continue
        if begins and unicodedata.normalize("NFKC", letter)[:1] in _FORMULA:
            out.append("'")
        out.append(letter)
        begins = letter in _SPLITS or (begins and (letter.isspace() or kind == "Cf"))
    made = "".join(out)
    return f"'{made}" if made[:1] in ("\t", "\r", "\n") else made
