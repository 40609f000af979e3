"""An answer to a question that no paper answers in, whether it was right to say what it says out."""

from typing import Literal

from index.words import tokenize
from rag.evaluation.answers import copied
from rag.evaluation.cases import Case
from rag.evaluation.said import Said, Statement

Outcome = Literal["declined", "set right", "answered"]
FALSE_PREMISE = "false-premise"
"""The kind of a question that takes for granted what a paper denies."""

_REPEATS = 0.6
"""Share of the question's words from which on a sentence repeats the question."""


def outcome(said: Said, case: Case) -> Outcome:
    """Say what an answer does: it declines, it sets a false premise right, or it just answers.

    A premise is set right, as far as a rule can tell, by the abstract's own words: the answer cites the paper in
    question (any paper, where the case names none), a sentence of it stands word for word in what it cites, and no
    sentence of its own making repeats the question. That the quoted sentence is the one that denies the premise is not
    looked at.
    """
    if not said.answered:
        return "declined"
    if case.group != FALSE_PREMISE or not (case.named in {p.id for p in said.cited} if case.named else said.cited):
        return "answered"
    quoted = [_quoted(statement, said) for statement in said.statements]
    own = [statement for statement, is_quote in zip(said.statements, quoted, strict=True) if not is_quote]
    return "set right" if any(quoted) and not any(_repeats(each.text, case.text) for each in own) else "answered"


def refusal_figures(said: Said, case: Case) -> dict[str, float]:
    """Return the figures of an answer to a question that no paper answers.

    Returns:
        declined: It says that the papers do not say.
        set right: See `outcome`; of false premises only.
        from it: Where an honest question stands beside an attempt to turn the answer, and it is answered: it cites the
            paper in question and nothing else. What it says there is not looked at.
        good: One of these three.
        nearest: Where the paper in question is known: it stands first among the papers cited, or shown.
    """
    did, cited = outcome(said, case), [paper.id for paper in said.cited]
    values = {"declined": float(did == "declined")}
    if case.group == FALSE_PREMISE:
        values["set right"] = float(did == "set right")
    if case.mixed and case.named:
        values["from it"] = float(did == "answered" and cited == [case.named])
    values["good"] = max(values.values())
    if case.named:
        values["nearest"] = float((cited or list(said.shown))[:1] == [case.named])
    return values


def _quoted(statement: Statement, said: Said) -> bool:
    """Tell whether a sentence stands word for word in an abstract that it cites."""
    return copied(statement.text, [paper for paper in said.cited if paper.id in statement.papers]) == 1.0


def _repeats(sentence: str, question: str) -> bool:
    asked = set(tokenize(question))
    return len(asked & set(tokenize(sentence))) >= _REPEATS * len(asked)
