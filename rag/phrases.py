"""What the rules that read asides share: what a phrase is, what is asked of an index, and the words around a phrase."""

import re
from dataclasses import dataclass
from typing import Protocol

from rag.filters import Filter

GONE = "\0"
"""Stands in a text for each character that no rule may read."""

PAPERS = r"(?:papers?|works?|stud(?:y|ies)|articles?|publications?|preprints?|literature|research)"
NEWS = rf"(?:{PAPERS}|advances|developments|progress)"
OUTCOMES = rf"(?:{NEWS}|results|findings|methods|approaches|techniques)"
BETWEEN = r"(?:[\w-]+ ){0,3}?"
FOLLOWS = (
    rf"(?=\s*(?:$|[?.!,;:){GONE}]|(?:about|addressing|against|and|are|as|at|but|by|can|concerning|could|covering|"
    r"dealing|did|do|does|for|from|had|has|have|how|in|is|newest|on|only|or|ordered|papers?|regarding|should|show|"
    r"sorted|than|that|there|to|using|was|were|what|when|where|which|who|whose|why|with)\b))"
)
"""What may stand behind a phrase."""

PUBLISHED = (
    r"(?:(?:that|which) (?:(?:were|was|have been|has been|are|is) )?(?:published|written|released|posted|submitted|"
    r"appeared|appear|came out|are|were) |(?<!was )(?<!were )(?<!been )(?<!is )(?<!are )"
    r"(?:published|written|released|posted|submitted|dated|appearing) |from (?=(?:before|after|since)))?"
)
"""What may stand in front of a date."""

_COMPARED = re.compile(
    r"\b(?:than|(?<!according )to|with|over|against|beats?|outperforms?|unlike|and|versus|vs\.?)\s+(?:the |other )*$",
    re.I,
)


class Known(Protocol):
    """What an index says of a word."""

    @property
    def newest(self) -> str:
        """ISO date of its newest paper, "" where none has one."""

    def author(self, name: str, sure: bool) -> bool:
        """Tell whether one of its authors has that name; where not `sure`, whether the name is likelier than a word."""

    def category(self, name: str) -> bool:
        """Tell whether it has papers of that category."""

    def titled(self, words: str) -> bool:
        """Tell whether some words stand so in the title of a paper that has many words of the question."""


@dataclass(frozen=True)
class Phrase:
    """Words of a question that say which papers are meant.

    Attributes:
        start: Of the words in the question.
        end: Behind them.
        filter: What they say.
        counted: They count from the newest paper of the index.
        instead: What stands in their place in what is left of the question.
    """

    start: int
    end: int
    filter: Filter
    counted: bool = False
    instead: str = ""


def is_of_title(text: str, at: int) -> bool:
    """Tell whether a word is written with a capital within a sentence."""
    return text[at].isupper() and at > 0 and not re.search(r"[.?!]\s+$", text[:at])


def is_compared(text: str, at: int) -> bool:
    """Tell whether something is compared with what stands at a place: "better than recent work"."""
    return bool(_COMPARED.search(text[:at]))
