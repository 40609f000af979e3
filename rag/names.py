"""A text in, its proper names and acronyms out."""

import re

from index.words import DASHES

_WORD = re.compile(r"\w+(?:[-.]\w+)*")
_PLURAL = re.compile(r"(?<=[A-Z\d])s$")
_QUANTITY = re.compile(r"[\d.,]+[A-Za-z]{0,2}")


def names(text: str) -> list[str]:
    """Return the proper names and acronyms of a text: capitals inside, two or more, or letters with digits.

    Quantities such as "5x" are none, nor is the ordinary part of "LoRA-based".

    >>> names("Does DP-LoRA beat UL2 or 4M-21 on ImageNet?")
    ['DP-LoRA', 'UL2', '4M-21', 'ImageNet']
    """
    words = (part for word in _WORD.findall(DASHES.sub("-", text)) for part in _apart(word))
    return list(dict.fromkeys(word for word in words if _is_name(word)))


def name_keys(text: str) -> set[str]:
    """Return the names of a text in one spelling, without dashes, case and plural; parts that are names count too.

    A word that is not spelt as a name is none: "code" does not stand for CoDE.

    >>> sorted(name_keys("DP-LoRAs, as CoDE, is code"))
    ['code', 'dplora', 'lora']
    """
    found = names(text)
    parts = [part for name in found if "-" in name for part in name.split("-") if len(part) > 2 and _is_name(part)]
    return {_PLURAL.sub("", name.replace("-", "")).casefold() for name in [*found, *parts]}


def is_named(title: str, text: str) -> bool:
    """Tell whether a text names the paper of a title: by a name in that, or by what stands before its colon.

    >>> is_named("UL2: Unifying Language Learning", "batch size of UL2"), is_named("A Survey", "batch size of UL2")
    (True, False)
    """
    short = title.split(":")[0] if ":" in title else ""
    return bool(name_keys(text) & name_keys(title)) or bool(short and short.casefold() in text.casefold())


def _apart(word: str) -> list[str]:
    """Take a compound with an ordinary word apart: of "LoRA-based" only LoRA is a name; "DP-LoRA" stays whole."""
    parts = word.split("-")
    return parts if any(part.isalpha() and part.islower() for part in parts) else [word]


def _is_name(word: str) -> bool:
    """Tell whether a word is spelt as a name is; "5x" and "7B" are quantities."""
    if _QUANTITY.fullmatch(word):
        return False
    inner_capital = any(letter.isupper() for part in word.split("-") for letter in part[1:])
    return inner_capital or (any(c.isdigit() for c in word) and any(c.isalpha() for c in word))
