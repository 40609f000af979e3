"""Records of any origin in, one `Paper` for each different paper out.

Knows nothing of files, vectors or questions. What a paper is, is told by its ids and its titles; of each field the
newest and richest is kept. Both rules give the same whatever the order of the records, and whether they come at once
or in batches.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import combinations

from index.identity import arxiv_version, id_kind, id_rank, is_marked_up, page_by_id, paper_id, title_key
from index.links import code_links
from index.paper import Paper, is_web

__all__ = [
    "Paper", "arxiv_version", "code_links", "is_web", "join", "merge", "page_by_id", "paper_id", "title_key",
]  # fmt: skip

_TITLE = "="  # begins the keys of titles, and no id
_INITIALS = re.compile(r"(?:[A-Z]\.?-?){1,2}")


def merge(papers: Iterable[Paper]) -> list[Paper]:
    """Join the records of the same paper; the order is that of first sight.

    Records of one id are one paper. So are those that share a title in some spelling, or where one's id is another id
    of the other, unless ids speak against it: a paper has one arXiv id, and one DOI beside it. Nor does a title join
    records that name authors without a surname in common. A name that belongs to several papers (two arXiv ids of one
    title) joins nothing. Batches merged one after the other give what merging all at once gives, but for a name that
    turns out later to belong to several papers, and for records of one paper whose authors differ.

    Keeps one record for each different id, and for each title where it stands.
    """
    records: dict[str, Paper] = {}
    for paper in papers:
        paper = _by_best_id(paper) if paper.other_ids else paper
        known = records.get(paper.id)
        records[paper.id] = paper if known is None else join(known, paper)
    while groups := _same(records):
        for first, *others in groups:
            for other in others:
                records[first] = join(records[first], records.pop(other))
        records = {paper.id: paper for paper in records.values()}
    return list(records.values())


def join(first: Paper, second: Paper) -> Paper:
    """Return one paper with the newest and richest of two records of it.

    The abstract is as published rather than a digest, of the newest version, then the longer one; the title is the
    best spelling of the one that goes with it. Of lists of authors the longest wins, then the one with the fullest
    names; of dates of publishing the earliest year, then the one that says the day.
    Links, topics, sources and other names are kept from both, in order of first sight.
    """
    if first == second:
        return first
    best = max(first, second, key=_newest)
    titles = _titles(first, second)
    title = titles.pop(title_key(best.title))
    best_id, other_ids = _ids(first, second)
    return Paper(
        best_id,
        title,
        best.abstract,
        max(first.authors, second.authors, key=_fullest),
        min(first.published, second.published, key=_earliest),
        max(first.url, second.url, key=_best_link),
        _both(first.code, second.code),
        _both(first.topics, second.topics),
        _both(first.sources, second.sources),
        best.kind,
        best.version,
        best.updated,
        other_ids,
        tuple(titles.values()),
    )


def _by_best_id(paper: Paper) -> Paper:
    """Return a record under the best of its ids."""
    best_id, other_ids = _ids(paper)
    return replace(paper, id=best_id, other_ids=other_ids)


def _ids(*papers: Paper) -> tuple[str, tuple[str, ...]]:
    """Return the best id of a paper's records, and the others but for those that its titles say."""
    best, *others = sorted({each for paper in papers for each in (paper.id, *paper.other_ids)}, key=id_rank)
    return best, tuple(each for each in others if id_kind(each))


def _same(records: Mapping[str, Paper]) -> list[list[str]]:
    """Return the ids of records that share names and are one paper, in groups of two or more, in order of sight."""
    owners: dict[str, str] = {}
    shared: dict[str, list[str]] = {}
    for paper in records.values():
        for name in _names(paper):
            owner = name if name in records else owners.setdefault(name, paper.id)
            if owner != paper.id:
                shared.setdefault(name, [owner]).append(paper.id)
    joined = [
        ids
        for name, ids in shared.items()
        if _one_paper(records, ids) and (name[0] != _TITLE or _share_authors([records[each].authors for each in ids]))
    ]
    leader = {each: each for ids in joined for each in ids}

    def led(each: str) -> str:
        while leader[each] != each:
            leader[each] = each = leader[leader[each]]
        return each

    for ids in joined:
        for each in ids[1:]:
            leader[led(each)] = led(ids[0])
    groups: dict[str, list[str]] = {}
    for each in records if leader else ():
        if each in leader:
            groups.setdefault(led(each), []).append(each)
    return [ids for ids in groups.values() if _one_paper(records, ids)]


def _names(paper: Paper) -> set[str]:
    """Return what a paper is known by beside its id: other ids, and the keys of its titles."""
    keys = {f"{_TITLE}{key}" for title in (paper.title, *paper.other_titles) if (key := title_key(title))}
    return keys.union(paper.other_ids) if paper.other_ids else keys


def _one_paper(records: Mapping[str, Paper], ids: Collection[str]) -> bool:
    """Tell whether the ids of some records may all name one paper: those of one kind have one in common."""
    common: dict[str, set[str]] = {}
    for paper in (records[each] for each in ids):
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
    surnames = [{_surname(name) for name in authors} for authors in lists if authors]
    return not any(first.isdisjoint(second) for first, second in combinations(surnames, 2))


def _surname(name: str) -> str:
    """Return the key of the last word of a name that is no initials, of what comes before a comma.

    >>> [_surname(name) for name in ("Jan van der Bérg", "van der Berg, Jan", "Berg J.A.", "BERG JA")]
    ['berg', 'berg', 'berg', 'berg']
    """
    words = name.partition(",")[0].split() or [name]
    return title_key(next((word for word in reversed(words) if not _INITIALS.fullmatch(word)), words[-1]))


def _newest(paper: Paper) -> tuple[object, ...]:
    text = len(paper.abstract), paper.abstract, title_key(paper.title)
    return paper.kind == "abstract", paper.version or 0, paper.updated or "", *text


def _titles(*papers: Paper) -> dict[str, str]:
    """Return the best spelling of each title, by its key."""
    best: dict[str, str] = {}
    for title in (title for paper in papers for title in (paper.title, *paper.other_titles)):
        key = title_key(title)
        best[key] = max(best.get(key, title), title, key=_well_spelled)
    return best


def _well_spelled(title: str) -> tuple[object, ...]:
    """Put Unicode before TeX, accents before none, capitals where they belong before none or nothing else."""
    accents, capitals = sum(not letter.isascii() for letter in title), sum(map(str.isupper, title))
    return not is_marked_up(title), not title.isupper(), not title.endswith("."), accents, capitals, title


def _fullest(authors: tuple[str, ...]) -> tuple[object, ...]:
    text = "".join(authors)
    return len(authors), sum(map(str.isalpha, text)), -text.count(","), authors


def _earliest(published: str | None) -> tuple[object, ...]:
    return published is None, (published or "")[:4], -len(published or ""), published or ""


def _best_link(url: str | None) -> tuple[object, ...]:
    """Put a page that anybody may read before one that may ask for money, and any page before none."""
    url = url or ""
    return is_web(url), "://arxiv.org/abs/" in url, "://doi.org/" not in url, url


def _both(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(first + second)) if first and second else first or second
