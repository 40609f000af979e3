"""Questions in, growing answers on the page out: earlier chats, the talk, and the evidence side by side."""

import logging
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import gradio as gr

from index.errors import UserError
from rag.answer import Answer
from ui.access import visitor
from ui.api.service import Queued
from ui.feedback import Thumb
from ui.page import cards, turns
from ui.page.chats import Chats
from ui.page.desk import QUIET, Desk, Updates, markup, said, said_ids, telling, told
from ui.page.lists import Lists
from ui.page.talk import Talk

_LIST_COMMANDS = ("/list", "/papers")
_SIMILAR_SHOWN, _WITHIN = 8, 1000
_THUMBS: dict[str, Thumb] = {"up": "up", "down": "down"}
_log = logging.getLogger(__name__)


@dataclass
class _Run:
    """An answer that is being written: `cancel` ends it, `dropped` says that nobody waits for what there is of it."""

    cancel: threading.Event = field(default_factory=threading.Event)
    dropped: bool = False


class Chat:
    """The view of the chat."""

    lists: Lists  # from `connect` on

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.engine = desk.engine
        self.runs: dict[str | None, _Run] = {}  # the latest of each browser session
        self.talk = gr.State(Talk())
        with gr.Row(elem_id="panes"):
            with gr.Column(elem_id="chats"):
                self.chats = Chats(desk)
            with gr.Column(elem_id="talk"):
                self._lay_out_talk()
            with gr.Column(elem_id="evidence"):
                self.similar = markup("", "similar")
                self.cards = markup(cards.no_evidence(), "cards")
                self.earlier_cards = markup("", "earlier-cards")

    def _lay_out_talk(self) -> None:
        with gr.Column(elem_id="scroll"), gr.Column(elem_id="turns"):
            with gr.Column(elem_id="start") as self.start:
                markup(turns.start(), "hello")
                self.examples = [gr.Button(text, size="sm") for text in self.engine.examples(4)]
            self.earlier = markup("", "earlier")
            self.turn = markup("", "now")
            self.next = markup("", "next")
        self.scope = markup("", "scope")
        with gr.Row(elem_id="composer"):
            looks: dict[str, Any] = {"show_label": False, "container": False, "placeholder": "Ask about the papers"}
            self.box = gr.Textbox(label="Question", max_lines=6, autofocus=True, elem_id="question", **looks)
            self.list = gr.Button("List papers", elem_id="list-papers", scale=0)
            self.ask = gr.Button("Ask", variant="primary", elem_id="ask", scale=0)
            self.stop = gr.Button("Stop", variant="stop", elem_id="stop", scale=0, visible=False)

    def connect(self, lists: Lists) -> None:
        """Connect the components with what happens when they are used; `lists` takes over requests for lists."""
        self.lists, views, bridge = lists, self.desk.views, self.desk.bridge
        shown = [self.talk, self.start, self.earlier, self.turn, self.next, self.scope, self.similar, self.cards]
        shown += [self.earlier_cards, self.chats.rows, self.box, self.ask, self.stop, self.list, self.chats.here, views]
        asking: dict[str, Any] = {"outputs": [*shown, *lists.shown], "concurrency_limit": None, **QUIET}
        gr.on([self.box.submit, self.ask.click], self.answer, [self.box, self.talk], **asking)
        for example in self.examples:
            example.click(self.answer, [example, self.talk], **asking)
        bridge.ask(self.ask_next, self.talk, **asking)
        bridge.retry(self.retry, self.talk, **asking)
        bridge.without(self.retry, self.talk, **asking)
        at_once: dict[str, Any] = {"inputs": self.talk, "outputs": shown, "queue": False, **QUIET}
        bridge.edit(self.edit, **at_once)
        bridge.rate(self.rate, **at_once)
        bridge.within(self.ask_within, **at_once)
        bridge.about(self.ask_about, **at_once)
        bridge.all_papers(self.ask_all, **at_once)
        bridge.open_chat(self.open, **at_once)
        bridge.delete_chat(self.delete, **at_once)
        bridge.similar(self.show_similar, None, [self.similar, views], **QUIET)
        bridge.close_similar(lambda: "", None, self.similar, queue=False, **QUIET)
        self.list.click(self.list_papers, self.box, [self.box, views, *lists.shown], **QUIET)
        self.stop.click(self.end, queue=False, **QUIET)
        self.chats.new.click(self.clear, None, shown, queue=False, **QUIET)
        self.chats.connect(self.talk)
        self.shown = shown

    # Answers

    async def answer(self, question: object, talk: Talk, request: gr.Request) -> AsyncGenerator[Updates, None]:
        """Show a question and its growing answer; keep it once it is whole."""
        try:
            question = self._asked(question)
        except UserError as failure:  # nothing of the question is sent back
            yield {self.next: turns.refused(str(failure))}
            return
        command, _, rest = question.partition(" ")
        if command in _LIST_COMMANDS:
            async with aclosing(self.list_papers(rest)) as updates:
                async for update in updates:
                    yield update
            return
        talk = talk.until(talk.edits) if talk.edits else talk
        run = self.runs[request.session_hash] = _Run()
        number, answer, error = len(talk.answers) + 1, Answer(question, question), ""
        yield self._begun(talk, answer)
        try:
            evidence = ""
            async with aclosing(self._growing(question, talk, run)) as states:
                async for state in states:
                    if run.dropped:
                        return
                    if isinstance(state, Queued):
                        yield {self.turn: turns.turn(number, answer, ahead=state.ahead)}
                        continue
                    answer, now = state, cards.evidence(number, state)
                    yield {self.turn: turns.turn(number, answer), **({} if now == evidence else {self.cards: now})}
                    evidence = now
        except UserError as failure:
            error = str(failure)
        except Exception:
            _log.exception("No answer to %r", question)
            error = "Something went wrong; the terminal in which paperchat runs says what."
        finally:
            run.cancel.set()
        if not run.dropped:
            yield self._ended(question, talk, answer, error, visitor(request))

    def _asked(self, question: object) -> str:
        """Return a question that may be shown and kept."""
        text = question.strip() if isinstance(question, str) else ""
        self.engine.checked(text)
        return text

    def _growing(self, question: str, talk: Talk, run: _Run) -> AsyncGenerator[Queued | Answer, None]:
        history = talk.history(self.engine.settings)
        given: dict[str, Any] = {"within": talk.within or None, "filter": talk.only, "as_asked": talk.as_asked}
        return self.desk.service.answers(question, history, **given, face="page", cancel=run.cancel)

    async def ask_next(self, talk: Talk, event: gr.EventData, request: gr.Request) -> AsyncGenerator[Updates, None]:
        """Ask a question that was suggested."""
        async with aclosing(self.answer(event._data.get("question"), talk, request)) as updates:
            async for update in updates:
                yield update

    async def retry(self, talk: Talk, event: gr.EventData, request: gr.Request) -> AsyncGenerator[Updates, None]:
        """Ask the question of a turn once more, without a part of its filter where the event names one."""
        number, part = 0, ""
        with told():
            number, part = _turn_of(event, talk), said(event._data, "part", default="")
        if number:
            question, talk = talk.answers[number - 1].question, talk.again(number, part)
            async with aclosing(self.answer(question, talk, request)) as updates:
                async for update in updates:
                    yield update

    def _begun(self, talk: Talk, answer: Answer) -> Updates:
        """Move earlier turns out of the way, and offer to stop."""
        return {
            **self._earlier(talk, len(talk.answers)),
            self.start: gr.update(visible=False),
            self.turn: turns.turn(len(talk.answers) + 1, answer),
            **dict.fromkeys((self.next, self.similar, self.cards, self.box), ""),
            self.ask: gr.update(visible=False),
            self.list: gr.update(visible=False),
            self.stop: gr.update(visible=True),
        }

    def _ended(self, question: str, talk: Talk, answer: Answer, error: str, owner: str) -> Updates:
        """Keep a whole answer; after an error, give the question back."""
        number = len(talk.answers) + 1
        if not error:
            try:
                talk = talk.kept(answer, self.desk.conversations, owner, self.engine.status().generation)
            except UserError as failure:  # it is shown all the same
                error = str(failure)
            else:
                return {**self._idle, **self._whole(talk, owner)}
        return {**self._idle, self.box: question, self.turn: turns.turn(number, answer, error)}

    @property
    def _idle(self) -> Updates:
        return {
            self.ask: gr.update(visible=True),
            self.list: gr.update(visible=True),
            self.stop: gr.update(visible=False),
        }

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

    # What is shown

    def _whole(self, talk: Talk, owner: str) -> Updates:
        """Show a talk of which nothing is being written."""
        number, last = len(talk.answers), talk.answers[-1:]
        rated = talk.ratings[-1] if talk.ratings else None
        return {
            self.talk: talk,
            **self._earlier(talk, number - 1),
            self.start: gr.update(visible=not last),
            self.turn: "".join(turns.turn(number, answer, rated=rated) for answer in last),
            self.next: "".join(map(turns.follow_ups, last)),
            self.cards: "".join(cards.evidence(number, answer) for answer in last) or cards.no_evidence(),
            **self.chats.listed(owner, talk.chat),
        }

    def _earlier(self, talk: Talk, count: int) -> Updates:
        """Show the turns before the last, and the line that says which papers are asked."""
        return {
            self.earlier: turns.turns(talk.answers[:count], talk.ratings),
            self.earlier_cards: cards.earlier_evidence(talk.answers[:count]),
            self.scope: self._scope(talk),
        }

    def _scope(self, talk: Talk) -> str:
        papers = [self.engine.paper(each) for each in talk.within]
        asked = turns.scope([paper.title for paper in papers if paper])
        return asked + (turns.editing(talk.edits) if talk.edits else "")

    # Turns and papers

    @telling
    def edit(self, talk: Talk, event: gr.EventData) -> Updates:
        """Put the question of a turn into the box, to be asked anew."""
        number = _turn_of(event, talk)
        if not number:
            return {self.talk: replace(talk, edits=0), self.scope: self._scope(replace(talk, edits=0)), self.box: ""}
        talk = replace(talk, edits=number)
        return {self.talk: talk, self.scope: self._scope(talk), self.box: talk.answers[number - 1].question}

    @telling
    def rate(self, talk: Talk, event: gr.EventData, request: gr.Request) -> Updates:
        """Keep what a person thinks of an answer; the same once more takes it back."""
        number, thumb = _turn_of(event, talk), _THUMBS.get(said(event._data, "thumb"))
        reason = said(event._data, "reason", default="")
        if not number or not talk.chat:
            raise UserError("This answer is not kept, so it cannot be rated. Ask again.")
        if thumb == talk.ratings[number - 1]:
            thumb = None
        self.desk.conversations.rate(visitor(request), talk.chat, number, thumb, reason)
        talk = talk.rated(number, thumb)
        return self._whole(talk, visitor(request))

    @telling
    def ask_within(self, talk: Talk, event: gr.EventData) -> Updates:
        """Ask the next questions of chosen papers only."""
        return self._asking_of(talk, said_ids(event._data, "papers", _WITHIN))

    @telling
    def ask_about(self, talk: Talk, event: gr.EventData) -> Updates:
        """Ask the next questions of one paper only."""
        return self._asking_of(talk, (said(event._data, "paper"),))

    def ask_all(self, talk: Talk) -> Updates:
        """Ask the next questions of all papers again."""
        return self._asking_of(talk, ())

    def _asking_of(self, talk: Talk, within: tuple[str, ...]) -> Updates:
        talk = replace(talk, within=tuple(each for each in within if self.engine.paper(each)))
        return {self.talk: talk, self.scope: self._scope(talk), self.desk.views: gr.update(selected="chat")}

    @telling
    def show_similar(self, event: gr.EventData) -> Updates:
        """Show the papers that are like one."""
        paper = self.engine.paper(said(event._data, "paper"))
        if not paper:
            raise UserError("This paper is no longer in the index. Search again.")
        found = cards.similar(paper, self.engine.similar(paper.id, _SIMILAR_SHOWN))
        return {self.similar: found, self.desk.views: gr.update(selected="chat")}

    async def list_papers(self, request: object) -> AsyncGenerator[Updates, None]:
        """Open the view of lists with a request."""
        views = self.desk.views
        try:
            request = self.lists.fitting(request)
        except UserError as failure:  # nothing of the request is sent back
            yield {views: gr.update(selected="lists"), **self.lists.failed(str(failure))}
            return
        yield {self.box: "", views: gr.update(selected="lists"), **self.lists.looking(request)}
        yield await self.desk.service.aside(partial(self.lists.show, request))

    # Chats

    def clear(self, request: gr.Request) -> Updates:
        """Begin a new chat."""
        self.drop(request)
        return {**self._idle, **dict.fromkeys((self.box, self.similar), ""), **self._whole(Talk(), visitor(request))}

    def restore(self, request: gr.Request) -> Updates:
        """Show the chat that the page's address names, and the list of all."""
        named = dict(request.query_params or {}).get("chat", "")
        return self._whole(self.chats.kept(visitor(request), named), visitor(request))

    @telling
    def open(self, talk: Talk, event: gr.EventData, request: gr.Request) -> Updates:
        """Show an earlier chat with its evidence."""
        self.drop(request)
        owner = visitor(request)
        return {**self._idle, self.similar: "", **self._whole(self.chats.kept(owner, said(event._data, "chat")), owner)}

    @telling
    def delete(self, talk: Talk, event: gr.EventData, request: gr.Request) -> Updates:
        """Delete a chat for good; the one that is shown gives way to a new one."""
        chat = said(event._data, "chat")
        self.chats.delete(visitor(request), chat)
        return self.clear(request) if chat == talk.chat else self.chats.listed(visitor(request), talk.chat)


def _turn_of(event: gr.EventData, talk: Talk) -> int:
    """Return the number of the turn that an event is about, 0 where there is none."""
    number = said(event._data, "turn", default="")
    return next((at for at in range(1, len(talk.answers) + 1) if str(at) == number), 0)
