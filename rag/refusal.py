"""A question and what was found for it in, why it cannot be answered out; "" where it may be.

What is asked may be missing in two ways: a thing that it names stands in no paper, which is known before a model is
asked; or a paper is there and does not say, which is known from what is left of the answer.
"""

import re
from collections.abc import Sequence

from index.papers import Paper
from index.store import Store
from index.words import tokenize
from rag.facts import numbers
from rag.names import name_keys, names

NOTHING_ASKED = "Nothing in it asks about papers."

_CAPITAL = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b")
_MEASURES = (
    "accuracy|score|rates?|sizes?|number|rank|latency|percentage|share|fraction|ratio|temperature|epochs?|steps?|budget|"
    "speedup|throughput|perplexity|beta|cost|price|count|dimensions?|hours|minutes|seconds|days|agreement"
)
_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|fast|often|few)\b"
    r"|\b(?:what|which)(?:['’]s| is| are| was| were)?(?: exactly)?(?: is| was)?(?: the| its| their| an?)?"
    rf"(?: [\w-]+){{0,2}} (?:{_MEASURES})\b"
    rf"|^(?:[\w-]+ ){{0,3}}(?:{_MEASURES}) (?:per|of|for)\b",
    re.I,
)
_OTHER = re.compile(
    r"\b(?:what|which|who|why|when|where|how)\b|(?:\band|\bor|[,;?.])\s+(?:do|does|did|is|are|was|were|can|will|has)\b",
    re.I,
)
_POWER = re.compile(r"\d+e-?\d+", re.I)


def none_is_about(count: int) -> str:
    """Say that no paper of the index is about the question."""
    return f"None of the {count} papers is about that."


def nobody_mentions(store: Store, question: str, papers: Sequence[Paper]) -> str:
    """Say which things that a question names no paper of the index mentions; "" where one is known, or none is named.

    A name is spelt as one ("YaRN"), or a capital stands within a sentence ("Muon"). It is known when its words stand
    in any paper, in a spelling of their own or as the initials of neighbouring words ("direct feedback alignment" for
    DFA) in those that were found.

    Args:
        store: The index.
        question: As it is searched for.
        papers: The first that were found.
    """
    spelt = [name for name in names(question) if not _POWER.fullmatch(name)]
    named = list(dict.fromkeys([*spelt, *_CAPITAL.findall(question)]))
    initials = " ".join(_initials(paper) for paper in papers)
    unknown = [name for name in named if not _known(store, name) and name.casefold() not in initials]
    if not unknown or len(unknown) < len(named):
        return ""
    return f"No paper of the index mentions {' or '.join(f'“{name}”' for name in unknown)}."


def does_not_say(question: str, papers: Sequence[Paper]) -> str:
    """Say that the paper that a question names does not say; "" where it names none of them."""
    asked = name_keys(question)
    for paper in papers:
        short = paper.title.split(":")[0]
        if asked & name_keys(paper.title) or (":" in paper.title and short.casefold() in question.casefold()):
            return f"The abstract of “{paper.title}” does not say."
    return ""


def lacks_quantity(question: str, answer: str) -> bool:
    """Tell whether a question asks for quantities and nothing else, and an answer gives none but those of the question.

    >>> lacks_quantity("How many GPUs were used?", "They used a cluster [1].")
    True
    """
    asked = _QUANTITY.sub(" ", question)
    if asked == question or _OTHER.search(asked):
        return False
    return not numbers(re.sub(r"\[\d+\]", "", answer)) - numbers(question)


def _known(store: Store, name: str) -> bool:
    """Tell whether a name, or a part of a compound that is a name itself, stands in any paper."""
    parts = {name, *[part for part in name.split("-") if name_keys(part)]}
    return any(all(map(store.frequency, tokenize(part)[-1:])) for part in parts)


def _initials(paper: Paper) -> str:
    """Return the first letters of the words of a paper, in order."""
    return "".join(word[0] for word in re.findall(r"[A-Za-z]+", f"{paper.title} {paper.abstract}")).casefold()
