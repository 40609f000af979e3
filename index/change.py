"""The papers of an index and records to add in, what becomes of each paper out: kept, written anew, or gone."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from index.catalog import Catalog, names_of
from index.grouping import Bridge, Groups
from index.identity import title_key
from index.joining import join
from index.paper import JUDGED, UPLOAD, UPLOADED, Paper
from index.papers import merge
from index.postings import Positions


@dataclass(frozen=True)
class Change:
    """What an update makes of an index.

    Attributes:
        fresh: Papers that are new or changed, in the order of their ids.
        gone: Positions, in order, of the old papers that are removed or changed.
        order: int64 `(papers now,)`: for each paper in the order of ids its old position, or for `fresh[n]` the number
            of old papers + n.
        places: int32 `(old papers,)`: where each old paper is now, -1 for those of `gone`.
        new: Papers that were not there.
        changed: Papers that say something else than before, or go by a better id.
        removed: Papers that are no longer there.
        replaced: Ids of old papers whose abstract is another one now.
        held: Ids of old papers that were left as they are, because another abstract was given.
        bridges: What became of records that name several old papers, a line for each.
    """

    fresh: tuple[Paper, ...]
    gone: tuple[int, ...]
    order: NDArray[np.int64]
    places: Positions
    new: int
    changed: int
    removed: int
    replaced: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()

    @property
    def positions(self) -> list[int]:
        """Return where each of `fresh` stands now."""
        return np.flatnonzero(self.order >= len(self.places)).tolist()

    @property
    def nothing(self) -> bool:
        """Tell whether all is as it was."""
        return not self.fresh and not self.gone


def change(
    old: Sequence[Paper],
    catalog: Catalog,
    papers: Iterable[Paper],
    replace_all: bool = False,
    remove: Collection[str] = (),
    keep: bool = False,
) -> Change:
    """Find out what records make of the papers of an index; only those that share a name with one are read.

    A record from a source that had named the paper before replaces what was said then, unless it is trusted less; one
    from another source is merged with it. Papers that the index has apart stay apart.

    Args:
        old: In the order of their ids.
        catalog: Of these.
        papers: Records to add, as they were read.
        replace_all: Let go of the papers that are not among `papers`.
        remove: Ids of papers to let go of, unless they are among `papers`.
        keep: Leave papers as they are of which `papers` say another abstract.
    """
    given = list(papers)
    bridges: tuple[Bridge, ...] = ()
    held: list[str] = []
    replaced: list[str] = []
    renamed: dict[str, str] = {}
    if replace_all:
        now, touched = merge(given), set(range(len(old)))
    else:
        touched = _touched(old, catalog, given, remove)
        before = {(paper := old[at]).id: paper for at in sorted(touched)}
        leaving = set(remove)
        again: dict[str, Paper] = {}
        for each in given:
            if each.id in leaving:
                again[each.id] = join(again[each.id], each) if each.id in again else each
        base = {**{each: paper for each, paper in before.items() if each not in leaving}, **again}
        groups = Groups(base.values())
        groups.add(each for each in given if each.id not in leaving)
        now, bridges = [], tuple(groups.bridges.values())
        for key, paper in groups.records.items():
            known = base.get(key)
            made = groups.own(key, _with(known, groups.given[key])) if known and key in groups.given else paper
            if key in before and made.abstract != before[key].abstract:
                holds = keep and made.trust <= before[key].trust
                (held if holds else replaced).append(key)
                made = before[key] if holds else made
            if key in before:
                renamed[made.id] = key
            now.append(made)
    had = {paper.id: at for at in touched if (paper := old[at])}
    same = {at for paper in now if (at := had.get(paper.id)) is not None and old[at] == paper}
    changed = sorted((paper for paper in now if had.get(paper.id) not in same), key=lambda paper: paper.id)
    gone = sorted(touched - same)
    order, places = _ordered(old, changed, gone)
    new = sum(paper.id not in had and paper.id not in renamed for paper in changed)
    return Change(
        tuple(changed),
        tuple(gone),
        order,
        places,
        new,
        len(changed) - new,
        len(gone) - (len(changed) - new),
        tuple(replaced),
        tuple(held),
        tuple(map(str, bridges)),
    )


def all_fresh(papers: Iterable[Paper]) -> Change:
    """Return the change that makes an index of papers as they are, each with an id of its own."""
    fresh = tuple(sorted(papers, key=lambda paper: paper.id))
    order, places = _ordered((), fresh, ())
    return Change(fresh, (), order, places, len(fresh), 0, 0)


def _touched(old: Sequence[Paper], catalog: Catalog, given: Iterable[Paper], remove: Collection[str]) -> set[int]:
    """Return the positions of the old papers that share an id or a title with a record, or are to go."""
    names = {name for paper in given for name in names_of(paper) if name.startswith(("id:", "title:"))}
    found = (catalog.names.find(name).tolist() for name in [*names, *(f"id:{each}" for each in remove)])
    return {at for positions in found for at in positions}


def _with(before: Paper, given: Sequence[Paper]) -> Paper:
    """Return a paper of an index with the records of it that were read now."""
    fresh = reduce(join, given)
    sources = {name for name in before.sources if not name.startswith(UPLOADED)}
    if fresh.trust == UPLOAD or fresh.trust < before.trust or not sources <= set(fresh.sources):
        return join(before, fresh, settled=True)
    return _said_anew(before, fresh)


def _said_anew(before: Paper, fresh: Paper) -> Paper:
    """Return what all sources of a paper but uploads say now, under its names and filled in by what uploads gave."""
    both = join(before, fresh)
    titles = tuple(title for title in both.other_titles if title_key(title) != title_key(fresh.title))
    now = replace(fresh, id=both.id, other_ids=both.other_ids, other_titles=titles)
    if not before.uploaded:
        return replace(now, sources=both.sources) if len(both.sources) > len(fresh.sources) else now
    filled = before.without([name for name in JUDGED if name not in before.uploaded])
    return join(now, filled.given_by(UPLOAD))


def _ordered(old: Sequence[Paper], fresh: Sequence[Paper], gone: Sequence[int]) -> tuple[NDArray[np.int64], Positions]:
    """Return `order` and `places` of a change."""
    kept = np.setdiff1d(np.arange(len(old), dtype=np.int64), np.asarray(gone, dtype=np.int64), assume_unique=True)
    at = [bisect_left(kept, paper.id, key=lambda position: old[int(position)].id) for paper in fresh]
    order = np.insert(kept, np.asarray(at, dtype=np.int64), np.arange(len(old), len(old) + len(fresh)))
    places = np.full(len(old), -1, dtype=np.int32)
    ours = order < len(old)
    places[order[ours]] = np.flatnonzero(ours)
    return order, places
