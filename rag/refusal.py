"""Says why a question cannot be answered; "" where it may be."""

import re
from collections.abc import Sequence

from index.papers import Paper
from index.store import Store
from index.words import tokenize
from rag.names import is_named, name_keys, names
from rag.passing import is_author

NOTHING_ASKED = "Nothing in it asks about papers."

_CAPITAL = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b")
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


def _known(store: Store, name: str) -> bool:
    """Tell whether a name, or a part of a compound that is a name itself, stands in any paper or is an author's."""
    parts = {name, *[part for part in name.split("-") if name_keys(part)]}
    return any(all(map(store.frequency, tokenize(part)[-1:])) for part in parts) or is_author(store, name)


def _initials(paper: Paper) -> str:
    """Return the first letters of the words of a paper, in order."""
    return "".join(word[0] for word in re.findall(r"[A-Za-z]+", f"{paper.title} {paper.abstract}")).casefold()
