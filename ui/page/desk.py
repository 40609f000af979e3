"""What the views of the page share: the engine, places for markup, and a way from a button in markup to Python."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag.engine import Engine

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""For every event of ours: no spinner of Gradio's over what is shown, and no entry in its own API."""

_LISTEN = """
const run = (name, data) => trigger(name, data);
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
        bridge: A button in markup that has `data-do="name"` raises the event `name` of it when it is clicked, and its
            other `data-…` are what a listener finds in its `gr.EventData`: `bridge.name(listener, inputs, outputs)`.
            A script does the same by `paperchat.run(name, data)`.
        views: The tabs; a listener opens one by `views: gr.Tabs(selected="chat")` ("chat", "lists" or "corpus").
    """

    engine: Engine
    bridge: gr.HTML
    views: gr.Tabs


def lay_bridge() -> gr.HTML:
    """Return the unseen place that a `Desk` hears buttons in markup by."""
    return gr.HTML("", elem_id="bridge", apply_default_css=False, js_on_load=_LISTEN)


def markup(value: str, elem_id: str) -> gr.HTML:
    """Return a place for markup of our own, without Gradio's looks and script."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)
