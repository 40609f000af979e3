"""Texts of people in, what is kept of them out: titles of one line, and the words that a search finds."""

import re
import unicodedata

from index.errors import UserError

TITLE_CHARS = 200
_SHORT_CHARS = 80
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff"  # written without spaces: each counts as a word
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W{_IDEOGRAPHS}]+")


def title_of(text: str) -> str:
    """Return a title in one line.

    Raises:
        UserError: It is blank or too long.
    """
    title = one_line(text)
    if not title:
        raise UserError("The title is blank. Write a few words.")
    if len(title) > TITLE_CHARS:
        raise UserError(f"The title has {len(title)} characters, at most {TITLE_CHARS} are taken. Shorten it.")
    return title


def one_line(text: str) -> str:
    """Return a text in one line, without signs that have no looks; those that join letters stay."""
    seen = (sign for sign in text if sign.isprintable() or sign.isspace() or sign in "\u200c\u200d")
    return " ".join("".join(seen).split())


def shortened(text: str) -> str:
    """Return a text of at most 80 characters, cut between words where it can be.

    >>> shortened("word " * 30)[-10:]
    'word word…'
    """
    if len(text) <= _SHORT_CHARS:
        return text
    cut = text[: _SHORT_CHARS - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"


def words_of(text: str) -> str:
    """Return the words of a text without case and accents, each behind a space; "" where there are none.

    >>> words_of("Björn's DP-LoRA")
    ' bjorn s dp lora'
    """
    flat = "".join(sign for sign in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(sign))
    return "".join(f" {word}" for word in _WORD.findall(flat))
