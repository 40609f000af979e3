"""Which papers of a source are wanted: a `Selection`, and whether it takes a paper. Knows nothing of files."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from index.errors import SourceError
from index.paper import Paper

_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Selection:
    """What is wanted of the papers that a source offers; without values, all of them.

    Attributes:
        most: At most so many papers, the first ones, counted over all sources of a reading.
        since: ISO date of any precision (YYYY, YYYY-MM, YYYY-MM-DD); the first day that is wanted.
        until: The same for the last day that is wanted; "2024" is all of 2024.
        categories: A paper must be of one of these. "cs.LG" is that one, "cs" and "cs.*" are all of `cs`.
        words: Each must stand in the title or the abstract, whatever its case and accents: whole words ("language
            model" is two in a row), or beginnings of words ("curricul*").

    Raises:
        SourceError: A value can't be used; the message says why.
    """

    most: int | None = None
    since: str | None = None
    until: str | None = None
    categories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.most is not None and self.most < 1:
            raise SourceError(f"At most {self.most} papers is none. Ask for 1 or more.")
        for name, day in (("since", self.since), ("until", self.until)):
            if day is not None and not _DATE.fullmatch(day):
                raise SourceError(f"{name} {day!r} is no date. Write YYYY, YYYY-MM or YYYY-MM-DD.")
        if self.since and self.until and not _within(self.since, None, self.until):
            raise SourceError(f"since {self.since} comes after until {self.until}. Change one of them.")
        for word in self.words:
            if not _plain(word).strip():
                raise SourceError(f"The word {word!r} holds no letter and no digit. Leave it out.")

    def takes(self, paper: Paper) -> bool:
        """Tell whether a paper is wanted; how many were taken before is not asked.

        A date that is less precise than the one asked for is taken if the paper may be of that time: a paper of
        "2024" is taken since "2024-06". A paper without a date is not taken where a date is asked for, nor one without
        topics where a category is.

        >>> paper = Paper("title:x", "Café Owls", "They hear mice.", published="2024-03", topics=("cs.LG",))
        >>> Selection(since="2024", categories=("cs",), words=("cafe", "hear mice")).takes(paper)
        True
        >>> Selection(categories=("cs.L",)).takes(paper), Selection(words=("owl",)).takes(paper)
        (False, False)
        """
        if not self.may_take(paper.published, paper.topics):
            return False
        if not self._phrases:
            return True
        text = f" {_plain(paper.title)} {_plain(paper.abstract)} "
        return all(phrase in text for phrase in self._phrases)

    def may_take(self, published: str | None, topics: Sequence[str]) -> bool:
        """Tell whether a paper of this ISO date and these topics is wanted, whatever its words."""
        if (self.since or self.until) and not _within(published, self.since, self.until):
            return False
        return not self.categories or any(self._covers(topic) for topic in topics)

    def _covers(self, topic: str) -> bool:
        """Tell whether a topic is one of the categories or belongs to one."""
        topic = topic.casefold()
        return topic in self._wanted or topic.partition(".")[0] in self._wanted

    @cached_property
    def _wanted(self) -> frozenset[str]:
        return frozenset(each.strip().casefold().removesuffix(".*") for each in self.categories)

    @cached_property
    def _phrases(self) -> tuple[str, ...]:
        """The words as they must be found in plain text: a space before, and one after unless any ending will do."""
        return tuple(f" {_plain(word).strip()}" + ("" if word.rstrip().endswith("*") else " ") for word in self.words)


def _within(day: str | None, since: str | None, until: str | None) -> bool:
    """Tell whether a date may lie between two others; dates are compared as far as both are known."""
    if not day:
        return False
    return (since is None or day[: len(since)] >= since[: len(day)]) and (
        until is None or day[: len(until)] <= until[: len(day)]
    )


def _plain(text: str) -> str:
    """Return the words of a text without case and accents, a space between two."""
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return _NO_WORD.sub(" ", text.casefold())
