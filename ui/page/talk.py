"""What one browser's chat is: answers, the papers that are asked, the turn that is edited; and how it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.errors import UserError
from rag.answer import Answer, Turn
from rag.filters import Filter
from rag.settings import Settings
from ui.conversations import Conversations
from ui.feedback import Thumb
from ui.kept import KeptTurn

EVERY = Filter()
"""All papers."""


@dataclass(frozen=True)
class Talk:
    """What one browser shows.

    Attributes:
        chat: Id of the conversation, empty before its first answer.
        answers: Of its turns, oldest first.
        ratings: What its reader thinks of each, None where nothing was said.
        scopes: Ids of the papers that each question was asked of; empty for all.
        within: Ids of the papers that the next question is asked of; empty for all.
        edits: Number of the turn whose question is being edited, 0 for none.
        later: Turns came after the edited one.
        only: What the papers must be that the next question is asked of.
        as_asked: Nothing of the next question is taken for a filter.
    """

    chat: str = ""
    answers: tuple[Answer, ...] = ()
    ratings: tuple[Thumb | None, ...] = ()
    scopes: tuple[tuple[str, ...], ...] = ()
    within: tuple[str, ...] = ()
    edits: int = 0
    later: bool = False
    only: Filter = EVERY
    as_asked: bool = False

    def history(self, settings: Settings) -> list[Turn]:
        """Return what was asked and answered so far, the newest turns that the limits of the service allow."""
        turns = [Turn(answer.question, answer.text) for answer in self.answers[-settings.history_turns :]]
        while sum(len(turn.question) + len(turn.answer_text) for turn in turns) > settings.history_chars:
            turns.pop(0)
        return turns if settings.history_turns else []

    @classmethod
    def of(cls, chat: str, turns: Sequence[KeptTurn]) -> "Talk":
        """Return a chat as it was kept."""
        return cls(
            chat,
            tuple(turn.answer for turn in turns),
            tuple(turn.thumb for turn in turns),
            tuple(turn.within for turn in turns),
        )

    def until(self, number: int) -> "Talk":
        """Return the talk before a turn."""
        at = number - 1
        return replace(
            self,
            answers=self.answers[:at],
            ratings=self.ratings[:at],
            scopes=self.scopes[:at],
            later=number < len(self.answers),
        )

    def again(self, number: int, without: str = "") -> "Talk":
        """Return the talk in which the question of a turn is asked once more, of the same papers.

        Args:
            number: Of the turn.
            without: A part of its filter that is taken away; then nothing of the question is taken for a filter.
        """
        talk = replace(self, edits=number, within=self.scopes[number - 1])
        told = self.answers[number - 1].filter
        if told and without in told.filter.parts:
            return replace(talk, only=told.filter.without(without), as_asked=True)
        return replace(talk, only=told.filter, as_asked=True) if told and told.as_asked else talk

    def rated(self, number: int, thumb: Thumb | None) -> "Talk":
        """Return the talk with what its reader thinks of a turn."""
        return replace(self, ratings=(*self.ratings[: number - 1], thumb, *self.ratings[number:]))

    def kept(self, answer: Answer, conversations: Conversations, owner: str, generation: int) -> "Talk":
        """Keep an answer as the next turn, and return the talk with it.

        Nothing is lost: the later turns of an edited question stay in the chat as it was, as do turns that were added
        in another window; a new chat then goes on. So it does when the chat was deleted meanwhile.

        Args:
            answer: The last of its stream.
            conversations: Where it is kept.
            owner: Who asked.
            generation: Of the index that answered.

        Raises:
            UserError: It cannot be kept.
        """
        number, chat, within = len(self.answers) + 1, self.chat, self.within
        try:
            if not chat or self.later:
                chat = self._copied(conversations, owner)
            if self.edits and not self.later:
                conversations.replace(owner, chat, number, answer, within=within, generation=generation, seen=number)
            else:
                conversations.add(owner, chat, answer, within=within, generation=generation, seen=number - 1)
        except UserError:
            if chat != self.chat:
                raise
            chat = self._copied(conversations, owner)
            conversations.add(owner, chat, answer, within=within, generation=generation)
        return replace(
            self,
            chat=chat,
            answers=(*self.answers, answer),
            ratings=(*self.ratings, None),
            scopes=(*self.scopes, self.within),
            edits=0,
            later=False,
            only=EVERY,
            as_asked=False,
        )

    def _copied(self, conversations: Conversations, owner: str) -> str:
        """Begin a chat with the turns so far, and return its id."""
        chat = conversations.start(owner).id
        for number, (answer, thumb, within) in enumerate(zip(self.answers, self.ratings, self.scopes, strict=True), 1):
            conversations.add(owner, chat, answer, within=within)
            if thumb:
                conversations.rate(owner, chat, number, thumb)
        return chat
