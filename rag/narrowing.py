"""A question and an index in, the papers that may answer out, and what a reader is told about that."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from index.postings import Positions
from index.store import Store
from index.words import folded, tokenize
from rag import asides
from rag.answer import Turn
from rag.filters import Filter
from rag.inforce import InForce
from rag.passing import absent, by_author, is_author, newest, positions

_TITLES = 5
"""So many papers that share words with a question may be the one whose title it names."""

_GENERAL = frozenset(
    "abstract anyth argu articl avail claim everyth exist find found know known list literatur look mention preprint "
    "present propos public publish releas report research said search see show shown someth studi suggest thing think "
    "topic want work write written wrote year".split()
)
"""Stemmed words that name no topic."""


@dataclass(frozen=True)
class Narrowed:
    """A question and the papers that may answer it.

    Attributes:
        store: The index that was read.
        question: Without the words that say which papers are meant.
        history: The turns before it, their questions likewise.
        in_force: The filter; None where there is none and nothing is to be said of it.
        places: Positions of the papers that pass, in order; None for all.
    """

    store: Store
    question: str
    history: tuple[Turn, ...] = ()
    in_force: InForce | None = None
    places: Positions | None = None

    def topicless(self, question: str) -> bool:
        """Tell whether a filter is all there is: a question names nothing that papers could be about."""
        return bool(self.filter) and not set(tokenize(question)) - _GENERAL

    @property
    def filter(self) -> Filter:
        """What papers must be."""
        return self.in_force.filter if self.in_force else Filter()

    @property
    def leaves_none(self) -> str:
        """Why no paper passes, and the way out; "" where one does."""
        return self.in_force.leaves_none if self.in_force else ""

    def note(self, other: str) -> str:
        """Return what a reader is told of the filter, then what else there is to say."""
        told = self.in_force.told if self.in_force and not self.leaves_none else ""
        return " ".join(filter(None, (told, other)))


def narrowed(
    store: Store, question: str, history: Sequence[Turn] = (), given: Filter | None = None, as_asked: bool = False
) -> Narrowed:
    """Read which papers a question means.

    A filter that a person gives otherwise comes before what the question says, kind by kind. What an earlier question
    said holds on only where this one says so ("of those", "in the same years").

    Args:
        store: The index.
        question: In one line.
        history: Earlier turns, oldest first.
        given: A filter given otherwise.
        as_asked: Read nothing from the question.

    Raises:
        UserError: The given filter's `since` comes after its `until`.
    """
    given = (given or Filter()).checked()
    said, before, turns = asides.Aside(question), Filter(), list(history)
    if not as_asked:
        for at, turn in enumerate(turns):
            earlier = asides.read(turn.question, Index(store, turn.question))
            before = earlier.filter.over(before) if earlier.keeps or not earlier.rest else earlier.filter
            turns[at] = replace(turn, question=earlier.rest)
        said = asides.read(question, Index(store, question))
    told = said.filter.over(before) if said.keeps or not said.rest else said.filter
    chosen = given.over(told)
    turns = [turn for turn in turns if turn.question]
    if not (chosen or as_asked or said.undated):
        return Narrowed(store, said.rest, tuple(turns))
    places = positions(store, chosen) if chosen.narrows else None
    undated = positions(store, chosen.without("dates")) if chosen.dated else np.zeros(0, dtype=np.int32)
    in_force = InForce(
        chosen,
        said.phrases,
        as_asked,
        len(store.papers) if places is None else len(places),
        len(store.papers),
        int((store.published()[undated] == 0).sum()),
        newest(store),
        said.counted and chosen.since == told.since,
        said.undated,
        absent(store, given),
    )
    return Narrowed(store, said.rest, tuple(turns), in_force, places)


class Index:
    """What an index says of the words of one question."""

    def __init__(self, store: Store, question: str) -> None:
        self._store = store
        self._question = question

    @cached_property
    def newest(self) -> str:
        """ISO date of its newest paper, "" where none has one."""
        return newest(self._store)

    def author(self, name: str, sure: bool) -> bool:
        """Tell whether an author has that name: all its words, or a surname alone.

        A surname that the texts of more papers have than were written by such an author counts only where `sure`.
        """
        if sure or len(name.split()) > 1:
            return is_author(self._store, name)
        common = max((self._store.frequency(word) for word in tokenize(name)), default=0)
        return common <= len(by_author(self._store, name)) and is_author(self._store, name)

    def category(self, name: str) -> bool:
        """Tell whether it has papers of that category."""
        return bool(len(self._store.having("category", name)))

    def titled(self, words: str) -> bool:
        """Tell whether some words stand so in one of the titles that share most with the question."""
        return any(f" {_plain(words)} " in f" {title} " for title in self._titles)

    @cached_property
    def _titles(self) -> list[str]:
        scores = self._store.words(self._question)
        best = np.argpartition(-scores, min(_TITLES, len(scores)) - 1)[:_TITLES] if len(scores) else ()
        return [_plain(self._store.papers[int(at)].title) for at in best if scores[at] > 0]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", folded(text)))
