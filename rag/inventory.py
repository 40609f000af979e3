"""A `Store` in, an `Inventory` out: how many papers an index holds, of which source, topic and year."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from index.store import Store

Counts = tuple[tuple[str, int], ...]
"""Names and how many papers have each; a paper may have several."""

UNKNOWN = "not known"
"""In place of a year, source or topic that a paper doesn't have."""


@dataclass(frozen=True)
class Inventory:
    """What an index holds.

    Attributes:
        papers: How many.
        kinds: As published ("abstract") or in other words ("digest"), the commonest first.
        sources: Where they come from, the commonest first.
        topics: The commonest first.
        years: Of publication, the latest first, `UNKNOWN` last.
        encoder: Name of the embedding model.
        updated: ISO time of the last update, UTC.
        generation: Counts the updates.
    """

    papers: int
    kinds: Counts
    sources: Counts
    topics: Counts
    years: Counts
    encoder: str
    updated: str
    generation: int

    @classmethod
    def of(cls, store: Store) -> "Inventory":
        """Count what a store holds."""
        manifest, counts = store.manifest, store.counts()
        years = _sorted(counts.get("year", {}))
        return cls(
            manifest.papers,
            _sorted(counts.get("kind", {})),
            _sorted(counts.get("source", {})),
            _sorted(counts.get("category", {})),
            tuple(sorted(years, key=lambda each: each[0] if each[0] != UNKNOWN else "", reverse=True)),
            manifest.encoder,
            manifest.built,
            manifest.generation,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values: counts as lists of name and number."""
        return {
            name: [list(each) for each in value] if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def _sorted(counts: Mapping[str, int]) -> Counts:
    """Return names with their counts, the commonest first."""
    named = [(name or UNKNOWN, count) for name, count in counts.items()]
    return tuple(sorted(named, key=lambda each: (-each[1], each[0])))
