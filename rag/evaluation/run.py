"""Files of questions in, a `Report` out: what `paperchat eval` does."""

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from index.errors import UserError
from index.store import Store
from index.vectors import Encoder, SentenceEncoder
from rag.engine import Engine
from rag.evaluation.cases import Case, read_cases
from rag.evaluation.collection import evaluation_cache, index_of, is_collection, read_collection
from rag.evaluation.figures import Result
from rag.evaluation.kept import KeptVectors
from rag.evaluation.report import Report
from rag.evaluation.retrieval import first_f1, list_figures, ranking_figures
from rag.evaluation.searchers import OURS, Searcher, searchers
from rag.settings import Settings

Tell = Callable[[str], None]
"""Is told how far a run is."""

_LISTED = 20
"""Papers asked of an engine where a list must not end by itself: no figure looks further."""

_NAMED = 5


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        files: JSON lines of questions, list requests and unanswerable questions, over the index of the settings; and
            folders in BEIR layout, each over an index of its own documents.
        answers: Ask the questions too, not only search.
        every: Ask each n-th question of each group; searching takes all of them.
        baselines: Cases that LlamaIndex answers beside us; 0 leaves LlamaIndex out altogether.
        titles: Search for every title in the index too; each should bring its paper first.
    """

    files: tuple[Path, ...]
    answers: bool = True
    every: int = 1
    baselines: int = 0
    titles: bool = False


@dataclass(frozen=True)
class Bed:
    """An index that is measured, and the cases asked of it."""

    name: str
    store: Store
    engine: Engine
    cases: tuple[Case, ...]


def evaluate(plan: Plan, settings: Settings, tell: Tell = lambda text: None) -> Report:
    """Load what settings name, and measure.

    Raises:
        UserError: A file, the index or a model cannot be had.
    """
    _check(plan)
    return measure(plan, settings, SentenceEncoder.from_name(settings.encoder, settings.offline), tell)


def measure(plan: Plan, settings: Settings, encoder: Encoder, tell: Tell = lambda text: None) -> Report:
    """Measure with models that are there already.

    The alternatives embed each text once, by `KeptVectors`; paperchat is given the encoder as it is.

    Raises:
        UserError: A file or the index cannot be had, or no case is left to measure.
    """
    _check(plan)
    kept = KeptVectors(encoder, evaluation_cache())
    results: list[Result] = []
    notes: list[str] = []
    indexes: dict[str, object] = {}
    for bed in _beds(plan, settings, encoder, notes, tell):
        try:
            indexes[bed.name] = {"folder": str(bed.store.folder), **vars(bed.store.manifest)}
            results += _searched(bed, searchers(bed.store, encoder, kept, settings), tell)
        finally:
            bed.store.close()
            kept.save()
    if not results:
        raise UserError(" ".join(["Nothing is left to measure.", *notes]))
    return Report(_about(plan, settings, indexes), tuple(notes), tuple(results))


def _check(plan: Plan) -> None:
    """Refuse, before anything is loaded, files that are not there."""
    if missing := [str(path) for path in plan.files if not path.is_file() and not is_collection(path)]:
        raise UserError(
            f"No such file, or no folder in BEIR layout (corpus.jsonl, queries.jsonl, qrels.tsv): {', '.join(missing)}."
        )


def _beds(plan: Plan, settings: Settings, encoder: Encoder, notes: list[str], tell: Tell) -> Iterator[Bed]:
    """Yield the index of the settings with the cases of all files, then each collection with its own."""
    if files := [path for path in plan.files if not is_collection(path)]:
        store = Store.open(settings.index_folder, encoder)
        cases = _whole([case for path in files for case in read_cases(path, store.papers)], notes)
        if plan.titles:
            cases += [Case(f"title:{p.id}", "question", "titles", p.title, {p.id: 1}) for p in store.papers]
        yield Bed("index", store, Engine(settings, store, encoder, None), tuple(cases))
    for path in plan.files:
        if is_collection(path):
            collection = read_collection(path)
            tell(f"{collection.name}: {len(collection.papers)} documents, {len(collection.cases)} queries")
            if collection.unjudged:
                notes.append(f"{collection.name}: {collection.unjudged} queries without a relevant document left out.")
            folder = index_of(collection, encoder, lambda done, total: tell(f"  embedded {done} of {total} chunks"))
            store = Store.open(folder, encoder)
            yield Bed(collection.name, store, Engine(settings, store, encoder, None), collection.cases)


def _whole(cases: Sequence[Case], notes: list[str]) -> list[Case]:
    """Return the cases that can be measured; say which papers the index lacks and what that leaves out."""
    if lost := [case for case in cases if case.lost]:
        keys = ", ".join(case.key for case in lost[:_NAMED]) + ("…" if len(lost) > _NAMED else "")
        notes.append(f"Left out, as the index holds none of their relevant papers: {len(lost)} cases ({keys}).")
    if missing := list(dict.fromkeys(title for case in cases for title in case.missing)):
        titles = "; ".join(missing[:_NAMED]) + ("; …" if len(missing) > _NAMED else "")
        notes.append(f"Not in the index, and not counted as to be found: {len(missing)} papers ({titles}).")
    return [case for case in cases if not case.lost]


def _searched(bed: Bed, ways: dict[str, Searcher], tell: Tell) -> Iterator[Result]:
    """Yield what each searcher found for each question and list request."""
    for system, search in ways.items():
        started, count = time.perf_counter(), 0
        for case in bed.cases:
            if case.kind == "question":
                yield _found(case, system, search)
            elif case.kind == "list":
                yield _listed(case, system, search, bed.engine if system == OURS else None)
            count += case.kind != "unanswerable"
        tell(f"{bed.name}: {count} searches by {system}, {time.perf_counter() - started:.0f} s")


def _found(case: Case, system: str, search: Searcher) -> Result:
    ranking = search(case.standalone)
    values = ranking_figures(ranking, case.grades)
    return Result("retrieval", case.group, system, case.key, case.text, values, {"ranking": ranking})


def _listed(case: Case, system: str, search: Searcher, engine: Engine | None) -> Result:
    """Measure a list: the ranking, and the list that ends by itself where the system can end one."""
    if engine is None:
        ranking = search(case.text)
        listed: dict[str, float] = {}
        detail = {"ranking": ranking}
    else:
        ranking = [match.paper.id for match in engine.papers(case.text, _LISTED).matches]
        own = [match.paper.id for match in engine.papers(case.text).matches]
        listed = list_figures(own, case.grades)
        detail = {"ranking": ranking, "listed": own}
    figures = ranking_figures(ranking, case.grades)
    kept = {name: figures[name] for name in ("R@20", "nDCG@10", "nDCG@20")}
    values = {**kept, **first_f1(ranking, case.grades), **listed}
    return Result("lists", case.group, system, case.key, case.text, values, detail)


def _about(plan: Plan, settings: Settings, indexes: dict[str, object]) -> dict[str, object]:
    return {
        "version": version("paperchat"),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "plan": {**vars(plan), "files": [str(path) for path in plan.files]},
        "settings": settings.model_dump(mode="json", exclude={"api_key"}),
        "indexes": indexes,
    }
