"""What speaks against a claim without a language model: facts that are missing, and a form that hides its meaning."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from index.chunks import sentences
from index.vectors import Vectors
from index.words import DASHES, folded, tokenize
from rag.facts import PERCENT, PLAIN, Quantity, quantities
from rag.names import names

_LEFT = 0.1
_DIGITS = 20
"""Longer numbers are compared as they are, not rounded."""
_NO_NUMBER = re.compile(
    r"\[\d+(?:[,;–-] ?\d+)*\]"  # a citation
    r"|(?:^|(?<=[\n:;.] ))\(?\d{1,2}[.)](?= )"  # the number of a list or heading
    r"|\b[A-Za-z]\w*+(?:-[A-Za-z]\w*+){0,3}+-\d+(?:\.\d+)*[A-Za-z]*\b"  # covid-19, sars-cov-2, GPT-3.5
    r"|\b[A-Z]\w{0,20}[A-Z]\w{0,20}(?: |-)?\d{1,2}(?:/\d{1,2})+\b"  # MEK 1/2
    r"|\b(?:double|triple|quadruple|half|one|two|three|four)-[a-z]+"  # double-strand, two-stage
    r"|\b(?:double|triple|quadruple)\b(?! (?:the|that|of|as|its|their)\b)",
    re.M,
)
_INTRODUCED = re.compile(r"(?<=\w )\([^\s()]+\)")
"""An abbreviation behind what it stands for."""
_ABSOLUTE = re.compile(
    r"\b(?:all|always|any|completely|entirely|every|exclusively|fully|never|none|only|solely?)\b", re.I
)
_PRONOUN = re.compile(
    r"\b(?:its?|itself|they|their|them|these|those|this|such|he|she|both|one|the (?:other|latter|former))\b"
    r"(?! (?:paper|study|work|survey|article|abstract)\b)",
    re.I,
)
_OPENING = re.compile(r"(?:on|in|with|without|for|at|by|from|after|before|under|to|across|among|through|into)\b", re.I)
"""A preposition that begins a claim: what follows it is not what "it" after the comma refers to."""
_PAPER = re.compile(r"\b(?:authors?|paper|study|work|we)\b", re.I)
_ELSEWHERE = 0.2
"""Share of a claim's words that may be missing from the sentence of the passage that has most of them."""


def veto(claims: Sequence[tuple[str, ...]]) -> Vectors:
    """Return the factor for the probability of each claim `(claim, title, passage)`: .1 if a number is missing, else 1.

    Returns:
        float32 `(claims,)`.
    """
    missing = [missing_numbers(claim, f"{title}. {passage}") for claim, title, passage in claims]
    return np.asarray([_LEFT if numbers else 1.0 for numbers in missing], dtype=np.float32)


def unmarked(claims: Sequence[tuple[str, ...]]) -> NDArray[np.bool_]:
    """Tell which claims `(claim, title, passage)` get no mark, however sure the judge is: bool `(claims,)`.

    Most of the sentences of a small model that the judge believes although they are only partly supported begin with a
    pronoun for something unsaid, say "all" or "only" where the paper does not, or melt several of its sentences into
    one: more than a fifth of their words are missing from each sentence (bench/LOG.md). Nor is one marked with a name
    that the paper does not have, which may be another spelling.
    """
    return np.asarray([_is_doubtful(*claim) for claim in claims], dtype=bool)


def leans(claim: str, title: str) -> bool:
    """Tell whether a claim begins with a pronoun for something that it does not name itself.

    Words of the title, other names, and the authors or the paper may be referred to.

    >>> leans("With 30M parameters it is the fastest.", "Moss: Small Nets"), leans("Moss trains its layers.", "Moss")
    (True, False)
    """
    if not (found := _PRONOUN.search(claim)):
        return False
    before = claim[: found.start()]
    named = names(before) if not _OPENING.match(claim) else []
    return not (set(tokenize(before)) & set(tokenize(title)) or named or _PAPER.search(before))


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


def _is_doubtful(claim: str, title: str, passage: str) -> bool:
    paper = f"{title}. {passage}"
    if leans(claim, title) or missing_names(claim, paper) or _absolutes(claim) - _absolutes(paper):
        return True
    words = set(tokenize(claim))
    missing = [len(words - set(tokenize(span.text))) for span in sentences(passage)]
    return min(missing, default=len(words)) > _ELSEWHERE * len(words)


def _absolutes(text: str) -> set[str]:
    return {word.casefold().removesuffix("ly") for word in _ABSOLUTE.findall(text)}


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
    if said.unit != other.unit or "." not in other.value:
        return False
    return decimals < _DIGITS and len(other.value) < _DIGITS and round(exact, decimals) == value


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
