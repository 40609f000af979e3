"""What was said so far, and the papers that have numbers on the screen: the state that commands work on."""

import re
from dataclasses import replace

from index.errors import UserError
from index.papers import Paper
from rag.answer import Answer, Match, Quote, Turn
from rag.engine import Engine
from rag.filters import Filter
from rag.lists import PaperList
from ui.terminal.growing import NEAREST
from ui.terminal.screen import Screen

EVERY = Filter()
"""Which papers are asked unless the person narrows them."""


class Talk:
    """A talk with the papers.

    Attributes:
        engine: That answers.
        screen: Where answers are read.
        notes: Where notes and errors go.
        answers: So far, oldest first.
        papers: Those that have the numbers 1, 2, … on the screen; their sentences are those that were quoted.
        listed: Whether they are a list, and not what the last answer cites.
        over: Whether the person wants to leave.
        only: What the papers must be that are asked and listed.
    """

    def __init__(self, engine: Engine, screen: Screen, notes: Screen) -> None:
        self.engine = engine
        self.screen = screen
        self.notes = notes
        self.over = False
        self.only = EVERY
        self._taken_back = ""
        self.forget()

    def forget(self) -> None:
        """Begin anew: no question was asked and nothing has a number."""
        self.answers: list[Answer] = []
        self.papers = PaperList("", ())
        self.listed = False

    @property
    def history(self) -> list[Turn]:
        """The turns that a next question follows."""
        return [Turn(answer.question, answer.text) for answer in self.answers]

    def ask_as_asked(self) -> None:
        """Take the last question back, to be asked again with nothing of it taken for a filter.

        Raises:
            UserError: Nothing of it was.
        """
        last = self.answers[-1] if self.answers else None
        if last is None or last.filter is None or not last.filter.taken_from_question:
            raise UserError("Nothing of the last question was taken for a filter. /filter off lets go of a set one.")
        self._taken_back = self.answers.pop().question

    def take_back(self) -> str:
        """Return the question that was taken back, once; "" for none."""
        question, self._taken_back = self._taken_back, ""
        return question

    def keep(self, answer: Answer) -> None:
        """Take in an answer; one that names no paper leaves the numbers to what has them."""
        if answer.text:
            self.answers.append(answer)
        near = answer.matches[:NEAREST] if not answer.answered else ()
        if papers := _cited(answer) or near:
            self.papers, self.listed = PaperList(answer.question, papers), False

    def keep_list(self, papers: PaperList) -> None:
        """Take in a list; an empty one leaves the numbers to what has them."""
        if papers:
            self.papers, self.listed = papers, True

    def numbered(self, number: str) -> tuple[int, Paper, tuple[Quote, ...]]:
        """Return the number, the paper that has it, and what is quoted of it.

        Raises:
            UserError: It is no number, or no paper has it.
        """
        count = len(self.papers)
        if not count:
            raise UserError("No paper has a number yet. Ask something, or list papers: /papers REQUEST.")
        found = re.fullmatch(r"\[?(\d{1,4})[\].]?", number)
        if not found:
            raise UserError(f"{number!r} is no number. Give that of a paper, 1 to {count}.")
        if not 1 <= int(found[1]) <= count:
            raise UserError(
                f"No paper has the number {found[1]}. Those of “{self.papers.request}” go from 1 to {count}."
            )
        match = self.papers.matches[int(found[1]) - 1]
        cited = bool(self.answers) and not self.listed and self.answers[-1].answered
        return int(found[1]), match.paper, match.sentences if cited else match.sentences[:1]


def _cited(answer: Answer) -> tuple[Match, ...]:
    """Return the cited papers in order of their numbers, each with every sentence of it that the answer leans on."""
    found = {match.paper.id: match for match in answer.matches}
    matches = [found.get(each.paper.id, Match(each.paper, 0.0)) for each in answer.citations]
    return tuple(
        replace(match, sentences=answer.quotes(each)) for match, each in zip(matches, answer.citations, strict=True)
    )
