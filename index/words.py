"""A text in, the words that it is found by out: stemmed, without case, accents and stop words."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import Stemmer

DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_POSSESSIVE = re.compile(r"['’]s\b")
_WORD = re.compile(r"[^\W_]+(?:(?:-|(?<=\d)\.(?=\d))[^\W_]+)*")
_STOP = frozenset(
    "a about all also am an and any are as at be been being between both but by can could did do does doing done "
    "for from get give gives had has have having he her his how i if in into is it its itself just like made make "
    "makes me more most much my no nor not of on one only or other our out over own paper papers please same say "
    "says she should show shows so some such tell than that the their them then there these they this those "
    "through to too under up upon us use used uses using very was we were what when where which while who whom "
    "whose why will with would you your".split()
)


def tokenize(text: str) -> list[str]:
    """Split a text into stemmed, lower-case words; a compound counts both as its parts and joined.

    Typed dashes, case, accents and the plural don't matter: "DP‑LoRA", "dp lora" and "DP-LoRAs" share words.

    >>> tokenize("The DP‑LoRAs of 4M-21")
    ['dp', 'lora', 'dplora', '4m', '21', '4m21']
    """
    return _stemmed(_split(text))


def folded(text: str) -> str:
    """Return a text without case and accents, its letters in their compatible forms."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    return flat if flat.isascii() else "".join(letter for letter in flat if not unicodedata.combining(letter))


def _split(text: str) -> list[str]:
    flat = folded(_POSSESSIVE.sub("", DASHES.sub("-", text)))
    words: list[str] = []
    for word in _WORD.findall(flat):
        parts = word.split("-")
        words += [part for part in parts if part not in _STOP]
        if len(parts) > 1:
            words.append("".join(parts))
    return words


def _stemmed(words: Sequence[str]) -> list[str]:
    return [str(word) for word in _stemmer().stemWords(words)]


def question_words(question: str) -> list[str]:
    """Return the different (stemmed) words of a question; neighbours count as one word too.

    >>> question_words("mega scale")
    ['mega', 'scale', 'megascal']
    """
    words = _split(question)
    return list(dict.fromkeys(_stemmed(words + [first + second for first, second in pairwise(words)])))


@cache
def _stemmer() -> "Stemmer.Stemmer":
    import Stemmer

    return Stemmer.Stemmer("english")
