"""The three things that the judge is asked, in which words, and the signals beside the model's answer."""

from collections.abc import Callable
from dataclasses import dataclass

from rag.judges import lexical


@dataclass(frozen=True)
class Odds:
    """Log-odds of one answer against another at the first token.

    Attributes:
        prompt: Name of the prompt that asks.
        answer: The answer that speaks for the row.
        other: The answer that speaks against it.
    """

    prompt: str
    answer: str = "Yes"
    other: str = "No"


@dataclass(frozen=True)
class Task:
    """What is asked about rows `(*texts, title, passage)`.

    Attributes:
        given: Name of the prompt that states the texts.
        texts: What that prompt calls them.
        odds: What the language model is asked, by feature name; all of it over the same beginning.
        signals: What plain code adds, by feature name: the row's texts and its paper in, numbers out.
        system: Name of the prompt with the rules, the same for all so that an abstract is read once.
    """

    given: str
    texts: tuple[str, ...]
    odds: dict[str, Odds]
    signals: Callable[[tuple[str, ...], str], dict[str, float]]
    system: str = "judge_system"

    @property
    def features(self) -> list[str]:
        """The names of the columns of what is read, in order."""
        return [*self.odds, *self.signals(("",) * len(self.texts), "")]


VERIFY, GATE, ANSWERS = "verify", "gate", "answers"
TASKS = {
    VERIFY: Task(
        "judge_claim",
        ("claim",),
        {
            "states": Odds("judge_verify"),
            "fully": Odds("judge_verify_part", "Fully", "Partly"),
            "at all": Odds("judge_verify_part", "Partly", "Not"),
        },
        lexical.of_claim,
    ),
    GATE: Task("judge_question", ("question",), {"contains": Odds("judge_gate")}, lexical.of_question),
    ANSWERS: Task("judge_sentence", ("question", "sentence"), {"gives": Odds("judge_answers")}, lexical.of_sentence),
}
