"""An `Engine` in, a page in the browser out: chat on the left, the evidence of its answers on the right.

What is shown is made in `ui.cards`; this module knows the layout, the sessions and the server. Two browsers share
the engine and nothing else.
"""

import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it while it is imported

import gradio as gr
from fastapi import FastAPI

from index.errors import UserError
from rag.answer import Answer, Turn
from rag.engine import Engine
from ui import cards

AT_ONCE = 8
"""Answers that are written at the same time; further ones wait for their turn."""

Updates = dict[Any, Any]
"""Components and what becomes of them; those that are not named stay as they are."""

_log = logging.getLogger(__name__)


def mount(whole: FastAPI, engine: Engine) -> None:
    """Put the page at the root of an application, behind the routes that it has; `state.end_streams()` ends answers.

    Gradio's own `launch()` would also do, but it asks for its own page through whatever proxy the environment names.
    """
    page = _Page(engine)
    gr.mount_gradio_app(
        whole,
        page.blocks,
        path="/",
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        css_paths=Path(__file__).with_name("page.css"),
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
    )
    mounted: Any = whole.routes[-1]

    def end_streams() -> None:
        page.end_all()
        mounted.app.stop_event.set()

    whole.state.end_streams = end_streams


@dataclass
class _Run:
    """An answer that is being written: `cancel` ends it, `dropped` says that nobody waits for what there is of it."""

    cancel: threading.Event = field(default_factory=threading.Event)
    dropped: bool = False


class _Page:
    """The components of the page, and what happens when they are used."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.runs: dict[str | None, _Run] = {}  # the latest of each browser session
        with gr.Blocks(title="paperchat", analytics_enabled=False, fill_width=True) as self.blocks:
            self.answers = gr.State(())
            self.clock = gr.Timer(2)
            with gr.Row(elem_id="top"):
                self.status = _html(self._status(), "status")
                self.new = gr.Button("New chat", size="sm", elem_id="new", scale=0)
            with gr.Row(elem_id="panes"):
                with gr.Column(elem_id="talk"):
                    self._lay_out_talk()
                with gr.Column(elem_id="evidence"):
                    self.cards = _html(cards.no_evidence(), "cards")
                    self.earlier_cards = _html("", "earlier-cards")
            self._connect()
        self.blocks.queue(default_concurrency_limit=AT_ONCE)

    def _lay_out_talk(self) -> None:
        with gr.Column(elem_id="scroll"), gr.Column(elem_id="turns"):
            with gr.Column(elem_id="start") as self.start:
                _html(cards.start(), "hello")
                self.examples = [gr.Button(text, size="sm") for text in self.engine.examples(4)]
            self.earlier = _html("", "earlier")
            self.turn = _html("", "now")
        with gr.Row(elem_id="composer"):
            looks: dict[str, Any] = {"show_label": False, "container": False, "placeholder": "Ask about the papers"}
            self.box = gr.Textbox(label="Question", max_lines=6, autofocus=True, elem_id="question", **looks)
            self.ask = gr.Button("Ask", variant="primary", elem_id="ask", scale=0)
            self.stop = gr.Button("Stop", variant="stop", elem_id="stop", scale=0, visible=False)

    def _connect(self) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        told = [self.answers, self.start, self.earlier, self.turn, self.cards, self.earlier_cards]
        told += [self.box, self.ask, self.stop]
        many: dict[str, Any] = {"outputs": told, "concurrency_limit": AT_ONCE, "concurrency_id": "answers", **quiet}
        gr.on([self.box.submit, self.ask.click], self.answer, [self.box, self.answers], **many)
        for example in self.examples:
            example.click(self.answer, [example, self.answers], **many)
        self.stop.click(self.end, queue=False, **quiet)
        self.new.click(self.clear, None, told, queue=False, **quiet)
        gr.on([self.blocks.load, self.clock.tick], self.tell_status, None, [self.status, self.clock], **quiet)
        self.blocks.unload(self.drop)

    def answer(self, question: str, answers: tuple[Answer, ...], request: gr.Request) -> Iterator[Updates]:
        """Show a question and its growing answer; keep it once it is whole."""
        run = self.runs[request.session_hash] = _Run()
        number, answer, error = len(answers) + 1, Answer(question, question), ""
        yield self._begun(answers, answer)
        try:
            history = [Turn(earlier.question, earlier.text) for earlier in answers]
            for answer in self.engine.stream(question, history, cancel=run.cancel):
                if run.dropped:
                    return
                yield {self.turn: cards.turn(number, answer), self.cards: cards.evidence(number, answer)}
        except UserError as failure:
            error = str(failure)
        except Exception:
            _log.exception("No answer to %r", question)
            error = "Something went wrong; the terminal in which paperchat runs says what."
        finally:
            run.cancel.set()
        if not run.dropped:
            yield self._ended(question, answers, answer, error)

    def _begun(self, answers: tuple[Answer, ...], answer: Answer) -> Updates:
        """Move earlier turns out of the way, and offer to stop."""
        return {
            self.start: gr.update(visible=False),
            self.earlier: cards.turns(answers),
            self.turn: cards.turn(len(answers) + 1, answer),
            self.earlier_cards: cards.earlier_evidence(answers),
            self.cards: "",
            self.box: "",
            self.ask: gr.update(visible=False),
            self.stop: gr.update(visible=True),
        }

    def _ended(self, question: str, answers: tuple[Answer, ...], answer: Answer, error: str) -> Updates:
        """Keep a whole answer; after an error, give the question back."""
        idle = {self.ask: gr.update(visible=True), self.stop: gr.update(visible=False)}
        if not error:
            return {**idle, self.answers: (*answers, answer)}
        return {**idle, self.box: question, self.turn: cards.turn(len(answers) + 1, answer, error)}

    def end(self, request: gr.Request) -> None:
        """End the answer that is being written, and keep what there is of it."""
        if run := self.runs.get(request.session_hash):
            run.cancel.set()

    def end_all(self) -> None:
        """End every answer, because the server ends."""
        for run in list(self.runs.values()):
            run.cancel.set()

    def drop(self, request: gr.Request) -> None:
        """End the answer that is being written, and forget it."""
        if run := self.runs.pop(request.session_hash, None):
            run.dropped = True
            run.cancel.set()

    def clear(self, request: gr.Request) -> Updates:
        """Begin a new chat."""
        self.drop(request)
        return {
            **dict.fromkeys((self.earlier, self.turn, self.earlier_cards, self.box), ""),
            self.answers: (),
            self.start: gr.update(visible=True),
            self.cards: cards.no_evidence(),
            self.ask: gr.update(visible=True),
            self.stop: gr.update(visible=False),
        }

    def tell_status(self) -> Updates:
        """Say how the model is, again and again until it is no longer loading."""
        return {
            self.status: self._status(),
            self.clock: gr.Timer(active=self.engine.status().writer_state == "loading"),
        }

    def _status(self) -> str:
        status = self.engine.status()
        return cards.status_line(status.papers, status.writer, status.writer_state)


def _html(value: str, elem_id: str) -> gr.HTML:
    """Return a place for markup of `ui.cards`, without Gradio's looks and script."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)
