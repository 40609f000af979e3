"""What a person writes down in, a `Filter` out: which papers are meant. Knows nothing of an index."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from index.errors import UserError
from index.plain import plain
from rag import dates

NAMES, NAME_CHARS = 50, 200
"""Of one kind in a filter: authors, categories or sources."""

_SHOWN_CHARS = 40


@dataclass(frozen=True)
class Filter:
    """What papers must be; of several authors, categories or sources, a paper needs one of each kind.

    Attributes:
        since: Earliest ISO date (YYYY, YYYY-MM or YYYY-MM-DD), that day, month or year included; "" for any.
        until: Latest, included likewise.
        authors: Names or parts of them.
        categories: Topics; "cs" takes in "cs.LG".
        sources: Where a paper was read from.
        newest_first: The papers that belong to what is asked come in order of their dates.
    """

    since: str = ""
    until: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    newest_first: bool = False

    @classmethod
    def of(
        cls,
        since: str | None = None,
        until: str | None = None,
        authors: Iterable[str] | None = None,
        categories: Iterable[str] | None = None,
        sources: Iterable[str] | None = None,
        newest_first: bool = False,
    ) -> "Filter":
        """Return the filter that a person writes down; a date may be "2024", "2024-05-17" or "March 2023".

        Raises:
            UserError: A text is no date, `since` comes after `until`, or the names are too many or too long.
        """
        several = _several(authors), _several(categories), _several(sources)
        return cls(_date(since), _date(until), *several, newest_first).checked()

    def checked(self) -> "Filter":
        """Return it as it is.

        Raises:
            UserError: `since` comes after `until`.
        """
        if self.since and self.until and dates.number(self.since) > dates.number(self.until, "99"):
            raise UserError(f"since {self.since} comes after until {self.until}. Change one of them.")
        return self

    def __bool__(self) -> bool:
        return self != Filter()

    @property
    def narrows(self) -> bool:
        """Whether papers may fall out by it."""
        return replace(self, newest_first=False) != Filter()

    @property
    def dated(self) -> bool:
        """Whether a paper needs a date to pass."""
        return bool(self.since or self.until)

    @property
    def parts(self) -> dict[str, str]:
        """Each thing that it asks, in words, by a name that `without` takes."""
        told = {
            "dates": _period(self.since, self.until),
            "authors": _listed("by", self.authors),
            "categories": _listed("in", self.categories),
            "sources": _listed("from", self.sources),
            "newest_first": "newest first" if self.newest_first else "",
        }
        return {name: words for name, words in told.items() if words}

    @property
    def words(self) -> str:
        """What it asks, in a few plain words; "" for nothing.

        >>> Filter(since="2024", authors=("Hinton",), categories=("cs.CL", "cs.LG")).words
        'since 2024, by Hinton, in cs.CL or cs.LG'
        """
        return ", ".join(self.parts.values())

    def without(self, part: str) -> "Filter":
        """Return it without one of its `parts`."""
        names = ("since", "until") if part == "dates" else (part,)
        return replace(self, **{name: getattr(Filter(), name) for name in names})

    def over(self, other: "Filter") -> "Filter":
        """Return another filter with what this one asks in the place of what that asks; dates go together."""
        kept = other.without("dates") if self.dated else other
        return replace(kept, **{name: value for name, value in vars(self).items() if value})

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Filter":
        """Return the filter that `to_dict` wrote.

        Raises:
            TypeError: A field is unknown.
        """
        several: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**several)


def _date(text: str | None) -> str:
    """Return the ISO date of what a person wrote, "" for nothing.

    Raises:
        UserError: It is no date.
    """
    if not (text or "").strip():
        return ""
    if read := dates.read_date(text or ""):
        return read
    shown = (text or "")[:_SHOWN_CHARS]
    raise UserError(f"{shown!r} is no date. Write it as 2024, 2024-05, 2024-05-17 or May 2024.")


def _several(names: Iterable[str] | None) -> tuple[str, ...]:
    cleaned = (" ".join(plain(name, "name in the filter").split()) for name in names or ())
    several = tuple(dict.fromkeys(name for name in cleaned if name))
    if len(several) > NAMES or any(len(name) > NAME_CHARS for name in several):
        raise UserError(
            f"A filter takes at most {NAMES} names of one kind, of {NAME_CHARS} characters. Leave some out."
        )
    return several


def _listed(lead: str, names: Sequence[str]) -> str:
    return f"{lead} {' or '.join(names)}" if names else ""


def _period(since: str, until: str) -> str:
    if since == until:
        return f"{'on' if since.count('-') == 2 else 'in'} {dates.in_words(since)}" if since else ""
    first, last = (dates.in_words(each) if each else "" for each in (since, until))
    return f"from {first} to {last}" if first and last else f"since {first}" if first else f"until {last}"
