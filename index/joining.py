"""Two records of one paper in, one out: of each field what is trusted most, then the newest and richest.

Knows nothing of which records are of one paper.
"""

from collections.abc import Sequence

from index.identity import id_kind, id_rank, is_marked_up, title_key
from index.paper import JUDGED, UPLOAD, Paper, is_web

_MOST_NAMES = 50
"""Other ids, and other titles, that a paper is known by: many records of one id would make it slow to join them."""
_MOST_LISTED = 4_000
"""Links, and topics: more than any one record may have."""

__all__ = ["best_ids", "join"]


def join(first: Paper, second: Paper, settled: bool = False) -> Paper:
    """Return one paper with the most trusted, newest and richest of two records of it.

    Of each of the `JUDGED` fields what the more trusted source gave stands, whatever the less trusted one says; that
    fills in what is missing. The paper goes by the ids and titles of the records whose abstract is trusted most.

    Where both are trusted alike, the abstract is as published rather than a digest, of the newest version, then the
    longer one; the title is the best spelling of the one that goes with it. Of lists of authors the longest wins, then
    the one with the fullest names; of dates of publishing the earliest year, then the one that says the day. Links,
    topics and other names are kept from both, sources always, in order of first sight.

    Args:
        first: A record.
        second: Another one of the same paper.
        settled: The first is in an index: what an upload gave of it, another upload does not replace.
    """
    if first == second:
        return first
    given = {name: _given(name, first, second, settled) for name in JUDGED}
    named = given["abstract"]
    best = max(named, key=_newest)
    titles = _titles(*named)
    title = titles.pop(title_key(best.title))
    best_id, other_ids = best_ids(*named)
    marks = {name: of[0] for name, of in given.items() if of}
    return Paper(
        best_id,
        title,
        best.abstract,
        max((each.authors for each in given["authors"]), key=_fullest, default=()),
        min((each.published for each in given["published"]), key=_earliest, default=None),
        max((each.url for each in given["url"]), key=_best_link, default=None),
        _all_of([each.code for each in given["code"]])[:_MOST_LISTED],
        _all_of([each.topics for each in given["topics"]])[:_MOST_LISTED],
        _all_of([first.sources, second.sources]),
        best.kind,
        best.version,
        best.updated,
        other_ids,
        tuple(titles.values())[:_MOST_NAMES],
        tuple(name for name, of in marks.items() if name in of.uploaded),
        tuple(name for name, of in marks.items() if name in of.official),
    )


def _given(name: str, first: Paper, second: Paper, settled: bool) -> tuple[Paper, ...]:
    """Return the records that say what a field holds: the more trusted one, both, or none."""
    trusts = (first.trust, second.trust) if name == "abstract" else (first.trust_in(name), second.trust_in(name))
    if trusts[0] == trusts[1] and not (settled and trusts[0] == UPLOAD):
        return (first, second) if trusts[0] >= 0 else ()
    return (first,) if trusts[0] >= trusts[1] else (second,)


def best_ids(*papers: Paper) -> tuple[str, tuple[str, ...]]:
    """Return the best id of a paper's records, and the others but for those that its titles say."""
    best, *others = sorted({each for paper in papers for each in (paper.id, *paper.other_ids)}, key=id_rank)
    return best, tuple(each for each in others if id_kind(each))[:_MOST_NAMES]


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


def _all_of(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for listed in lists for each in listed))
