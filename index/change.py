"""The papers of an index and records to add in, what becomes of each paper out: kept, written anew, or gone."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.catalog import Catalog, names_of
from index.paper import Paper
from index.papers import join, merge, title_key
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
        new: Papers whose id was not there.
        changed: Papers that say something else than before.
        removed: Papers whose id is no longer there.
    """

    fresh: tuple[Paper, ...]
    gone: tuple[int, ...]
    order: NDArray[np.int64]
    places: Positions
    new: int
    changed: int
    removed: int

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
) -> Change:
    """Find out what records make of the papers of an index; only those that share a name with one are read.

    A record from a source that had named the paper before replaces what was said then; one from another source is
    merged with it.

    Args:
        old: In the order of their ids.
        catalog: Of these.
        papers: Records to add.
        replace_all: Let go of the papers that are not among `papers`.
        remove: Ids of papers to let go of, unless they are among `papers`.
    """
    given = merge(papers)
    if replace_all:
        now, touched = given, set(range(len(old)))
    else:
        touched = _touched(old, catalog, given, remove)
        fresh = {paper.id: paper for paper in given}
        leaving = set(remove)
        kept = [old[at] for at in sorted(touched) if old[at].id not in leaving]
        anew = {each.id: each for each in kept if _said_anew(each, fresh.get(each.id))}
        known = [_named(anew[each.id], each) if each.id in anew else each for each in given]
        now = merge([*(each for each in kept if each.id not in anew), *known])
    before = {paper.id: at for at in touched if (paper := old[at])}
    same = {at for paper in now if (at := before.get(paper.id)) is not None and old[at] == paper}
    changed = sorted((paper for paper in now if before.get(paper.id) not in same), key=lambda paper: paper.id)
    gone = sorted(touched - same)
    order, places = _ordered(old, changed, gone)
    new = sum(paper.id not in before for paper in changed)
    return Change(
        tuple(changed),
        tuple(gone),
        order,
        places,
        new,
        len(changed) - new,
        len(gone) - (len(changed) - new),
    )


def _touched(old: Sequence[Paper], catalog: Catalog, given: Sequence[Paper], remove: Collection[str]) -> set[int]:
    """Return the positions of the old papers that share an id or a title with a record, or are to go."""
    names = {name for paper in given for name in names_of(paper) if name.startswith(("id:", "title:"))}
    found = (catalog.names.find(name).tolist() for name in [*names, *(f"id:{each}" for each in remove)])
    return {at for positions in found for at in positions}


def _said_anew(paper: Paper, fresh: Paper | None) -> bool:
    """Tell whether every source of a paper has said something of it now."""
    return fresh is not None and set(paper.sources) <= set(fresh.sources)


def _named(before: Paper, now: Paper) -> Paper:
    """Return what a source says now under every name that the paper has had."""
    both = join(before, now)
    titles = (title for title in both.other_titles if title_key(title) != title_key(now.title))
    return replace(now, other_ids=both.other_ids, other_titles=tuple(titles))


def _ordered(old: Sequence[Paper], fresh: Sequence[Paper], gone: Sequence[int]) -> tuple[NDArray[np.int64], Positions]:
    """Return `order` and `places` of a change."""
    kept = np.setdiff1d(np.arange(len(old), dtype=np.int64), np.asarray(gone, dtype=np.int64), assume_unique=True)
    at = [bisect_left(kept, paper.id, key=lambda position: old[int(position)].id) for paper in fresh]
    order = np.insert(kept, np.asarray(at, dtype=np.int64), np.arange(len(old), len(old) + len(fresh)))
    places = np.full(len(old), -1, dtype=np.int32)
    ours = order < len(old)
    places[order[ours]] = np.flatnonzero(ours)
    return order, places
