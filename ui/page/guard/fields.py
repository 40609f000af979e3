"""What the page sends with each of its events, and to each function of its views; other values are refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Json

from rag.lists import FORMATS

MOST_FILES = 1000
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Number = Annotated[str, Field(pattern=r"^[0-9]{0,6}$")]
"""A number as markup holds it, or nothing."""
Ids = Json[list[Text]]
"""Ids of papers, as JSON in a text."""


class Sent(BaseModel):
    """What is sent where nothing needs to be."""

    model_config = ConfigDict(strict=True)


class OfTurn(Sent):
    """A turn of the chat; what else is said of it, such as a rating, may be any text."""

    turn: Number = ""


class Question(Sent):
    """A suggested question."""

    question: Text


class Chosen(Sent):
    """Papers."""

    papers: Ids


class Exported(Chosen):
    """Papers to export."""

    format: Annotated[str, Field(pattern=f"^({'|'.join(FORMATS)})$")]


class OfPaper(Sent):
    """A paper."""

    paper: Text


class OfChat(Sent):
    """A chat."""

    chat: Text


class Renamed(OfChat):
    """A chat and its new title."""

    title: Text


class Filtered(BaseModel):
    """The rest of a filter, as `Filter.to_dict` writes it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    since: Text = ""
    until: Text = ""
    authors: list[Text] = []
    categories: list[Text] = []
    sources: list[Text] = []
    newest_first: bool = False


class Listing(Sent):
    """A request for a list of papers."""

    request: Text
    count: Number
    filter: Json[Filtered] | None = None


class Named(Sent):
    """A source of this machine."""

    name: Text


class Upload(Named):
    """A file that was uploaded."""

    path: Text


class Uploads(Sent):
    """Files that were uploaded."""

    files: list[Upload] = Field(max_length=MOST_FILES)


class Ticket(Sent):
    """What an adding is known by."""

    ticket: Text


EVENTS: dict[str, type[Sent]] = {
    "ask": Question,
    "retry": OfTurn,
    "without": OfTurn,
    "edit": OfTurn,
    "rate": OfTurn,
    "within": Chosen,
    "about": OfPaper,
    "all_papers": Sent,
    "similar": OfPaper,
    "close_similar": Sent,
    "open_chat": OfChat,
    "rename_chat": Renamed,
    "delete_chat": OfChat,
    "refresh_status": Sent,
    "list_papers": Listing,
    "export_papers": Exported,
}
"""What markup may ask of Python by `data-do`, and what it says with it; Gradio wants to know the names beforehand."""

FUNCTIONS: dict[str, type[Sent]] = {
    "contents": Sent,
    "map": Sent,
    "card": OfPaper,
    "add_uploads": Uploads,
    "add_named": Named,
    "progress": Ticket,
    "cancel": Ticket,
}
"""What the script of the corpus view may ask of Python."""
