"""Numbers and names of a claim that its paper does not have: by spelling alone, without a language model."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import numpy as np

from index.vectors import Vectors
from index.words import DASHES, folded
from rag.facts import PERCENT, PLAIN, Quantity, quantities
from rag.names import names

_LEFT = 0.1
_NO_NUMBER = re.compile(
    r"\[\d+(?:[,;–-] ?\d+)*\]"  # a citation
    r"|(?:^|(?<=[\n:;.] ))\(?\d{1,2}[.)](?= )"  # the number of a list or heading
    r"|\b[A-Za-z]\w*(?:-[A-Za-z]\w*)*-\d+(?:\.\d+)*[A-Za-z]*\b"  # covid-19, sars-cov-2, GPT-3.5
    r"|\b[A-Z]\w*[A-Z]\w*(?: |-)?\d{1,2}(?:/\d{1,2})+\b"  # MEK 1/2
    r"|\b(?:double|triple|quadruple|half|one|two|three|four)-[a-z]+"  # double-strand, two-stage
    r"|\b(?:double|triple|quadruple)\b(?! (?:the|that|of|as|its|their)\b)",
    re.M,
)
_INTRODUCED = re.compile(r"(?<=\w )\([^\s()]+\)")
"""An abbreviation behind what it stands for."""


def veto(claims: Sequence[tuple[str, ...]]) -> Vectors:
    """Return what is left of the probability of claims `(claim, title, passage)`: 1, or .1 where a fact is missing.

    Returns:
        float32 `(claims,)`.
    """
    sources = [f"{title}. {passage}" for _, title, passage in claims]
    pairs = [(claim[0], source) for claim, source in zip(claims, sources, strict=True)]
    missing = [missing_numbers(*pair) or missing_names(*pair) for pair in pairs]
    return np.asarray([_LEFT if facts else 1.0 for facts in missing], dtype=np.float32)


def missing_numbers(claim: str, source: str) -> list[str]:
    """Return the numbers of a claim that a source does not have with a unit that fits.

    A rounded number stands for the exact one, a share for its percentage. Digits of names ("covid-19", "MEK 1/2"), list
    numbers, citations and words such as "double-strand" are no numbers; nor are plain numbers in words ("two
    experiments"), which may be counts of what the source lists.

    >>> missing_numbers("Sars-CoV-2 spread 3x faster in 31% of 80 cities, in two waves", "in 31.2 % of eighty cities")
    ['3x']
    """
    there = _numbers(source)
    return [
        of.value + of.unit
        for of in _numbers(claim)
        if (of.unit or claim[of.start] in ".0123456789") and not any(_stands_for(of, other) for other in there)
    ]


def missing_names(claim: str, source: str) -> list[str]:
    """Return the names and acronyms of a claim that a source does not have.

    Case, dashes and the plural do not matter. Initials stand for the words that they abbreviate, in the source or in
    the claim itself; a part of a longer name is there where that is, and "(XY)" is what stands before it.

    >>> missing_names("AIRE, SHP-2, RNA and MRIs, not PET", "Aire, SHP2, mRNA and magnetic resonance imaging")
    ['PET']
    """
    there = _words(source)
    known = there | _initials(source) | _initials(claim)
    longer = [_key(name) for name in names(source)]
    return [
        name
        for name in names(_INTRODUCED.sub("", claim))
        if name.isascii()
        and (key := _key(name)) not in known
        and not any(key in other for other in longer)
        and not ("-" in name and {_key(part) for part in name.split("-")} <= there)
    ]


@lru_cache(maxsize=512)
def _numbers(text: str) -> tuple[Quantity, ...]:
    text = DASHES.sub("-", text)
    return quantities(_NO_NUMBER.sub(lambda match: " " * len(match[0]), text))


def _stands_for(said: Quantity, other: Quantity) -> bool:
    """Tell whether a number may be said where the source has the other."""
    if said.stands_for(other):
        return True
    value, exact = Decimal(said.value), Decimal(other.value)
    if {said.unit, other.unit} == {PERCENT, PLAIN}:
        return value * 100 == exact if said.unit == PLAIN else value == exact * 100
    decimals = max(-int(value.as_tuple().exponent), 0)
    return said.unit == other.unit and "." in other.value and round(exact, decimals) == value


@lru_cache(maxsize=512)
def _words(text: str) -> frozenset[str]:
    """Return the words of a text in one spelling, and up to three neighbours joined."""
    words = re.findall(r"[^\W_]+", folded(DASHES.sub("-", text)))
    return frozenset(_key("".join(words[at : at + length])) for at in range(len(words)) for length in (1, 2, 3))


@lru_cache(maxsize=512)
def _initials(text: str) -> frozenset[str]:
    """Return the initials of two to five neighbouring words."""
    letters = "".join(word[0] for word in re.findall(r"[^\W\d_]+", folded(text)))
    return frozenset(_key(letters[at : at + length]) for at in range(len(letters)) for length in range(2, 6))


def _key(name: str) -> str:
    """Return a word without case, dashes and plural."""
    word = re.sub(r"[\W_]", "", folded(name))
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
