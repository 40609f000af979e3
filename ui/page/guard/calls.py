"""Checks what a page sends to Gradio against the event handlers and functions that it has. Does not know Gradio."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from ui.page.guard.fields import Sent, Text

_MOST, _FAULTS_SHOWN, _DETAIL_CHARS = 32, 3, 400
Model = TypeVar("Model", bound=BaseModel)

SESSION = r"^[A-Za-z0-9_-]{1,64}$"
"""What the page's script calls a page that is open."""


@dataclass(frozen=True)
class Handler:
    """An event handler of the page.

    Attributes:
        queued: Whether the page puts its events into the queue; it calls the others at once.
        inputs: For each input, whether the page sends a text; it sends nothing for those that the server keeps.
        triggers: Ids of the components whose events it handles.
        event: What the page sends with such an event.
    """

    queued: bool
    inputs: tuple[bool, ...]
    triggers: frozenset[int]
    event: type[Sent]


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


class _Event(_Body):
    fn_index: int
    data: list[Text | None] = Field(max_length=_MOST)
    event_data: dict[Text, Text] | None = Field(default=None, max_length=_MOST)
    trigger_id: int | None = None


class _Asked(_Body):
    component_id: int
    fn_name: Text
    data: dict[Text, Any] = Field(max_length=_MOST)


class Calls:
    """Everything that the page may call.

    Args:
        handlers: Event handlers by their numbers.
        functions: What each function of a component takes, by the component's id and the function's name.
    """

    def __init__(self, handlers: Mapping[int, Handler], functions: Mapping[int, Mapping[str, type[Sent]]]) -> None:
        self.handlers = handlers
        self.functions = functions

    def event(self, body: bytes, *, queued: bool) -> Call:
        """Return the call of an event handler.

        Args:
            body: JSON, as the page sends it.
            queued: Whether it goes into the queue.

        Raises:
            HTTPException: 404, there is no such handler; 422, a value does not fit.
        """
        asked = _checked(_Event, body)
        handler = self.handlers.get(asked.fn_index)
        if handler is None or handler.queued != queued:
            raise HTTPException(HTTPStatus.NOT_FOUND, "The page has no such event handler. Reload the page.")
        if len(asked.data) != len(handler.inputs):
            raise _unfit(f"data: {len(asked.data)} values, expected {len(handler.inputs)}")
        if asked.trigger_id not in (None, *handler.triggers):
            raise _unfit("trigger_id: not a component that this event handler belongs to")
        if any(value is not None and not text for value, text in zip(asked.data, handler.inputs, strict=True)):
            raise _unfit("data: a value for what the server keeps, expected null")
        event_data = asked.event_data or {}
        _checked(handler.event, event_data)
        data = [value or "" if text else None for value, text in zip(asked.data, handler.inputs, strict=True)]
        given = {"data": data, "event_data": event_data, "fn_index": asked.fn_index, "trigger_id": asked.trigger_id}
        return Call(asked.session_hash, given)

    def function(self, body: bytes) -> Call:
        """Return the call of a component's function.

        Args:
            body: JSON, as the page sends it.

        Raises:
            HTTPException: 404, there is no such function; 422, a value does not fit.
        """
        asked = _checked(_Asked, body)
        model = self.functions.get(asked.component_id, {}).get(asked.fn_name)
        if model is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "The page has no such function. Reload the page.")
        data = _checked(model, asked.data)
        given = {"data": data.model_dump(), "component_id": asked.component_id, "fn_name": asked.fn_name}
        return Call(asked.session_hash, given)


def _checked(model: type[Model], given: bytes | dict[str, Any]) -> Model:
    """Return JSON, or values that were in one, as a model."""
    try:
        return model.model_validate_json(given) if isinstance(given, bytes) else model.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)[:_FAULTS_SHOWN]
        told = (f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in faults)
        raise _unfit("; ".join(told)[:_DETAIL_CHARS]) from None


def _unfit(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"The page never sends this: {detail}.")
