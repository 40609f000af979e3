"""What one browser's chat is: answers, the papers that are asked, the turn that is edited; and how it is kept."""

from dataclasses import dataclass, replace

import gradio as gr

from rag.answer import Answer, Turn
from ui.conversations import Conversations


@dataclass(frozen=True)
class Talk:
    """What one browser shows.

    Attributes:
        chat: Id of the conversation, empty before its first answer.
        answers: Of its turns, oldest first.
        ratings: What was said of them, as far as it was.
        within: Ids of the papers that the next question is asked of; empty for all.
        edits: Number of the turn whose question is being edited, 0 for none.
        later: Turns came after the edited one.
    """

    chat: str = ""
    answers: tuple[Answer, ...] = ()
    ratings: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    edits: int = 0
    later: bool = False

    @property
    def history(self) -> list[Turn]:
        """What was asked and answered so far."""
        return [Turn(answer.question, answer.text) for answer in self.answers]

    def until(self, number: int) -> "Talk":
        """Return the talk before a turn."""
        later = number < len(self.answers)
        return replace(self, answers=self.answers[: number - 1], ratings=self.ratings[: number - 1], later=later)

    def numbered(self, event: gr.EventData) -> int:
        """Return the number of the turn that an event is about, 0 where there is none."""
        number = str(event._data.get("turn", ""))
        return int(number) if number.isdecimal() and 0 < int(number) <= len(self.answers) else 0

    def kept(self, answer: Answer, conversations: Conversations, owner: str) -> "Talk":
        """Keep an answer as the next turn, and return the talk with it.

        The later turns of an edited question are not lost: they stay in the chat as it was, and a new one goes on.

        Raises:
            UserError: It cannot be kept.
        """
        chat, number = self.chat, len(self.answers) + 1
        if not chat or self.later:
            chat = conversations.start(owner).id
            for earlier in self.answers:
                conversations.add(owner, chat, earlier)
        if self.edits and not self.later:
            conversations.replace(owner, chat, number, answer, within=self.within)
        else:
            conversations.add(owner, chat, answer, within=self.within)
        answers, ratings = (*self.answers, answer), (*self.ratings, "")
        return replace(self, chat=chat, answers=answers, ratings=ratings, edits=0, later=False)
