"""What requests bring along, and the answers that are no records of the engine."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, WithJsonSchema
from pydantic_core import PydanticCustomError

from rag.answer import Match, Turn
from rag.filters import Filter
from ui.api import examples

TEXTS = 256
TEXT_CHARS = 10_000
SEARCHED = 100
LISTED = 1000

QUESTION_CHARS = 20_000
NAME_CHARS = 200
NAMES = 50

_CONTROLS = r"\x00-\x08\x0e-\x1f\x7f"  # which `index.plain` refuses
_PLAIN = {"pattern": f"^[^{_CONTROLS}]*$"}
_PLAIN_NOT_BLANK = {"pattern": rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$"}

Asked = Annotated[
    str, Field(min_length=1, max_length=QUESTION_CHARS, pattern=r"\S", json_schema_extra=_PLAIN_NOT_BLANK)
]
"""A question; the settings may take less than this many characters."""

PaperId = Annotated[str, Field(min_length=1, max_length=500)]
Within = Annotated[
    list[PaperId] | None,
    Field(min_length=1, max_length=1000, description="Ids of the papers to choose from; all when left out."),
]


_DAYS = r"(0[13578]|1[02])(-(0[1-9]|[12]\d|3[01]))?|(0[469]|11)(-(0[1-9]|[12]\d|30))?|02(-(0[1-9]|[12]\d))?"
_SHOWN = 40  # characters of what is no date
_DAY = rf"^(1[5-9]|20)\d\d(-({_DAYS}))?$"


def _checked(day: str) -> str:
    """Return a date as it is, and say of what is none how to write it."""
    if re.fullmatch(_DAY, day):
        return day
    raise PydanticCustomError(
        "date", "{day} is no date. Write it as 2024, 2024-05 or 2024-05-17", {"day": repr(day[:_SHOWN])}
    )


Day = Annotated[
    Annotated[str, AfterValidator(_checked), WithJsonSchema({"type": "string", "pattern": _DAY})] | None,
    Field(examples=["2024", "2024-05", "2024-05-17"]),
]
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARS, json_schema_extra=_PLAIN)]
Several = Annotated[list[Name], Field(max_length=NAMES)]

SINCE = "Only papers of this date or later: a year, month or day."
UNTIL = "Only papers of this date or earlier."
AUTHOR = "Only papers by one of these authors: names, or parts of them."
CATEGORY = "Only papers of one of these categories; `cs` takes in `cs.LG`."
SOURCE = "Only papers from one of these sources."
NEWEST_FIRST = "Those that belong to what is asked come in order of their dates."
AS_ASKED = 'Take nothing of the question for a filter, such as "since 2024".'


class Body(BaseModel):
    """A body takes no fields that it doesn't know: a misspelt one is said."""

    model_config = ConfigDict(extra="forbid")


class EarlierTurn(Body):
    """An earlier question and the text of its answer."""

    question: str = Field(examples=["What does UL2 mix?"])
    answer_text: str = Field(examples=["UL2 mixes several denoisers in one objective [1]."])

    def turn(self) -> Turn:
        """Return the record of it."""
        return Turn(self.question, self.answer_text)


class Chosen(Body):
    """What papers must be."""

    since: Day = Field(default=None, description=SINCE)
    until: Day = Field(default=None, description=UNTIL)
    author: Several = Field(default=[], description=AUTHOR, examples=[["Hinton"]])
    category: Several = Field(default=[], description=CATEGORY, examples=[["cs.LG"]])
    source: Several = Field(default=[], description=SOURCE)
    newest_first: StrictBool = Field(default=False, description=NEWEST_FIRST)

    def filter(self) -> Filter:
        """Return the filter.

        Raises:
            UserError: A text is no date.
        """
        return Filter.of(self.since, self.until, self.author, self.category, self.source, self.newest_first)


class Question(Chosen):
    """A question of a person, with what was said before."""

    question: Asked = Field(description="Of a person.", examples=["What does UL2 mix?"])
    history: list[EarlierTurn] = Field(default=[], description="Earlier turns, oldest first.")
    within: Within = None
    as_asked: StrictBool = Field(default=False, description=AS_ASKED)
    stream: bool | None = Field(
        default=None, description="Events as the answer grows; when left out, the Accept header decides."
    )


class Search(Chosen):
    """A question whose nearest papers are wanted."""

    question: Asked = Field(description="What they should be about.", examples=["mixtures of denoisers"])
    limit: int = Field(default=10, ge=1, le=SEARCHED, description="How many papers.", examples=[5])
    within: Within = None


class ListRequest(Chosen):
    """A request for all papers on a topic."""

    request: Asked = Field(description="What the papers should be about.", examples=["papers on pretraining"])
    limit: int | None = Field(
        default=None, ge=1, le=LISTED, description="How many; when left out, the list ends where relevance does."
    )
    as_asked: StrictBool = Field(default=False, description=AS_ASKED)
    format: Literal["json", "markdown", "bibtex", "ris", "csv"] | None = Field(
        default=None, description="What the list is written in; when left out, the Accept header decides, else JSON."
    )


class Texts(Body):
    """Texts whose vectors are wanted."""

    texts: list[Annotated[str, Field(max_length=TEXT_CHARS)]] = Field(
        min_length=1, max_length=TEXTS, examples=[["mixtures of denoisers", "pretraining"]]
    )


class Matches(BaseModel):
    """Papers, best first."""

    matches: list[Match] = Field(examples=[[examples.MATCH.to_dict()]])


class Topic(BaseModel):
    """A topic and how many papers have it."""

    topic: str = Field(examples=["pretraining"])
    papers: int = Field(ge=1, examples=[45])


class Topics(BaseModel):
    """The topics of the index, the commonest first."""

    topics: list[Topic]


class Vectors(BaseModel):
    """A vector for each text, of length 1."""

    encoder: str = Field(description="The embedding model.", examples=["all-MiniLM-L6-v2"])
    dim: int = Field(description="Numbers of a vector.", examples=[384])
    vectors: list[list[float]] = Field(examples=[[[0.6, 0.8]]])


class Alive(BaseModel):
    """The process lives."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """Questions can be answered."""

    status: Literal["ready"] = "ready"
    papers: int = Field(description="In the index.", examples=[679])
    writer: str = Field(description="The language model; without it, answers are quoted.", examples=["none"])
    writer_state: str = Field(description="ready, loading, or why there is none.", examples=["loading"])
