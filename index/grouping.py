"""Which records are of one paper: told by ids and titles. Papers of an index never become one by what a record says."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from textwrap import shorten

from index.identity import id_kind, id_rank, title_key
from index.joining import best_ids, join
from index.paper import Paper

_TITLE = "="  # begins the keys of titles, and no id
_INITIALS = re.compile(r"(?:[A-Z]\.?-?){1,2}")


@dataclass(frozen=True)
class Bridge:
    """A record whose names are those of several papers of an index, which stay apart.

    Attributes:
        record: As it was given.
        papers: Ids of these papers.
        joined: Id of the one that the record was taken for; "" for none of them.
    """

    record: Paper
    papers: tuple[str, ...]
    joined: str

    def __str__(self) -> str:
        """Return one line for people."""
        where = ", ".join(self.record.sources) or "a record"
        taken = f"It was taken for {self.joined} alone" if self.joined else "It joins none of them"
        named = " and ".join(self.papers)
        title = shorten(self.record.title, 60, placeholder="…")
        return f"{where}: “{title}” [{self.record.id}] names {named}, which stay apart. {taken}."


class Groups:
    """Papers, and the records of each.

    Records of one id are one paper. So are those that share a title in some spelling, or where one's id is another id
    of the other, unless ids speak against it: a paper has one arXiv id, and one DOI beside it. Nor does a title join
    records that name authors without a surname in common. A name that belongs to several papers (two arXiv ids of one
    title) joins nothing.

    Papers that are kept apart stay apart. A record with an id of one of them belongs to it, whatever its title; one
    that leads to several of them by other names joins none but the one that its own names lead to. What is trusted
    more is grouped first, and what is trusted less is kept apart by it.

    Attributes:
        records: Each paper by a key: the id that it had first.
        given: The records that were added to a paper, where there are several, or where it was kept.
        bridges: Records that would have joined papers that are kept apart, by their ids.
    """

    def __init__(self, kept: Iterable[Paper] = ()) -> None:
        self.records: dict[str, Paper] = {paper.id: paper for paper in kept}
        self.given: dict[str, list[Paper]] = {}
        self.bridges: dict[str, Bridge] = {}
        self._kept: set[str] = set()
        self._owner: dict[str, str | None] = {}  # of each name of a kept paper; None for a name of several
        self._named: dict[str, str] = {}  # of each id of a record that was added to a kept paper
        self._keep()

    def add(self, records: Iterable[Paper]) -> None:
        """Add records, the most trusted first; keeps one for each different id, and for each title where it stands."""
        levels: dict[int, list[Paper]] = {}
        for record in records:
            levels.setdefault(record.trust, []).append(record)
        for trust in sorted(levels, reverse=True):
            for record in levels.pop(trust):
                self._put(replace_ids(record, best_ids(record)) if record.other_ids else record)
            while groups := self._same():
                for first, *others in groups:
                    for other in others:
                        if first in self.records and other in self.records:  # not added elsewhere meanwhile
                            self._merge(first, other)
            if levels:
                self._keep()

    def own(self, key: str, paper: Paper) -> Paper:
        """Return what became of a kept paper, without the names of others."""
        ids = [each for each in (paper.id, *paper.other_ids) if self._owner.get(each) in (None, key)]
        titles = [each for each in paper.other_titles if self._owner.get(_key(each)) in (None, key)]
        if len(ids) == 1 + len(paper.other_ids) and len(titles) == len(paper.other_titles):
            return paper
        return replace_ids(replace(paper, other_titles=tuple(titles)), _ranked(ids or [key]))

    def _keep(self) -> None:
        """Keep the papers apart that there are now."""
        self._kept = set(self.records)
        self._owner = {}
        for key, paper in sorted(self.records.items(), key=lambda each: -each[1].trust):
            for name in (*_names(paper), paper.id, key):
                owner = self._owner.setdefault(name, key)
                if owner not in (None, key) and self.records[owner].trust == paper.trust:
                    self._owner[name] = None
        self._owner.update({paper.id: key for key, paper in self.records.items()})

    def _put(self, record: Paper) -> None:
        key = self._owned(record)
        if key is not None:
            self._join(key, record)
        elif record.id in self.records:
            self._add_to(record.id, record)
        else:
            self.records[record.id] = record

    def _owned(self, record: Paper) -> str | None:
        """Return the key of the kept paper that a record's ids name: the best of them that names one."""
        for each in (record.id, *sorted(record.other_ids, key=id_rank)) if self._kept else ():
            key = self._owner.get(each)
            if key is not None and (self.records[key].id == each or _one_paper([self.records[key], record])):
                return key
        return None

    def _join(self, key: str, record: Paper) -> None:
        """Add a record to a kept paper; its names that belong to other papers join nothing."""
        names = (record.id, *record.other_ids, _key(record.title), *map(_key, record.other_titles))
        owners = [self._owner.get(name) for name in names]
        owners += [self._named.setdefault(each, key) for each in (record.id, *record.other_ids)]
        others = {owner for owner in owners if owner not in (None, key)}
        if others:
            ids = sorted(self.records[each].id for each in (key, *filter(None, others)))
            self.bridges[record.id] = Bridge(record, tuple(ids), self.records[key].id)
        self.given.setdefault(key, []).append(record)
        joined = self.records[key] = self.own(key, join(self.records[key], record))
        for each in (joined.id, *joined.other_ids):
            self._owner.setdefault(each, key)
            new = self.records.get(each) if each not in self._kept else None
            if new and (each == joined.id or _one_paper([joined, new])):
                self._merge(key, each)

    def _add_to(self, key: str, record: Paper) -> None:
        """Add a record to a paper that is new."""
        self.given.setdefault(key, [self.records[key]]).append(record)
        self.records[key] = join(self.records[key], record)

    def _merge(self, key: str, other: str) -> None:
        """Add the records of a new paper to another one."""
        found = self.records.pop(other)
        for record in self.given.pop(other, [found]):
            (self._join if key in self._kept else self._add_to)(key, record)

    def _same(self) -> list[list[str]]:
        """Return the keys of papers that share names and are one, in groups of two or more: kept ones first."""
        joined = list(self._sharing())
        leader = {each: each for keys in joined for each in keys}

        def led(each: str) -> str:
            while leader[each] != each:
                leader[each] = each = leader[leader[each]]
            return each

        for keys in joined:
            for each in keys[1:]:
                leader[led(each)] = led(keys[0])
        groups: dict[str, list[str]] = {}
        for each in self.records if leader else ():
            if each in leader:
                groups.setdefault(led(each), []).append(each)
        ways: dict[str, set[str]] = {}  # from a new paper to those that are kept
        for keys in joined:
            for each in keys:
                ways.setdefault(each, set()).update(self._kept.intersection(keys))
        parts = [part for keys in groups.values() for part in self._parted(keys, ways)]
        return [keys for keys in parts if len(keys) > 1 and _one_paper([self.records[each] for each in keys])]

    def _parted(self, keys: list[str], ways: Mapping[str, Collection[str]]) -> list[list[str]]:
        """Return a group with the kept paper first; with several, each with the new ones that lead to it alone."""
        kept = [each for each in keys if each in self._kept]
        new = [each for each in keys if each not in self._kept]
        if len(kept) < 2:
            return [kept + new]
        for each in new:
            record = self.records[each]
            own = ways[each] if len(ways[each]) == 1 else ()
            ids = tuple(sorted(self.records[key].id for key in kept))
            self.bridges[record.id] = Bridge(record, ids, "".join(self.records[key].id for key in own))
        return [[key, *(each for each in new if set(ways[each]) == {key})] for key in kept]

    def _sharing(self) -> Iterator[list[str]]:
        """Yield the keys of papers that a name of theirs makes one."""
        owners: dict[str, str] = {}
        shared: dict[str, list[str]] = {}
        for key, paper in self.records.items():
            names = _names(paper) if paper.id == key else {*_names(paper), paper.id}
            for name in names:
                owner = name if name in self.records else owners.setdefault(name, key)
                if owner != key:
                    shared.setdefault(name, [owner]).append(key)
        for name, keys in shared.items():
            kept = [each for each in keys if each in self._kept]
            if len(kept) > 1:
                most = max(self.records[each].trust for each in kept)
                kept = [each for each in kept if self.records[each].trust == most]
                keys = [each for each in keys if each in kept or each not in self._kept]
            papers = [self.records[each] for each in keys]
            if len(keys) > 1 and len(kept) < 2 and _one_paper(papers):
                if name[0] != _TITLE or _share_authors([paper.authors for paper in papers]):
                    yield keys


def replace_ids(paper: Paper, ids: tuple[str, tuple[str, ...]]) -> Paper:
    """Return a paper under other ids: the best one, and the others."""
    best, others = ids
    return paper if (paper.id, paper.other_ids) == ids else replace(paper, id=best, other_ids=others)


def _ranked(ids: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    best, *others = sorted(ids, key=id_rank)
    return best, tuple(others)


def _key(title: str) -> str:
    return f"{_TITLE}{title_key(title)}"


def _names(paper: Paper) -> set[str]:
    """Return what a paper is known by beside its id: other ids, and the keys of its titles."""
    keys = {f"{_TITLE}{key}" for title in (paper.title, *paper.other_titles) if (key := title_key(title))}
    return keys.union(paper.other_ids) if paper.other_ids else keys


def _one_paper(papers: Iterable[Paper]) -> bool:
    """Tell whether the ids of some records may all name one paper: those of one kind have one in common."""
    common: dict[str, set[str]] = {}
    for paper in papers:
        kinds: dict[str, set[str]] = {}
        for each in (paper.id, *paper.other_ids):
            kinds.setdefault(id_kind(each), set()).add(each)
        for kind, named in kinds.items():
            common[kind] = common[kind] & named if kind in common else named
            if kind and not common[kind]:
                return False
    return True


def _share_authors(lists: Iterable[tuple[str, ...]]) -> bool:
    """Tell whether any two lists of authors have a surname in common; one that names none speaks against nobody."""
    surnames = {frozenset(map(_surname, authors)) for authors in lists if authors}
    return not any(first.isdisjoint(second) for first, second in combinations(surnames, 2))


def _surname(name: str) -> str:
    """Return the key of the last word of a name that is no initials, of what comes before a comma.

    >>> [_surname(name) for name in ("Jan van der Bérg", "van der Berg, Jan", "Berg J.A.", "BERG JA")]
    ['berg', 'berg', 'berg', 'berg']
    """
    words = name.partition(",")[0].split() or [name]
    return title_key(next((word for word in reversed(words) if not _INITIALS.fullmatch(word)), words[-1]))
