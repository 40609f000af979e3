"""Cases searched for in every way in, `Result`s of rankings and lists out."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from rag.engine import Engine
from rag.evaluation.cases import Case
from rag.evaluation.figures import Result
from rag.evaluation.retrieval import first_f1, list_figures, ranking_figures
from rag.evaluation.searchers import OURS, Searcher

_LOOKED_AT = 20
"""No figure looks further: so many papers are asked of an engine where a list must not end by itself, and reported."""
_LIST_FIGURES = ("R@20", "nDCG@10", "nDCG@20")


def searched(
    cases: Sequence[Case], ways: Mapping[str, Searcher], engine: Engine, tell: Callable[[str], None]
) -> Iterator[Result]:
    """Yield what each way of searching found for each question and list request.

    Args:
        cases: Follow-ups are searched for as the one question that our rules make of them, in every way alike.
        ways: By name; the lists of "paperchat" are those of the engine.
        engine: Ours.
        tell: Is told when a way is through.
    """
    found = [case for case in cases if case.kind == "question"]
    listed = [case for case in cases if case.kind == "list"]
    for system, search in ways.items():
        started = time.monotonic()
        for case in found:
            ranking = search(case.standalone)
            values = ranking_figures(ranking, case.grades)
            yield Result(
                "retrieval", case.group, system, case.key, case.text, values, {"ranking": ranking[:_LOOKED_AT]}
            )
        for case in listed:
            yield _own_list(case, engine) if system == OURS else _cut_list(case, system, search(case.text))
        tell(f"{len(found) + len(listed)} searches by {system}, {time.monotonic() - started:.0f} s")


def _cut_list(case: Case, system: str, ranking: list[str]) -> Result:
    """Measure the ranking of a system that cannot end a list by itself."""
    detail = {"ranking": ranking[:_LOOKED_AT]}
    return Result("lists", case.group, system, case.key, case.text, _figures(ranking, case), detail)


def _own_list(case: Case, engine: Engine) -> Result:
    """Measure the ranking of the engine, and the list that it ends by itself."""
    ranking = [match.paper.id for match in engine.papers(case.text, _LOOKED_AT).matches]
    own = [match.paper.id for match in engine.papers(case.text).matches]
    values = {**_figures(ranking, case), **list_figures(own, case.grades)}
    return Result("lists", case.group, OURS, case.key, case.text, values, {"ranking": ranking, "listed": own})


def _figures(ranking: list[str], case: Case) -> dict[str, float]:
    figures = ranking_figures(ranking, case.grades)
    return {**{name: figures[name] for name in _LIST_FIGURES}, **first_f1(ranking, case.grades)}
