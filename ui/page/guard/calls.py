"""Checks what a page sends to Gradio against the event handlers and functions that it has. Does not know Gradio."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

_MOST, _FAULTS_SHOWN, _DETAIL_CHARS = 32, 3, 400

SESSION = r"^[A-Za-z0-9_-]{1,64}$"
"""What the page's script calls a page that is open."""
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""All that the page sends: Gradio takes an object with a path for a file, and downloads an address in its place."""


@dataclass(frozen=True)
class Handler:
    """An event handler of the page.

    Attributes:
        queued: Whether the page puts its events into the queue; it calls the others at once.
        inputs: For each input, whether the page sends a text; it sends nothing for those that the server keeps.
        triggers: Ids of the components whose events it handles.
    """

    queued: bool
    inputs: tuple[bool, ...]
    triggers: frozenset[int]


@dataclass(frozen=True)
class Call:
    """What a page asks for, checked.

    Attributes:
        session: Of the page.
        body: All that Gradio needs to know, but for the session.
    """

    session: str
    body: dict[str, Any]

    def sent(self, session: str) -> bytes:
        """Return what Gradio is sent for a session."""
        return json.dumps({**self.body, "session_hash": session}).encode()


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    session_hash: Annotated[str, Field(pattern=SESSION)]


Body = TypeVar("Body", bound=_Body)


class _Event(_Body):
    fn_index: int
    data: list[Text | None] = Field(max_length=_MOST)
    event_data: Annotated[dict[Text, Text], Field(max_length=_MOST)] | Text | None = None
    trigger_id: int | None = None


class _Asked(_Body):
    component_id: int
    fn_name: Text
    data: dict[Text, Text | list[dict[Text, Text]]] = Field(max_length=_MOST)


class Calls:
    """Everything that the page may call.

    Args:
        handlers: Event handlers by their numbers.
        functions: Names of the functions that a component has for its script, by the component's id.
    """

    def __init__(self, handlers: Mapping[int, Handler], functions: Mapping[int, Collection[str]]) -> None:
        self.handlers = handlers
        self.functions = functions

    def event(self, body: bytes, *, queued: bool) -> Call:
        """Return the call of an event handler.

        Args:
            body: JSON, as the page sends it.
            queued: Whether it goes into the queue, which takes every handler; the others are never called beside it.

        Raises:
            HTTPException: 404, there is no such handler; 422, a value does not fit.
        """
        asked = _checked(_Event, body)
        handler = self.handlers.get(asked.fn_index)
        if handler is None or (handler.queued and not queued):
            raise HTTPException(HTTPStatus.NOT_FOUND, "The page has no such event handler. Reload the page.")
        if len(asked.data) != len(handler.inputs):
            raise _unfit(f"data: {len(asked.data)} values, expected {len(handler.inputs)}")
        if asked.trigger_id not in (None, *handler.triggers):
            raise _unfit("trigger_id: not a component that this event handler belongs to")
        if any(value is not None and not text for value, text in zip(asked.data, handler.inputs, strict=True)):
            raise _unfit("data: a value for what the server keeps, expected null")
        data = [value or "" if text else None for value, text in zip(asked.data, handler.inputs, strict=True)]
        event_data = (
            asked.event_data if isinstance(asked.event_data, dict) else {}
        )  # else a box's text, which is in data
        told = {"event_data": event_data, "fn_index": asked.fn_index, "trigger_id": asked.trigger_id}
        return Call(asked.session_hash, {"data": data, **told})

    def function(self, body: bytes) -> Call:
        """Return the call of a component's function.

        Args:
            body: JSON, as the page sends it.

        Raises:
            HTTPException: 404, there is no such function; 422, a value does not fit.
        """
        asked = _checked(_Asked, body)
        if asked.fn_name not in self.functions.get(asked.component_id, ()):
            raise HTTPException(HTTPStatus.NOT_FOUND, "The page has no such function. Reload the page.")
        given = {"data": asked.data, "component_id": asked.component_id, "fn_name": asked.fn_name}
        return Call(asked.session_hash, given)


def _checked(model: type[Body], given: bytes) -> Body:
    try:
        return model.model_validate_json(given)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)[:_FAULTS_SHOWN]
        told = (f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults)
        raise _unfit("; ".join(told)[:_DETAIL_CHARS]) from None


def _unfit(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"The page never sends this: {detail}.")
