"""Files of questions in, a `Report` out: what `paperchat eval` does."""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from index.errors import ModelError, UserError
from index.store import Store
from index.vectors import Encoder, SentenceEncoder
from rag.engine import Engine
from rag.evaluation.asking import ask, engine_answers, results, sample, spread
from rag.evaluation.cases import Case, read_cases
from rag.evaluation.collection import evaluation_cache, index_of, is_collection, read_collection
from rag.evaluation.figures import Result
from rag.evaluation.kept import KeptVectors
from rag.evaluation.report import Report
from rag.evaluation.searchers import OURS, searchers
from rag.evaluation.searching import searched
from rag.evaluation.taken_out import store_without, taken_out
from rag.loader import WriterLoader
from rag.settings import Settings
from rag.writer import NONE

Tell = Callable[[str], None]
"""Is told how far a run is."""

SAME_SAMPLE = f"{OURS}, same sample"
_NAMED = 5


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        files: JSON lines of questions, list requests and unanswerable questions, over the index of the settings; and
            folders in BEIR layout, each over an index of its own documents, which are searched only.
        answers: Ask the questions too, not only search.
        every: Ask each n-th question of each group; searching takes all of them.
        baselines: Questions that LlamaIndex answers beside us; 0 leaves LlamaIndex out altogether.
        titles: Search for every title in the index too; each should bring its paper first.
        taken_out: Questions asked once more, of the index without their papers.
    """

    files: tuple[Path, ...]
    answers: bool = True
    every: int = 1
    baselines: int = 0
    titles: bool = False
    taken_out: int = 0


@dataclass(frozen=True)
class Bed:
    """An index that is measured, what is searched for in it, and what is asked of it."""

    name: str
    store: Store
    searched: tuple[Case, ...]
    asked: tuple[Case, ...] = ()


def evaluate(plan: Plan, settings: Settings, tell: Tell = lambda text: None) -> Report:
    """Load what settings name, and measure; the language model is loaded only where something is to be asked.

    Raises:
        UserError: A file, the index or a model cannot be had, or no case is left to measure.
    """
    _check(plan)
    encoder = SentenceEncoder.from_name(settings.encoder, settings.offline)
    encoder.encode(["warm"])  # loads it, so that the first question is not timed with that
    return measure(plan, settings, encoder, lambda: _load(settings, tell), tell)


def measure(
    plan: Plan,
    settings: Settings,
    encoder: Encoder,
    load: Callable[[], WriterLoader],
    tell: Tell = lambda text: None,
) -> Report:
    """Measure with an encoder that is there and a language model that can be loaded.

    Answers come first, so that the memory they take is not that of the alternatives. The alternatives embed each text
    once, by `KeptVectors`; paperchat is given the encoder as it is.

    Raises:
        UserError: A file or the index cannot be had, or no case is left to measure.
    """
    _check(plan)
    kept = KeptVectors(encoder, evaluation_cache())
    found: list[Result] = []
    notes: list[str] = []
    indexes: dict[str, object] = {}
    for bed in _beds(plan, settings, encoder, notes, tell):
        try:
            indexes[bed.name] = {"folder": str(bed.store.folder), **vars(bed.store.manifest)}
            found += _measured(bed, plan, settings, encoder, kept, load, tell)
        finally:
            bed.store.close()
            kept.save()
    if not found:
        raise UserError(" ".join(["Nothing is left to measure.", *notes]))
    return Report(_about(plan, settings, indexes), tuple(notes), tuple(found))


def _check(plan: Plan) -> None:
    """Refuse, before anything is loaded, files that are not there."""
    if missing := [str(path) for path in plan.files if not path.is_file() and not is_collection(path)]:
        raise UserError(
            f"No such file, or no folder in BEIR layout (corpus.jsonl, queries.jsonl, qrels.tsv): {', '.join(missing)}."
        )


def _load(settings: Settings, tell: Tell) -> WriterLoader:
    """Load the language model as the product does: it has read what all prompts begin with before it is asked."""
    tell(f"Loading {settings.model}")
    loader = WriterLoader.named(settings, warm=True)
    loader.start()
    loader.wait()
    if loader.writer is None and settings.model != NONE:
        raise ModelError(loader.reason())
    return loader


def _beds(plan: Plan, settings: Settings, encoder: Encoder, notes: list[str], tell: Tell) -> Iterator[Bed]:
    """Yield the index of the settings with the cases of all files, then each collection with its own."""
    if files := [path for path in plan.files if not is_collection(path)]:
        store = Store.open(settings.index_folder, encoder, settings.server)
        cases = _whole([case for path in files for case in read_cases(path, store.papers)], notes)
        titles = [Case(f"title:{p.id}", "question", "titles", p.title, {p.id: 1}) for p in store.papers]
        yield Bed("index", store, (*cases, *titles) if plan.titles else tuple(cases), tuple(cases))
    for path in plan.files:
        if is_collection(path):
            collection = read_collection(path)
            tell(f"{collection.name}: {len(collection.papers)} documents, {len(collection.cases)} queries")
            if collection.unjudged:
                notes.append(f"{collection.name}: {collection.unjudged} queries without a relevant document left out.")
            folder = index_of(collection, encoder, lambda done, total: tell(f"  embedded {done} of {total} chunks"))
            yield Bed(collection.name, Store.open(folder, encoder), collection.cases)


def _whole(cases: Sequence[Case], notes: list[str]) -> list[Case]:
    """Return the cases that can be measured; say which papers the index lacks and what that leaves out."""
    if lost := [case for case in cases if case.lost]:
        keys = ", ".join(case.key for case in lost[:_NAMED]) + ("…" if len(lost) > _NAMED else "")
        notes.append(f"Left out, as the index holds none of their relevant papers: {len(lost)} cases ({keys}).")
    if missing := list(dict.fromkeys(title for case in cases for title in case.missing)):
        titles = "; ".join(missing[:_NAMED]) + ("; …" if len(missing) > _NAMED else "")
        notes.append(f"Not in the index, and not counted as to be found: {len(missing)} papers ({titles}).")
    return [case for case in cases if not case.lost]


def _measured(
    bed: Bed,
    plan: Plan,
    settings: Settings,
    encoder: Encoder,
    kept: Encoder,
    load: Callable[[], WriterLoader],
    tell: Tell,
) -> Iterator[Result]:
    """Yield everything that is measured over one index."""
    cases = sample(bed.asked, plan.every) if plan.answers else []
    loader = load() if cases else WriterLoader.of(None, settings)
    engine = Engine(settings, bed.store, encoder, loader)
    answers = ask(cases, engine_answers(engine), tell)
    if cases:
        yield from results(cases, answers)
        yield from _memory()
    if answerable := spread([case for case in cases if case.kind == "question"], plan.taken_out):
        with store_without(bed.store, answerable, encoder) as store:
            unanswered = taken_out(answerable)
            said = ask(unanswered, engine_answers(Engine(settings, store, encoder, loader)), tell)
            yield from results(unanswered, said)
    ways = searchers(bed.store, encoder, kept, settings)
    if plan.baselines:
        from rag.evaluation.llamaindex import NAME, CitationAnswers, LlamaIndex

        other = LlamaIndex(bed.store.papers, kept)
        ways = {NAME: other.search, **ways}
        if loader.writer is not None:
            chosen = spread(cases, plan.baselines)
            beside = ask(chosen, CitationAnswers(other, loader.writer), tell)
            yield from results(chosen, [answers[cases.index(case)] for case in chosen], SAME_SAMPLE)
            yield from results(chosen, beside, NAME)
    yield from searched(bed.searched, ways, engine, tell)


def _memory() -> Iterator[Result]:
    """Yield the most memory that this process has taken, where the system tells."""
    if sys.platform != "win32":
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
        yield Result("memory", "process", OURS, "memory", "", {"peak GiB": peak})


def _about(plan: Plan, settings: Settings, indexes: dict[str, object]) -> dict[str, object]:
    return {
        "version": version("paperchat"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "plan": {**vars(plan), "files": [str(path) for path in plan.files]},
        "settings": settings.model_dump(mode="json", exclude={"api_key"}),
        "indexes": indexes,
    }
