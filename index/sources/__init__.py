"""Files and folders in, a `Reading` of their papers out."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from index.errors import SourceError
from index.papers import Paper, merge
from index.sources import live
from index.sources.jsonl import read_json, read_jsonl
from index.sources.listing import read_listing
from index.sources.reading import LeftOut, Reading
from index.sources.selection import Selection
from index.sources.text import Unreadable, check, read_lines

__all__ = ["LeftOut", "Reading", "Selection", "Tell", "read", "stream"]

Tell = Callable[[str, int, int], None]
"""Called at intervals with a source, the papers that were read of it so far, and how many of them were taken."""

_STARTER = Path(__file__).parents[1] / "starter" / "papers.jsonl"
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")
_SUFFIXES = (".txt", *_JSON_SUFFIXES)
_REASONS_SHOWN = 10
_TELL_EVERY = 1000
_TELL_EVERY_ASKED = 100  # of a service, which takes its time


def read(
    sources: Iterable[str | Path] | None = None,
    *,
    selection: Selection | None = None,
    tell: Tell | None = None,
    offline: bool = False,
) -> Reading:
    """Read every paper of some files, folders and services, each paper once.

    A file is a saved listing page or JSON of papers, told by its content. Of a folder every .txt, .jsonl, .ndjson
    and .json file is read, in order of name, those of inner folders too; hidden files are passed over, other files
    are named among what was left out. Papers remember the file name, or the path within the folder.
    A service is asked as `index.sources.live` says; papers remember the question. Files come first.

    Args:
        sources: Files, folders and questions such as "arxiv:cat:cs.LG"; None or nothing reads the starter corpus
            that comes with the package.
        selection: Which papers are wanted; None for all.
        tell: Is told how far it is, see `Tell`.
        offline: Ask no service; what they gave before is read where it was kept.

    Returns:
        The papers, and what was left out with the reason.

    Raises:
        SourceError: A source does not exist or gives no answer, or not a single paper could be read.
    """
    left_out: list[LeftOut] = []
    counts: dict[str, int] = {}
    papers = merge(_counted(_found(sources, selection, tell, offline), left_out, counts))
    if not papers:
        reasons = [f"  {each}" for each in left_out[:_REASONS_SHOWN]]
        if len(left_out) > _REASONS_SHOWN:
            reasons.append(f"  and {len(left_out) - _REASONS_SHOWN} more")
        raise SourceError("\n".join(("No paper could be read from these sources:", *reasons)))
    return Reading(tuple(papers), sum(counts.values()), tuple(left_out), counts)


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
    for _, found in _found(sources, selection, tell, offline):
        yield found


def _found(
    sources: Iterable[str | Path] | None, selection: Selection | None, tell: Tell | None, offline: bool
) -> Iterator[tuple[str, Paper | LeftOut]]:
    """Yield (name of the source, a paper that is wanted or what was left out); stop when there are enough."""
    named = [sources] if isinstance(sources, str | Path) else list(sources or ())
    questions = [str(each) for each in named if live.is_live(each)]
    paths = [Path(each).expanduser() for each in named if not live.is_live(each)]
    if missing := [str(path) for path in paths if not path.is_file() and not path.is_dir()]:
        raise SourceError(f"No such file or folder: {', '.join(missing)}. Check the spelling.")
    selection = selection or Selection()
    tell = tell or _tell_nobody
    left_out: list[LeftOut] = []
    wanted = selection.most
    files = _files(paths, left_out) if paths else [] if questions else [(_STARTER, "starter")]
    for source, path in [*((source, path) for path, source in files), *((question, None) for question in questions)]:
        records = taken = 0
        asked = replace(selection, most=wanted)
        for found in _of_file(path, source) if path else live.records(source, asked, tell, offline=offline):
            if isinstance(found, LeftOut):
                yield source, found
                continue
            records += 1
            if selection.takes(found):
                taken += 1
                yield source, found
                if taken == wanted:
                    break
            if records % (_TELL_EVERY if path else _TELL_EVERY_ASKED) == 0:
                tell(source, records, taken)
        tell(source, records, taken)
        if wanted is not None and not (wanted := wanted - taken):
            return
    yield from ((each.source, each) for each in left_out)


def _tell_nobody(source: str, records: int, taken: int) -> None:
    """Tell nobody how far it is."""


def _counted(
    found: Iterable[tuple[str, Paper | LeftOut]], left_out: list[LeftOut], counts: dict[str, int]
) -> Iterator[Paper]:
    """Yield the papers; note what is left out, and how many papers each source gave."""
    for source, each in found:
        if isinstance(each, LeftOut):
            left_out.append(each)
        else:
            counts[source] = counts.get(source, 0) + 1
            yield each


def _of_file(path: Path, source: str) -> Iterator[Paper | LeftOut]:
    """Yield what stands in one file; a file that can't be used any further ends with the reason."""
    try:
        yield from _records(path, source)
    except Unreadable as error:
        yield LeftOut(source, error.line, error.reason)
    except OSError as error:
        yield LeftOut(source, None, f"can't be read: {error.strerror or error}")


def _records(path: Path, source: str) -> Iterator[Paper | LeftOut]:
    """Yield what stands in one file, by what it holds rather than by its name."""
    start = check(path).lstrip()
    if re.match(r"\[\s*[{\]]|\{\s*\n", start):
        yield from _some(read_json(_whole(path), source))
    elif path.suffix.lower() in _JSON_SUFFIXES or re.match(r'\{\s*["}]', start):
        yield from _some(read_jsonl(read_lines(path), source))
    else:
        yield from read_listing(read_lines(path), source)


def _some(records: Iterable[Paper | LeftOut]) -> Iterator[Paper | LeftOut]:
    """Yield the records of a file of JSON; when none is a paper, raise one complaint in place of one for each line."""
    bad: list[LeftOut] = []
    papers = 0
    for found in records:
        papers += isinstance(found, Paper)
        if papers:
            yield from bad
            bad.clear()
            yield found
        elif isinstance(found, LeftOut):
            bad.append(found)
    if len(bad) > 1:
        raise Unreadable(f"none of its {len(bad)} records is a paper; the first: {bad[0].reason}", bad[0].line)
    if not bad and not papers:
        raise Unreadable("no record in it")
    yield from bad


def _whole(path: Path) -> str:
    """Return the text of a file; its lines keep their numbers."""
    lines = []
    for number, line in read_lines(path):
        if isinstance(line, Unreadable):
            raise Unreadable(line.reason, number)
        lines.append(line)
    return "\n".join(lines)


def _files(paths: list[Path], left_out: list[LeftOut]) -> Iterator[tuple[Path, str]]:
    """Yield (file, name of the source) for every file to read, each once."""
    seen: set[Path] = set()
    for path in paths:
        for file, source in _inside(path, left_out) if path.is_dir() else [(path, path.name)]:
            if (real := file.resolve()) not in seen:
                seen.add(real)
                yield file, source


def _inside(folder: Path, left_out: list[LeftOut]) -> Iterator[tuple[Path, str]]:
    """Yield (file, its path within the folder) in order; note the files that no one can read."""
    name = folder.resolve().name

    def unreadable(error: OSError) -> None:
        left_out.append(LeftOut(Path(error.filename).name, None, f"can't be read: {error.strerror}"))

    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [each for each in folders if not each.startswith(".")]
        files += [Path(parent, each) for each in names if not each.startswith(".")]
    for file in sorted(files, key=lambda each: each.relative_to(folder).parts):
        source = file.relative_to(folder).as_posix()
        if file.suffix.lower() in _SUFFIXES and file.is_file():
            yield file, source
        else:
            reason = f"not one of {', '.join(_SUFFIXES)}; name the file itself to have it read"
            left_out.append(LeftOut(source, None, reason))
    if not files:
        left_out.append(LeftOut(name, None, "an empty folder"))
