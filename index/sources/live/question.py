"""What a service is asked for: a `Question`."""

from dataclasses import dataclass, field

from index.sources.live.days import first_day, last_day
from index.sources.selection import Selection


@dataclass(frozen=True)
class Question:
    """What a service is asked for.

    Attributes:
        asked: In the words of the service.
        source: As a person wrote it, which papers remember and complaints carry.
        selection: Which papers are wanted.
        changed_since: ISO day; only papers that are new or were revised since are wanted. None for all.
    """

    asked: str
    source: str
    selection: Selection = field(default_factory=Selection)
    changed_since: str | None = None

    @property
    def first_day(self) -> str:
        """The first day that a wanted paper may be of, "" for any."""
        return first_day(self.selection.since) if self.selection.since else ""

    @property
    def last_day(self) -> str:
        """The last such day, "" for any."""
        return last_day(self.selection.until) if self.selection.until else ""

    @property
    def first_new_day(self) -> str:
        """The first day that a wanted paper may be of where a service cannot tell which were revised; "" for any."""
        return max(self.first_day, self.changed_since or "")

    @property
    def is_narrow(self) -> bool:
        """Whether only some time is asked for, so that it is no surprise if there is nothing."""
        return bool(self.selection.since or self.selection.until or self.changed_since)
