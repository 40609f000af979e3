"""The record of one paper, as every stage knows it."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

from index.identity import page_by_id

UPLOADED = "upload:"
"""Begins the names of uploads as sources, and no other name of a source."""
UPLOAD, FILE, SERVICE = range(3)
"""How far a source is trusted: a file that somebody uploaded, one that the owner of the index named (the starter corpus
is one), or a service of record that was asked itself."""
JUDGED = ("abstract", "authors", "published", "url", "code", "topics")
"""Fields of which it is known how far who gave them is trusted; title, kind, version and its date come with the
abstract."""


@dataclass(frozen=True)
class Paper:
    """One paper, whatever number of sources named it.

    Attributes:
        id: `arxiv:…`, `doi:…` or `title:…`, the best that is known.
        title: As published.
        abstract: The text that is searched, quoted and cited.
        authors: Names in the order of the paper.
        published: ISO date (YYYY, YYYY-MM or YYYY-MM-DD).
        url: A page of the paper.
        code: Links to repositories.
        topics: Keywords or categories.
        sources: Every source that named the paper.
        kind: "abstract" as published, or "digest" for a summary in other words.
        version: Number of the version that the abstract is of, counted from 1; None where the source has none.
        updated: ISO date of that version.
        other_ids: Ids that it goes by too: the DOI of a paper that arXiv has.
        other_titles: That it goes by too, such as that of an earlier version.
        uploaded: Those of the `JUDGED` fields that an upload gave.
        official: Those that a service of record gave; the others come from files that the owner of the index named.
    """

    id: str
    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    published: str | None = None
    url: str | None = None
    code: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    kind: str = "abstract"
    version: int | None = None
    updated: str | None = None
    other_ids: tuple[str, ...] = ()
    other_titles: tuple[str, ...] = ()
    uploaded: tuple[str, ...] = ()
    official: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """Its page on the web: `url` if that is one of the web, else by its id; "" where none is known."""
        return self.url if self.url and is_web(self.url) else page_by_id(self.id)

    @property
    def trust(self) -> int:
        """How far who gave its abstract is trusted; nobody who is trusted more gave anything of it."""
        return self._trust("abstract")

    def trust_in(self, name: str) -> int:
        """Return how far who gave one of the `JUDGED` fields is trusted, -1 where nobody did."""
        return self._trust(name) if getattr(self, name) else -1

    def _trust(self, name: str) -> int:
        return UPLOAD if name in self.uploaded else SERVICE if name in self.official else FILE

    def given_by(self, trust: int) -> "Paper":
        """Return this paper as somebody gave it who is trusted so far."""
        given = tuple(name for name in JUDGED if getattr(self, name) or name == "abstract")
        return replace(self, uploaded=given if trust == UPLOAD else (), official=given if trust == SERVICE else ())

    def without(self, names: Collection[str]) -> "Paper":
        """Return this paper with some of the `JUDGED` fields empty; an abstract stays."""
        empty: dict[str, Any] = {
            name: None if name in ("published", "url") else () for name in names if name != "abstract"
        }
        uploaded, official = ((each for each in marks if each not in empty) for marks in (self.uploaded, self.official))
        return replace(self, **empty, uploaded=tuple(uploaded), official=tuple(official))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, lists in place of tuples."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def _repr_html_(self) -> str:
        from index.notebook import paper_html

        return paper_html(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Paper":
        """Return the paper that `to_dict` wrote, now or in an earlier version of paperchat.

        Raises:
            TypeError: Id, title or abstract is missing, or a field is unknown.
        """
        fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**fields)


def is_web(url: str) -> bool:
    """Tell whether a link may be followed: it is one of the web, not a script."""
    return url.lower().startswith(("https://", "http://"))
