"""An index and a `Filter` in, the positions of the papers that pass it out."""

import re
from collections.abc import Sequence

import numpy as np

from index.postings import Positions
from index.store import Store
from index.words import folded
from rag import dates
from rag.filters import Filter

_NAMED = 5
"""So many sources are named, those of most papers first."""


def positions(store: Store, chosen: Filter) -> Positions:
    """Return the positions of the papers that pass a filter, in order.

    Of a date that is known in part, such as a year, it counts what it may be; a paper without one passes no dates.
    """
    allowed: Positions | None = None
    for found in (
        [by_author(store, name) for name in chosen.authors],
        [store.having("category", name) for name in chosen.categories],
        [store.having("source", name) for name in chosen.sources],
    ):
        if found:
            these = np.unique(np.concatenate(found))
            allowed = these if allowed is None else np.intersect1d(allowed, these, assume_unique=True)
    if allowed is None:
        allowed = np.arange(len(store.papers), dtype=np.int32)
    if chosen.dated:
        published = store.published()[allowed]
        last = published + np.where(published % 10000 == 0, 9999, np.where(published % 100 == 0, 99, 0))
        passes = published > 0
        if chosen.since:
            passes &= last >= dates.number(chosen.since)
        if chosen.until:
            passes &= published <= dates.number(chosen.until, "99")
        allowed = allowed[passes]
    return allowed.astype(np.int32)


def absent(store: Store, chosen: Filter) -> str:
    """Say which authors, categories and sources of a filter no paper has, and which sources there are; "" for none."""
    missing = Filter(
        authors=tuple(name for name in chosen.authors if not len(by_author(store, name))),
        categories=tuple(name for name in chosen.categories if not len(store.having("category", name))),
        sources=tuple(name for name in chosen.sources if not len(store.having("source", name))),
    )
    counts = store.counts().get("source", {})
    known = sorted(filter(None, counts), key=lambda name: (-counts[name], name)) if missing.sources else []
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    lead = "the only source is" if len(known) == 1 else "the sources are"
    there = f"; {lead} {', '.join(known[:_NAMED])}{more}" if known else ""
    return f"No paper is {' or '.join(missing.parts.values())}{there}." if missing else ""


def by_author(store: Store, name: str) -> Positions:
    """Return the positions of the papers one of whose authors has every word of a name; an initial stands for a word.

    Case, accents and the order of the words do not matter.
    """
    words = _words(name)
    if not words:
        return np.zeros(0, dtype=np.int32)
    full = [word for word in words if len(word) > 1]
    if words == full[:1]:
        return store.having("author", words[0])
    candidates = np.arange(len(store.papers), dtype=np.int32)
    for word in full or words:
        either = np.union1d(store.having("author", word), store.having("author", word[0]))
        candidates = np.intersect1d(candidates, either, assume_unique=True)
    fits = [at for at in candidates if any(has_name(each, words) for each in store.papers[int(at)].authors)]
    return np.asarray(fits, dtype=np.int32)


def is_author(store: Store, name: str) -> bool:
    """Tell whether an author has that name: all its words, or a surname alone."""
    found, words = by_author(store, name), folded(name).split()
    if len(words) != 1:
        return bool(len(found))
    return any(_surname(author) == words[0] for at in found for author in store.papers[int(at)].authors)


def has_name(author: str, words: Sequence[str]) -> bool:
    """Tell whether an author's name has all of some folded words."""
    own = _words(author)
    return all(any(word == one or (1 in (len(word), len(one)) and word[0] == one[0]) for one in own) for word in words)


def newest(store: Store) -> str:
    """Return the ISO date of the newest paper, "" where none has one."""
    return dates.of_number(int(store.published().max(initial=0)))


def _surname(author: str) -> str:
    """Return the folded last name of "Geoffrey Hinton" and of "Hinton, Geoffrey"."""
    first, comma, _ = author.partition(",")
    return (folded(first) if comma else folded(author)).split()[-1:][0] if author.strip(" ,") else ""


def _words(name: str) -> list[str]:
    """Return the folded words of a name."""
    return re.findall(r"\w+", folded(name))
