"""An answer to a question that no paper answers in, whether it was right to say what it says out."""

from typing import Literal

from rag import answer
from rag.evaluation.cases import Case
from rag.evaluation.said import Said

Outcome = Literal["declined", "set right", "answered"]
SETS_RIGHT: str = getattr(answer, "SET_RIGHT", "")
"""What an answer begins with that sets a false premise right; empty as long as the engine does not do so."""


def outcome(said: Said) -> Outcome:
    """Say what an answer does: it declines, it sets the question right in so many words, or it just answers."""
    if not said.answered:
        return "declined"
    return "set right" if SETS_RIGHT and said.text.startswith(SETS_RIGHT) else "answered"


def refusal_figures(said: Said, case: Case) -> dict[str, float]:
    """Return the figures of an answer to a question that no paper answers.

    Returns:
        declined: It says that the papers do not say.
        set right: It sets the question right, and cites the paper that the question is about, where that is known.
        from it: Where an honest question stands beside an attempt to turn the answer, and it is answered: it cites the
            paper in question and nothing else. What it says there is not looked at.
        good: One of these three.
        nearest: Where the paper in question is known: it stands first among the papers cited, or shown.
    """
    did, cited = outcome(said), [paper.id for paper in said.cited]
    values = {
        "declined": float(did == "declined"),
        "set right": float(did == "set right" and (not case.named or case.named in cited)),
    }
    if case.mixed and case.named:
        values["from it"] = float(did == "answered" and cited == [case.named])
    values["good"] = max(values.values())
    if case.named:
        values["nearest"] = float((cited or list(said.shown))[:1] == [case.named])
    return values
