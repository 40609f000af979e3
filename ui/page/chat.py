"""Questions in, growing answers on the page out: the chat on the left, the evidence on the right."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from index.errors import UserError
from rag.answer import Answer, Turn
from ui.page import cards, turns
from ui.page.desk import QUIET, Desk, markup

AT_ONCE = 8
"""Answers that are written at the same time; further ones wait for their turn."""

Updates = dict[Any, Any]
"""Components and what becomes of them; those that are not named stay as they are."""

_log = logging.getLogger(__name__)


@dataclass
class _Run:
    """An answer that is being written: `cancel` ends it, `dropped` says that nobody waits for what there is of it."""

    cancel: threading.Event = field(default_factory=threading.Event)
    dropped: bool = False


class Chat:
    """The view of the chat."""

    def __init__(self, desk: Desk) -> None:
        self.engine = desk.engine
        self.runs: dict[str | None, _Run] = {}  # the latest of each browser session
        self.answers = gr.State(())
        with gr.Row(elem_id="panes"):
            with gr.Column(elem_id="talk"):
                self._lay_out_talk()
            with gr.Column(elem_id="evidence"):
                self.cards = markup(cards.no_evidence(), "cards")
                self.earlier_cards = markup("", "earlier-cards")

    def _lay_out_talk(self) -> None:
        with gr.Column(elem_id="scroll"), gr.Column(elem_id="turns"):
            with gr.Column(elem_id="start") as self.start:
                markup(turns.start(), "hello")
                self.examples = [gr.Button(text, size="sm") for text in self.engine.examples(4)]
            self.earlier = markup("", "earlier")
            self.turn = markup("", "now")
        with gr.Row(elem_id="composer"):
            self.new = gr.Button("New chat", size="sm", elem_id="new", scale=0)
            looks: dict[str, Any] = {"show_label": False, "container": False, "placeholder": "Ask about the papers"}
            self.box = gr.Textbox(label="Question", max_lines=6, autofocus=True, elem_id="question", **looks)
            self.ask = gr.Button("Ask", variant="primary", elem_id="ask", scale=0)
            self.stop = gr.Button("Stop", variant="stop", elem_id="stop", scale=0, visible=False)

    def connect(self) -> None:
        """Connect the components with what happens when they are used."""
        told = [self.answers, self.start, self.earlier, self.turn, self.cards, self.earlier_cards]
        told += [self.box, self.ask, self.stop]
        many: dict[str, Any] = {"outputs": told, "concurrency_limit": AT_ONCE, "concurrency_id": "answers", **QUIET}
        gr.on([self.box.submit, self.ask.click], self.answer, [self.box, self.answers], **many)
        for example in self.examples:
            example.click(self.answer, [example, self.answers], **many)
        self.stop.click(self.end, queue=False, **QUIET)
        self.new.click(self.clear, None, told, queue=False, **QUIET)

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
                yield {self.turn: turns.turn(number, answer), self.cards: cards.evidence(number, answer)}
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
            self.earlier: turns.turns(answers),
            self.turn: turns.turn(len(answers) + 1, answer),
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
        return {**idle, self.box: question, self.turn: turns.turn(len(answers) + 1, answer, error)}

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
