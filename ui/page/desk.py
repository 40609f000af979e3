"""What the views of the page share: the engine, places for markup, and a way from a button in markup to Python."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from html import escape
from typing import Any, TypeVar

import gradio as gr

from index.errors import UserError
from index.plain import plain
from rag.engine import Engine
from ui.api.service import Service
from ui.conversations import Conversations

Shown = TypeVar("Shown")

SAID_CHARS = 5000
"""Of whatever a script sends by a name and no other limit is known of."""

Updates = dict[Any, Any]
"""Components and what becomes of them; those that are not named stay as they are."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""For every event of ours: no spinner of Gradio's over what is shown, and no entry in its own API."""

EVENTS = (
    *("ask", "retry", "without", "edit", "rate", "within", "about", "all_papers", "similar", "close_similar"),
    *("open_chat", "rename_chat", "delete_chat", "refresh_status"),
    *("list_papers", "export_papers"),
)
"""What markup may ask of Python by `data-do`; Gradio wants to know the names beforehand."""

_LISTEN = """
const known = EVENTS;
const run = (name, data) => known.includes(name) && trigger(name, data);
window.paperchat = Object.assign(window.paperchat || {}, { run });
document.addEventListener('click', (click) => {
  const button = click.target.closest('[data-do]');
  if (button && !button.disabled) run(button.dataset.do, { ...button.dataset });
});
"""


@dataclass(eq=False)
class Desk:
    """What all views work with; made inside `gr.Blocks`.

    Attributes:
        engine: Behind the page.
        service: The engine behind the queue that all faces share.
        conversations: Everybody's chats.
        bridge: A button in markup that has `data-do="name"` raises the event `name` of it when it is clicked, and its
            other `data-…` are what a listener finds in its `gr.EventData`: `bridge.name(listener, inputs, outputs)`.
            A script does the same by `paperchat.run(name, data)`.
        views: The tabs; a listener opens one by `views: gr.Tabs(selected="chat")` ("chat", "lists" or "corpus").
    """

    engine: Engine
    service: Service
    conversations: Conversations
    bridge: gr.HTML
    views: gr.Tabs


def lay_bridge() -> gr.HTML:
    """Return the unseen place that a `Desk` hears buttons in markup by."""
    return gr.HTML(
        "", elem_id="bridge", apply_default_css=False, js_on_load=_LISTEN.replace("EVENTS", json.dumps(EVENTS))
    )


def markup(value: str, elem_id: str) -> gr.HTML:
    """Return a place for markup of our own, without Gradio's looks and script."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


@contextmanager
def told() -> Iterator[None]:
    """Tell a person what they can put right, in place of failing."""
    try:
        yield
    except UserError as error:
        gr.Warning(escape(str(error)))


def telling(handler: Callable[..., Shown]) -> Callable[..., Shown]:
    """Return a handler that tells a person what they can put right; the page stays as it is then."""

    @wraps(handler)
    def handle(*given: Any) -> Any:  # noqa: ANN401
        try:
            return handler(*given)
        except UserError as error:
            gr.Warning(escape(str(error)))
            return gr.skip()

    return handle


def said(sent: object, name: str, most: int = SAID_CHARS, default: str | None = None) -> str:
    """Return a text that a script of the page sent by a name; whatever is in it, a browser said.

    Args:
        sent: The data of an event, or what a function of the server was called with.
        name: Of the text.
        most: Characters.
        default: Where it was not sent; None where it has to be.

    Raises:
        UserError: It was not sent, is no text, or too long.
    """
    value = sent.get(name, default) if isinstance(sent, dict) else default
    if not isinstance(value, str | int):
        raise UserError(f"The page did not send {name!r} as a text. Reload it.")
    text = plain(str(value), name)
    if len(text) > most:
        raise UserError(f"{name!r} has {len(text):,} characters, at most {most:,} are taken. Send less.")
    return text


def said_ids(sent: object, name: str, most: int) -> tuple[str, ...]:
    """Return ids that a script sent as a list in JSON, each once.

    Raises:
        UserError: They are no list of texts, or too many.
    """
    try:
        ids = json.loads(said(sent, name, 1_000_000))
    except (ValueError, RecursionError):
        ids = None
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids) or len(ids) > most:
        raise UserError(f"{name!r} is no list of at most {most:,} ids. Reload the page.")
    return tuple(dict.fromkeys(ids))
