"""A visitor's chats in, the pane beside the talk out: they are listed, found, renamed, deleted and opened there."""

from typing import Any

import gradio as gr

from index.errors import UserError
from ui.access import visitor
from ui.page import history
from ui.page.desk import QUIET, Desk, Updates, markup, told
from ui.page.talk import Talk
from ui.wording import TITLE_CHARS

_SHOWN = 200


class Chats:
    """The pane of earlier chats."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.new = gr.Button("New chat", size="sm", elem_id="new")
        self.find = gr.Textbox(
            label="Find a chat", show_label=False, container=False, placeholder="Find a chat", elem_id="find-chat"
        )
        self.rows = markup("", "history")
        self.here = markup("", "here")

    def connect(self, talk: gr.State) -> None:
        """Connect what changes nothing but the list with the talk that is shown."""
        asked: dict[str, Any] = {"outputs": self.rows, **QUIET}
        self.find.change(self.search, [self.find, talk], trigger_mode="always_last", **asked)
        self.desk.bridge.rename_chat(self.rename, talk, queue=False, **asked)

    def listed(self, owner: str, current: str) -> Updates:
        """List the chats of a visitor, and tell the page's address which one is shown."""
        return {self.rows: self._rows(owner, current), self.here: history.current(current)}

    def search(self, words: str, talk: Talk, request: gr.Request) -> str:
        """List the chats that have some words."""
        return self._rows(visitor(request), talk.chat, words[:TITLE_CHARS])

    def rename(self, talk: Talk, event: gr.EventData, request: gr.Request) -> str:
        """Give a chat another name."""
        with told():
            self.desk.conversations.rename(visitor(request), str(event.chat), str(event.title))
        return self._rows(visitor(request), talk.chat)

    def delete(self, owner: str, chat: str) -> None:
        """Delete a chat for good."""
        with told():
            self.desk.conversations.delete(owner, chat)

    def kept(self, owner: str, chat: str) -> Talk:
        """Return a chat as it was kept; a new one where there is none of this id."""
        try:
            return Talk.of(chat, self.desk.conversations.kept(owner, chat)) if chat else Talk()
        except UserError:  # it was deleted, or is another's
            return Talk()

    def _rows(self, owner: str, current: str, search: str = "") -> str:
        return history.rows(self.desk.conversations.list(owner, search, _SHOWN), current, search, owner)
