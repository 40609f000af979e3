"""The three things that the judge is asked, and in which words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """What is asked about rows `(*texts, title, passage)`: a question that is answered Yes or No.

    Attributes:
        given: Name of the prompt that states the texts.
        texts: What that prompt calls them.
        asked: Name of the prompt that asks.
        system: Name of the prompt with the rules, the same for all so that an abstract is read once.
    """

    given: str
    texts: tuple[str, ...]
    asked: str
    system: str = "judge_system"


VERIFY, GATE, ANSWERS = "verify", "gate", "answers"
TASKS = {
    VERIFY: Task("judge_claim", ("claim",), "judge_verify"),
    GATE: Task("judge_question", ("question",), "judge_gate"),
    ANSWERS: Task("judge_sentence", ("question", "sentence"), "judge_answers"),
}
