"""Papers by what is known of them: ids, titles, authors, categories, sources and dates → positions."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.identity import title_key
from index.paper import Paper
from index.postings import Positions, Postings
from index.words import folded

Counts = Mapping[str, Mapping[str, int]]

_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


@dataclass(frozen=True)
class Catalog:
    """What is known of each paper, so that those with something in common are found without reading all.

    Attributes:
        published: int32 `(papers,)`: YYYYMMDD, 00 for a month or day that is not known, 0 where no date is.
        names: Positions by "id:…" (other ids too), "title:…" (`title_key`), "author:…" (a word of a name),
            "category:…" and "source:…".
        counts: Of "kind", "source", "category" and "year": name → how many papers have it; "" for those without any.
    """

    published: NDArray[np.int32]
    names: Postings
    counts: Counts

    @classmethod
    def of(cls, papers: Sequence[Paper], positions: Sequence[int]) -> "Catalog":
        """Make the catalog of papers that stand at some positions, `published` in the order that they are given."""
        counts: dict[str, Counter[str]] = {}
        for paper in papers:
            _count(counts, paper, 1)
        published = np.fromiter((date_number(paper.published) for paper in papers), np.int32, len(papers))
        pairs = ((name, at) for paper, at in zip(papers, positions, strict=True) for name in names_of(paper))
        return cls(published, Postings.of(pairs), counts)

    def moved(self, places: Positions, order: NDArray[np.int64], gone: Sequence[Paper], more: "Catalog") -> "Catalog":
        """Return this catalog after an update.

        Args:
            places: int32 `(papers,)`, where each paper is now, -1 for nowhere.
            order: int64 `(papers now,)`: which of the old dates, followed by those of `more`, each has.
            gone: The papers that are nowhere.
            more: The catalog of new papers, at the positions that they have now.
        """
        counts = {kind: Counter(names) for kind, names in self.counts.items()}
        for paper in gone:
            _count(counts, paper, -1)
        for kind, names in more.counts.items():
            counts.setdefault(kind, Counter()).update(names)
        published = np.concatenate([self.published, more.published])[order]
        return Catalog(
            published, self.names.moved(places, more.names), {kind: +names for kind, names in counts.items()}
        )

    def having(self, kind: str, key: str) -> Positions:
        """Return the positions, in order, of the papers that have something.

        Args:
            kind: "id", "author", "category", "source", or "title".
            key: An id; one word of an author's name; a category, of which "cs" covers "cs.LG" too; the name of a
                source; a title. Case and accents don't matter but in ids and sources.
        """
        form = {"author": folded, "category": folded, "title": title_key}.get(kind, str)
        return self.names.find(f"{kind}:{form(key)}")


def names_of(paper: Paper) -> set[str]:
    """Return the names that a paper is found by in a catalog."""
    names = {f"id:{each}" for each in (paper.id, *paper.other_ids)}
    names |= {f"title:{title_key(title)}" for title in (paper.title, *paper.other_titles)}
    names |= {f"author:{word}" for author in paper.authors for word in re.findall(r"\w+", folded(author))}
    for topic in map(folded, paper.topics):
        names |= {f"category:{topic}", f"category:{topic.split('.')[0]}"}
    return names | {f"source:{source}" for source in paper.sources}


def date_number(date: str | None) -> int:
    """Return an ISO date as YYYYMMDD, 0 for none.

    >>> date_number("2024-05")
    20240500
    """
    found = _DATE.match(date or "")
    return int(f"{found[1]}{found[2] or '00'}{found[3] or '00'}") if found else 0


def _count(counts: dict[str, Counter[str]], paper: Paper, times: int) -> None:
    named = {
        "kind": (paper.kind,),
        "source": paper.sources,
        "category": paper.topics,
        "year": ((paper.published or "")[:4],),
    }
    for kind, names in named.items():
        for name in dict.fromkeys(names or ("",)):
            counts.setdefault(kind, Counter())[name] += times
