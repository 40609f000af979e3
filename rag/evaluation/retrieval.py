"""Rankings and graded papers in, retrieval figures of each out, by ir-measures.

Measures as ir-measures has them (MacAvaney, Macdonald and Ounis, ECIR 2022, arXiv:2111.13466), computed by trec_eval's
code. The gain of a grade is 2^grade - 1 (Burges et al. 2005, doi:10.1145/1102351.1102363), so grades 1 and 2 gain 1
and 3; ir-measures would take the grade itself.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ir_measures.measures import Measure

Figures = dict[str, float]
CUTS = (1, 5, 10, 20)
LIST_CUT = 10
"""Where the rankings of searchers that cannot end a list by themselves are cut for an F1."""


def ranking_figures(ranking: Sequence[str], grades: Mapping[str, int]) -> Figures:
    """Return what a ranking is worth.

    Args:
        ranking: Ids, best first, each once.
        grades: Relevant ids; at least one with a grade of 1 or more.

    Returns:
        Recall at 1, 5, 10 and 20 (the share of the relevant papers among the first k), RR@10 (1 / rank of the first
        relevant paper, 0 beyond 10; its mean is MRR), nDCG@10 and @20 (Järvelin and Kekäläinen 2002,
        doi:10.1145/582415.582418).
    """
    from ir_measures import RR, R, nDCG

    return _measure(
        ranking,
        grades,
        {**{f"R@{k}": R @ k for k in CUTS}, "RR@10": RR @ 10, "nDCG@10": nDCG @ 10, "nDCG@20": nDCG @ 20},
    )


def list_figures(listed: Sequence[str], grades: Mapping[str, int]) -> Figures:
    """Return how good a list is that ended by itself: precision, recall and F1 at grade 1 or more, and its length.

    An empty list has precision, recall and F1 of 0.
    """
    from ir_measures import SetF, SetP, SetR

    return {**_measure(listed, grades, {"precision": SetP, "recall": SetR, "F1": SetF}), "length": float(len(listed))}


def first_f1(ranking: Sequence[str], grades: Mapping[str, int]) -> Figures:
    """Return the F1 of the first `LIST_CUT` of a ranking: what a list of fixed length would have."""
    return {f"F1@{LIST_CUT}": list_figures(ranking[:LIST_CUT], grades)["F1"]}


def _measure(ranking: Sequence[str], grades: Mapping[str, int], measures: "Mapping[str, Measure]") -> Figures:
    from ir_measures import iter_calc

    gains = {"q": {paper_id: 2**grade - 1 for paper_id, grade in grades.items()}}
    run = {"q": {paper_id: float(-rank) for rank, paper_id in enumerate(ranking, start=1)}}
    values = {metric.measure: float(metric.value) for metric in iter_calc(list(measures.values()), gains, run)}
    return {name: values[measure] for name, measure in measures.items()}
