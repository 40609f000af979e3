"""Cases asked of a system in, `Result`s of its answers, refusals and times out."""

from collections.abc import Callable, Iterator, Sequence

from rag.answer import Turn
from rag.engine import Engine
from rag.evaluation.answers import answer_figures, citation_figures, shuffled
from rag.evaluation.cases import Case
from rag.evaluation.figures import ALL, Result
from rag.evaluation.refusals import refusal_figures
from rag.evaluation.said import Said
from rag.evaluation.searchers import OURS

CONTROL = "shuffled citations"
ANSWERABLE = "answerable"
Answerer = Callable[[Case], Said]


def sample(cases: Sequence[Case], every: int) -> list[Case]:
    """Return each n-th question of each group, in their order; list requests are not asked."""
    asked = [case for case in cases if case.kind != "list"]
    groups = dict.fromkeys((case.kind, case.group) for case in asked)
    chosen = {c.key for group in groups for c in [case for case in asked if (case.kind, case.group) == group][::every]}
    return [case for case in asked if case.key in chosen]


def spread(cases: Sequence[Case], count: int) -> list[Case]:
    """Return `count` of the cases, evenly spread over them.

    >>> [int(case.key) for case in spread([Case(str(n), "question", "", "") for n in range(10)], 3)]
    [0, 3, 6]
    """
    return [cases[at * len(cases) // count] for at in range(min(count, len(cases)))]


def engine_answers(engine: Engine) -> Answerer:
    """Return an engine as what answers cases: the conversation before a follow-up is held first."""

    def answer(case: Case) -> Said:
        history: list[Turn] = []
        for question in case.history:
            history.append(Turn(question, engine.ask(question, history).text))
        return Said.of(engine.ask(case.text, history))

    return answer


def ask(cases: Sequence[Case], answerer: Answerer, tell: Callable[[str], None]) -> list[Said]:
    """Return the answer to each case, telling each as it comes."""
    answers = []
    for number, case in enumerate(cases, start=1):
        said = answerer(case)
        answers.append(said)
        tell(f"  {number}/{len(cases)}  {said.timings.total_s or 0:5.1f} s  {case.text[:60]:60}  {said.text[:90]!r}")
    return answers


def results(cases: Sequence[Case], answers: Sequence[Said], system: str = OURS) -> Iterator[Result]:
    """Yield what was measured of one system's answers: each by itself, then the control, then times.

    Ours are counted by group and in all, those of other systems and the control in all only.
    """
    for case, said in zip(cases, answers, strict=True):
        group, detail = case.group if system == OURS else ALL, {"text": said.text, **said.detail}
        if case.kind == "question":
            values = answer_figures(said, case)
            yield Result("answers", group, system, case.key, case.text, values, detail, True)
            wrongly = {"wrongly declined": float(not said.answered)}
            yield Result("refusals", ANSWERABLE, system, case.key, case.text, wrongly)
        else:
            yield Result("refusals", group, system, case.key, case.text, refusal_figures(said, case), detail, True)
        yield Result("time", "seconds and tokens", system, case.key, case.text, _times(said))
    asked = zip(cases, answers, strict=True)
    citing = [(case, said) for case, said in asked if case.kind == "question" and said.answered and said.cited]
    for (case, _), said in zip(citing, shuffled([said for _, said in citing]), strict=False):
        values = citation_figures(said, case)
        yield Result("answers", ALL, f"{system}, {CONTROL}", case.key, case.text, values)


def _times(said: Said) -> dict[str, float]:
    """Return seconds and tokens of an answer; of one that nobody wrote, only what it took to find papers."""
    timings = said.timings
    values = {"papers s": timings.papers_s}
    if said.by_model:
        values |= {"first token s": timings.first_token_s, "tokens read": float(timings.prompt_tokens)}
        values |= {"tokens written": float(timings.answer_tokens)}
    if said.by_model or said.answered:
        values |= {"total s": timings.total_s}
    return {name: value for name, value in values.items() if value is not None}
