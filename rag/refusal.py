"""A question and what was found for it in, why it cannot be answered out; "" where it may be.

What is asked may be missing in two ways: a thing that it names stands in no paper, which is known before a model is
asked; or a paper is there and does not say, which is known from what is left of the answer.
"""

import re
from collections.abc import Sequence

from index.papers import Paper
from index.store import Store
from index.vectors import Encoder
from index.words import tokenize
from rag.facts import numbers, quantities
from rag.names import is_named, name_keys, names
from rag.passing import is_author

SAME_THING = 0.28
"""Cosine of two words from which on they may name the same thing: "pictures" and "images" .81, "weights" and
"parameters" .29, "hours" and "tokens" .22 (all-MiniLM-L6-v2)."""

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
    r"\b(?:what|which|who|why|when|where|how)\b|(?:^|\band\s|\bor\s|[,;?.]\s)\s*(?:do|does|did|is|are|was|were|can|will|has)\b",
    re.I,
)
_COUNT = re.compile(
    r"\bhow (?:many|few) ((?:[\w-]+ ){0,60}?[\w-]+)(?=\s+(?:of|was|were|is|are|did|does|do|has|have|had|can|could|will|"
    r"would|went|go|in|on|at|to|for|by|per|who|that|with|from|it|they|and|or)\b|[?,;.]|$)",
    re.I,
)
_LONGEST_PHRASE = 4
_DURATION = re.compile(r"\bhow long (?:did|does|do|must|will|to|it)\b", re.I)
_TIME = re.compile(
    r"\W{0,2}(?:\w+ )?(?:ms|s|h|(?:milli)?seconds?|minutes?|hours?|days?|weeks?|months?|years?|epochs?|steps?)\b"
)
_MARKER = re.compile(r"\[\d+\]")
_POWER = re.compile(r"\d+e-?\d+", re.I)


def none_is_about(count: int) -> str:
    """Say that no paper of the index is about the question."""
    return f"None of the {count} papers is about that."


def nobody_mentions(store: Store, question: str, papers: Sequence[Paper]) -> str:
    """Say which things that a question names no paper of the index mentions; "" where one is known, or none is named.

    A name is spelt as one ("YaRN"), or a capital stands within a sentence ("Muon"). It is known when its words stand
    in any paper, in a spelling of their own or as the initials of neighbouring words ("direct feedback alignment" for
    DFA) in those that were found, or where it is the name of an author.

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
    named = [paper for paper in papers if is_named(paper.title, question)]
    return f"The abstract of “{named[0].title}” does not say." if named else ""


def lacks_quantity(question: str, answer: str, encoder: Encoder) -> bool:
    """Tell whether a question asks for quantities and nothing else, and an answer gives none that it may mean.

    A number of the question is none; nor is, where things are counted ("how many hours"), one of which the words after
    it name something else ("256k tokens"); nor, where it is asked how long something takes, one without a unit of time.

    Args:
        question: Of a person.
        answer: The text, with its markers.
        encoder: Compares what is counted with what was asked to be.
    """
    asked = _QUANTITY.sub("#", question)
    if asked == question or _OTHER.search(asked):
        return False
    text = _MARKER.sub("", answer)
    given = [of for of in quantities(text) if of.value not in numbers(question)]
    if _DURATION.search(question):
        given = [of for of in given if _TIME.match(text[of.end :])]
    counted = {word for of in given for word in _words(text[of.end :])}
    heads = [_head(match[1]) for match in _COUNT.finditer(question)]
    if not given or not heads or not counted:
        return not given
    rows = encoder.encode([*heads, *sorted(counted)])
    return float((rows[: len(heads)] @ rows[len(heads) :].T).max()) < SAME_THING


def _head(phrase: str) -> str:
    """Return what a phrase counts: "training tokens" tokens, and the first word of a phrase that goes on."""
    words = phrase.split()
    return words[-1] if len(words) <= _LONGEST_PHRASE else words[0]


def _words(text: str) -> list[str]:
    """Return the first words that carry meaning of what follows a number."""
    return [word for word in re.findall(r"[A-Za-z][\w-]*", text[:60]) if tokenize(word)][:3]


def _known(store: Store, name: str) -> bool:
    """Tell whether a name, or a part of a compound that is a name itself, stands in any paper or is an author's."""
    parts = {name, *[part for part in name.split("-") if name_keys(part)]}
    return any(all(map(store.frequency, tokenize(part)[-1:])) for part in parts) or is_author(store, name)


def _initials(paper: Paper) -> str:
    """Return the first letters of the words of a paper, in order."""
    return "".join(word[0] for word in re.findall(r"[A-Za-z]+", f"{paper.title} {paper.abstract}")).casefold()
