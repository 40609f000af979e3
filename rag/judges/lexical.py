"""Plain signals beside the language model: how much of a claim or question the text does not have."""

import re
from itertools import pairwise

from index.words import tokenize
from rag.judges.vetoes import missing_names, missing_numbers

_ABSOLUTE = re.compile(
    r"\b(?:all|always|any|completely|entirely|every|exclusively|fully|never|none|only|solely?)\b", re.I
)


def of_claim(texts: tuple[str, ...], paper: str) -> dict[str, float]:
    """Return the signals of a claim about a paper.

    >>> of_claim(("Only moss grows.",), "Moss grows on stones.")["absolutes"]
    1.0
    """
    (claim,) = texts
    words, there = tokenize(claim), tokenize(paper)
    return {
        "missing words": _missing(words, there),
        "missing pairs": _missing(list(pairwise(words)), list(pairwise(there))),
        "missing numbers": float(len(missing_numbers(claim, paper))),
        "missing names": float(len(missing_names(claim, paper))),
        "absolutes": float(len(_absolutes(claim) - _absolutes(paper))),
        "length": len(words) / 20,
    }


def of_question(texts: tuple[str, ...], paper: str) -> dict[str, float]:
    """Return the signals of a question about a paper."""
    (question,) = texts
    return {
        "missing words": _missing(tokenize(question), tokenize(paper)),
        "missing numbers": float(len(missing_numbers(question, paper))),
        "missing names": float(len(missing_names(question, paper))),
    }


def of_sentence(texts: tuple[str, ...], paper: str) -> dict[str, float]:
    """Return the signals of a sentence that may answer a question."""
    question, sentence = texts
    return {"missing words": _missing(tokenize(question), tokenize(sentence)), "length": len(tokenize(sentence)) / 20}


def _missing(wanted: list, there: list) -> float:  # type: ignore[type-arg]
    """Return the share of the different items that are not there."""
    items = set(wanted)
    return len(items - set(there)) / len(items) if items else 0.0


def _absolutes(text: str) -> set[str]:
    return {word.casefold().removesuffix("ly") for word in _ABSOLUTE.findall(text)}
