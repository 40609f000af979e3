"""What a reader is told of the `Filter` that an answer or a list came under. Knows nothing of searching."""

from dataclasses import dataclass
from typing import Any

from rag import dates
from rag.filters import Filter


@dataclass(frozen=True)
class InForce:
    """The filter that an answer or a list came under.

    Attributes:
        filter: What papers had to be.
        phrases: The words of the question that it was read from; empty where a person gave it otherwise.
        as_asked: Nothing was read from the question, because that was asked for.
        papers: How many papers passed it.
        total: How many the index has.
        undated: How many failed only because no date is known of them.
        newest: ISO date of the index's newest paper, "" where none has one.
        counted: The words of the question that count from that date.
        without_date: Words that would have counted from it, had it been known.
        absent: What no paper of the index has, of that which a person gave otherwise, in a sentence; "" for none of it.
    """

    filter: Filter
    phrases: tuple[str, ...] = ()
    as_asked: bool = False
    papers: int = 0
    total: int = 0
    undated: int = 0
    newest: str = ""
    counted: bool = False
    without_date: tuple[str, ...] = ()
    absent: str = ""

    @property
    def taken_from_question(self) -> bool:
        """Whether the words of the question say it, or a part of it."""
        return bool(self.phrases)

    @property
    def told(self) -> str:
        """What a reader is told of it, in whole sentences."""
        parts = []
        if self.filter.narrows:
            aside = f"; {self.undated:,} without a date left aside" if self.undated else ""
            parts.append(f"Only papers {self.filter.words}: {self.papers:,} of {self.total:,}{aside}.")
            parts += [self.absent] if self.absent else []
        elif self.filter.newest_first:
            parts.append("Newest first.")
        if self.counted:
            parts.append(f"The newest paper of the index is of {dates.in_words(self.newest)}.")
        if self.without_date:
            words = " and ".join(f"“{each}”" for each in self.without_date)
            parts.append(f"No paper of the index has a date, so {words} could not be taken for a filter.")
        return " ".join(parts)

    @property
    def leaves_none(self) -> str:
        """Why no paper passed, and the way out; "" where one did."""
        if self.papers or not self.filter.narrows:
            return ""
        if self.absent:
            return f"{self.absent} Ask without that filter, or for more."
        why = f"None of the {self.total:,} papers is {self.filter.without('newest_first').words}"
        if self.filter.dated:
            if self.newest:
                why += f"; {self.undated:,} without a date were left aside" * bool(self.undated)
                why += f"; the newest is of {dates.in_words(self.newest)}"
            else:
                why += "; no paper of the index has a date"
        return f"{why}. Ask without that filter, or for more."

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `words` and `taken_from_question` say in short what the others say."""
        values = {**vars(self), "phrases": list(self.phrases), "without_date": list(self.without_date)}
        short = {"words": self.filter.words, "taken_from_question": self.taken_from_question}
        return {**values, "filter": self.filter.to_dict(), **short}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "InForce":
        """Return the record that `to_dict` wrote.

        Raises:
            KeyError, TypeError: A field is missing or unknown.
        """
        known = {name: value for name, value in values.items() if name not in ("words", "taken_from_question")}
        several = {name: tuple(values[name]) for name in ("phrases", "without_date")}
        return cls(**{**known, **several, "filter": Filter.from_dict(values["filter"])})
