"""Files, folders and questions to services in, a `Reading` of their papers out, or the papers one at a time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from index.errors import SourceError
from index.paper import UPLOAD, UPLOADED, Paper
from index.papers import join, merge
from index.sources import live
from index.sources.budget import Budget, Limits
from index.sources.files import PACKAGED, STARTER, own_name, read_files
from index.sources.reading import UNWANTED, LeftOut, Reading
from index.sources.selection import Selection

__all__ = ["LeftOut", "Reading", "Selection", "Tell", "distinct", "read", "stream"]

Tell = Callable[[str, int, int], None]
"""Called at intervals with a source, the papers that were read of it so far, and how many of them were taken."""

_REASONS_SHOWN = 10
_REASONS_KEPT = 1000
_TELL_EVERY = 1000
_TELL_EVERY_ASKED = 100  # of a service, which takes its time


def read(
    sources: Iterable[str | Path] | None = None,
    *,
    selection: Selection | None = None,
    tell: Tell | None = None,
    offline: bool = False,
    limits: Limits | None = None,
    within: Path | None = None,
    uploaded: bool = False,
) -> Reading:
    """Read every paper of some files, folders and services, each paper once.

    A file is told by its content: a listing page saved as text or HTML, JSON or JSON lines (of this program, arXiv's
    snapshot, Hugging Face, OpenAlex, Semantic Scholar, CSL), BibTeX, RIS, a table with named columns, a PDF; packed
    with gzip or ZIP too. Of a folder every file with one of their suffixes is read, in order of name, those of inner
    folders too; hidden files are passed over, other files are named among what was left out. Papers remember the file
    name, or the path within the folder.
    A service is asked as `index.sources.live` says; papers remember the question. Files come first.

    Args:
        sources: Files, folders and questions such as "arxiv:cat:cs.LG"; None or nothing reads the starter corpus
            that comes with the package.
        selection: Which papers are wanted; None for all.
        tell: Is told how far it is, see `Tell`.
        offline: Ask no service; what they gave before is read where it was kept.
        limits: Of all that is read, but for its memory and time; None for none.
        within: The folder, without links in its path, that no link may lead out of; None for each named folder itself.
        uploaded: The files were uploaded: papers remember them by names that no other source has, and are trusted less.

    Returns:
        The papers, and what was left out with the reason.

    Raises:
        SourceError: A source does not exist or gives no answer, not a single paper could be read, or none is wanted.
        OverBudget: There is more than `limits` allow.
    """
    left_out: list[LeftOut] = []
    counts: dict[str, int] = {}
    unwanted = faults = 0

    def end(source: str, records: int, taken: int) -> None:
        nonlocal unwanted
        unwanted += records - taken

    def papers() -> Iterator[Paper]:
        nonlocal faults
        for source, each in _found(sources, selection, tell, offline, end, Budget(limits), within, uploaded):
            if isinstance(each, Paper):
                name = next((name for name in each.sources if name.startswith(f"{source}/")), source)
                counts[name] = counts.get(name, 0) + 1
                yield each
            else:
                faults += 1
                if faults <= _REASONS_KEPT:
                    left_out.append(each)

    found = distinct(papers())
    if not found:
        raise SourceError(_nothing(left_out, faults, unwanted))
    merged = tuple(merge(found))
    return Reading(merged, sum(counts.values()), tuple(left_out), counts, faults, unwanted, found)


def distinct(papers: Iterable[Paper]) -> tuple[Paper, ...]:
    """Return records without repeats: those that say the same names are one, in order of first sight."""
    known: dict[tuple[object, ...], Paper] = {}
    for paper in papers:
        names = (paper.id, paper.title, paper.other_ids, paper.other_titles, paper.trust)
        known[names] = join(known[names], paper) if names in known else paper
    return tuple(known.values())


def stream(
    sources: Iterable[str | Path] | None = None,
    *,
    selection: Selection | None = None,
    tell: Tell | None = None,
    offline: bool = False,
) -> Iterator[Paper | LeftOut]:
    """Yield the papers of `read` one at a time, repeats too, and what had to be left out; nothing is kept in memory.

    Raises:
        SourceError: A source does not exist or gives no answer.
    """
    for _, found in _found(sources, selection, tell, offline, _tell_nobody, Budget(), None):
        yield found


def _found(
    sources: Iterable[str | Path] | None,
    selection: Selection | None,
    tell: Tell | None,
    offline: bool,
    end: Tell,
    budget: Budget,
    within: Path | None,
    uploaded: bool = False,
) -> Iterator[tuple[str, Paper | LeftOut]]:
    """Yield (name of the source, a paper that is wanted or what was left out); stop when there are enough.

    `end` is told of each source once, when it is done.
    """
    named = [sources] if isinstance(sources, str | Path) else list(sources or ())
    questions = [str(each) for each in named if live.is_live(each)]
    paths = [Path(each).expanduser() for each in named if not live.is_live(each)]
    if missing := [str(path) for path in paths if not path.is_file() and not path.is_dir()]:
        raise SourceError(f"No such file or folder: {', '.join(missing)}. Check the spelling.")
    selection, tell = selection or Selection(), tell or _tell_nobody
    wanted = selection.most
    named_files = [(path, f"{UPLOADED}{path.name}" if uploaded else own_name(path.name)) for path in paths]
    files = read_files(named_files if named else [(PACKAGED, STARTER)], selection, budget, within)

    def ask(question: str) -> Iterator[Paper | LeftOut]:
        return live.records(question, replace(selection, most=wanted), tell, offline=offline)

    for source, all_found, every in _all(files, questions, ask):
        records = taken = 0
        for seen, found in enumerate(all_found, start=1):
            budget.spend_record()
            if isinstance(found, LeftOut) and found is not UNWANTED:
                yield source, found
            else:
                records += 1
                if isinstance(found, Paper) and selection.takes(found):
                    taken += 1
                    yield source, found.given_by(UPLOAD) if uploaded else found
                    if taken == wanted:
                        break
            if seen % every == 0:
                tell(source, records, taken)
        if records or every == _TELL_EVERY_ASKED:
            tell(source, records, taken)
        end(source, records, taken)
        if wanted is not None and not (wanted := wanted - taken):
            return


def _all(
    files: Iterator[tuple[str, Iterator[Paper | LeftOut]]],
    questions: list[str],
    ask: Callable[[str], Iterator[Paper | LeftOut]],
) -> Iterator[tuple[str, Iterator[Paper | LeftOut], int]]:
    """Yield (name of a source, what it gives, after how many papers to tell of it), files before services."""
    for source, found in files:
        yield source, found, _TELL_EVERY
    for question in questions:
        yield question, ask(question), _TELL_EVERY_ASKED


def _tell_nobody(source: str, records: int, taken: int) -> None:
    """Tell nobody how far it is."""


def _nothing(left_out: list[LeftOut], faults: int, unwanted: int) -> str:
    """Return why there is no paper."""
    if unwanted:
        found = "The one paper" if unwanted == 1 else f"None of the {unwanted:,} papers"
        said = "is not wanted" if unwanted == 1 else "is wanted"
        return f"{found} of these sources {said}. Ask for a longer time, other categories or fewer words."
    reasons = [f"  {each}" for each in left_out[:_REASONS_SHOWN]]
    if faults > _REASONS_SHOWN:
        reasons.append(f"  and {faults - _REASONS_SHOWN} more")
    return "\n".join(("No paper could be read from these sources:", *reasons))
