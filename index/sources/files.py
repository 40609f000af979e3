"""Files and folders in, the papers of each file out. Tells by its content what a file is."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from index.paper import UPLOADED, Paper
from index.sources.bibtex import read_bibtex
from index.sources.budget import Budget
from index.sources.jsonl import read_json, read_jsonl
from index.sources.listing import read_listing
from index.sources.live import is_live
from index.sources.opening import Document, documents
from index.sources.pages import PageReader
from index.sources.pdf import read_pdf
from index.sources.reading import LeftOut, Unwanted
from index.sources.ris import read_ris
from index.sources.selection import Selection
from index.sources.table import is_header, read_table
from index.sources.text import Unreadable, head, lines_of, read_whole
from index.sources.webpage import read_page

SUFFIXES = (
    *(".txt", ".jsonl", ".ndjson", ".json", ".html", ".htm", ".bib", ".ris", ".csv", ".tsv", ".pdf"),
    *(".gz", ".zip"),
)
"""What is read of a folder; a file that is named itself is read whatever it is called."""

STARTER = "starter"
"""The name of the corpus that comes with paperchat."""

PACKAGED = Path(__file__).parents[1] / "starter" / "papers.jsonl"
"""Where it is."""

Lines = Iterable[tuple[int, str | Unreadable]]
_PDF = b"%PDF-"
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+|<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_ARRAY = re.compile(r"\s*(?:\[\s*[{\]]|\{\s*\n)")
_OBJECT = re.compile(r'\s*\{\s*["}]')
_BIBTEX = re.compile(r"\s*(?:%.*\n\s*)*@[a-z]+\s*[{(]", re.I)
_RIS = re.compile(r"\s*TY  - ")
_HELD = 1000  # faults that are held back until the first paper of a file


def read_files(
    named: Iterable[tuple[Path, str]],
    selection: Selection,
    budget: Budget | None = None,
    within: Path | None = None,
) -> Iterator[tuple[str, Iterator[Paper | LeftOut]]]:
    """Yield (name of the source, what stands in it) for every file, each file once; files of a folder in order of name.

    `named` holds each file and folder with the name that a file's papers carry; papers of a folder carry their path.
    Only the corpus that comes with paperchat says whether its texts are digests. What can't be read is among what
    stands in it, as the reason why. The selection may spare work: papers that it does not take come as `UNWANTED`, or
    as papers. What is named may be a link; a link in a folder that leads out of it is not followed.

    Args:
        named: What to read.
        selection: What is wanted of it.
        budget: Counts what the reading takes.
        within: The folder, without links in its path, out of which no link may lead; None for each folder itself.

    Raises:
        OverBudget: There is more than may be read.
    """
    seen: set[Path] = set()
    budget = budget or Budget()
    with PageReader() as pages:
        for path, name in named:
            place = _real(path, name, within)
            folder = place if isinstance(place, Path) and place.is_dir() else None
            inside = ((file, own_name(source)) for file, source in _inside(folder)) if folder else [(place, name)]
            for file, source in inside:
                budget.spend_documents()
                real = _real(file, source, folder) if folder and isinstance(file, Path) else file
                if isinstance(real, LeftOut):
                    yield source, iter([real])
                elif real not in seen:
                    seen.add(real)
                    found = read_file(real, source, pages, selection, budget)
                    yield source, found if real == PACKAGED else map(_as_published, found)


def own_name(name: str) -> str:
    """Return the name of a file as a source, which is never that of a service, of uploads or of the starter corpus.

    >>> own_name("owls.bib"), own_name("starter"), own_name("arxiv:cat:cs.LG")
    ('owls.bib', './starter', './arxiv:cat:cs.LG')
    """
    first = name.split("/")[0]
    return f"./{name}" if first == STARTER or first.startswith(UPLOADED) or is_live(first) else name


def read_file(
    path: Path, source: str, pages: PageReader, selection: Selection, budget: Budget | None = None
) -> Iterator[Paper | LeftOut]:
    """Yield the papers of one file, unpacked if it is packed, and what had to be left out.

    Args:
        path: The file, no link.
        source: Name that papers and complaints carry; what is packed in it gets its own name below it.
        pages: Reads PDFs.
        selection: As for `read_files`.
        budget: As for `read_files`.

    Raises:
        OverBudget: There is more than may be read.
    """
    try:
        for document in documents(path, source, budget or Budget()):
            if isinstance(document, LeftOut):
                yield document
            else:
                yield from _of(document, pages, selection)
    except Unreadable as error:
        yield LeftOut(source, error.line, error.reason)
    except OSError as error:
        yield LeftOut(source, None, f"can't be read: {error.strerror or error}")


def _as_published(found: Paper | LeftOut) -> Paper | LeftOut:
    """Return a paper whose abstract counts as published, whatever its file says."""
    return replace(found, kind="abstract") if isinstance(found, Paper) and found.kind != "abstract" else found


def _of(document: Document, pages: PageReader, selection: Selection) -> Iterator[Paper | LeftOut]:
    """Yield what stands in a document; one that can't be used any further ends with the reason."""
    try:
        yield from _reader(document, pages, selection)(document)
    except Unreadable as error:
        yield LeftOut(document.source, error.line, error.reason)
    except OSError as error:
        yield LeftOut(document.source, None, f"can't be read: {error.strerror or error}")


def _reader(
    document: Document, pages: PageReader, selection: Selection
) -> Callable[[Document], Iterator[Paper | LeftOut]]:
    """Return how to read a document, by what it holds rather than by its name."""
    if document.start.lstrip().startswith(_PDF) or document.suffix == ".pdf":
        return partial(read_pdf, reader=pages)
    start = head(document.start, document.is_all)
    if _HTML.match(start) or document.suffix in (".html", ".htm"):
        return read_page
    if _ARRAY.match(start):
        return partial(_json, selection=selection)
    if _OBJECT.match(start) or document.suffix in (".jsonl", ".ndjson", ".json"):
        return _by_line(lambda lines, source: _some(read_jsonl(lines, source, selection)))
    if _RIS.match(start) or document.suffix == ".ris":
        return _by_line(lambda lines, source: _some(read_ris(lines, source)))
    if _BIBTEX.match(start) or document.suffix == ".bib":
        return lambda document: _some(read_bibtex(document))
    if is_header(start) or document.suffix in (".csv", ".tsv"):
        return _by_line(lambda lines, source: _some(read_table(lines, source)))
    return _listing


def _by_line(
    read: Callable[[Lines, str], Iterator[Paper | LeftOut]],
) -> Callable[[Document], Iterator[Paper | LeftOut]]:
    """Return a reader of documents from one of lines."""

    def reader(document: Document) -> Iterator[Paper | LeftOut]:
        with document.open() as file:
            yield from read(lines_of(file), document.source)

    return reader


def _json(document: Document, selection: Selection) -> Iterator[Paper | LeftOut]:
    """Yield the papers of an array of JSON, or of objects over several lines."""
    with document.open() as file:
        text = read_whole(file)
    yield from _some(read_json(text, document.source, selection))


def _listing(document: Document) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a page saved as text."""
    with document.open() as file:
        text = read_whole(file)
    yield from read_listing(enumerate(text.split("\n"), start=1), document.source)


def _some(records: Iterable[Paper | LeftOut]) -> Iterator[Paper | LeftOut]:
    """Yield the records of a file; when none is a paper, raise one complaint in place of one for each line."""
    bad: list[LeftOut] = []
    papers = 0
    for found in records:
        papers += isinstance(found, Paper | Unwanted)
        if papers or len(bad) >= _HELD:
            papers = papers or 1
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


def _inside(folder: Path) -> Iterator[tuple[Path | LeftOut, str]]:
    """Yield (file, its path within the folder) in order, and a complaint in place of the file that no one can read.

    The folder's own path has no links in it.

    Folders that are links are not followed: one that leads within the folder shows nothing new.
    """
    faults: list[LeftOut] = []

    def unreadable(error: OSError) -> None:
        faults.append(LeftOut(Path(error.filename).name, None, f"can't be read: {error.strerror}"))

    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [each for each in folders if not each.startswith(".")]
        files += [Path(parent, each) for each in names if not each.startswith(".")]
        for each in (Path(parent, each) for each in folders):
            if each.is_symlink() and isinstance(
                out := _real(each, each.relative_to(folder).as_posix(), folder), LeftOut
            ):
                faults.append(out)
    for file in sorted(files, key=lambda each: each.relative_to(folder).parts):
        source = file.relative_to(folder).as_posix()
        if file.suffix.lower() not in SUFFIXES:
            reason = f"not one of {', '.join(SUFFIXES)}; name the file itself to have it read"
            yield LeftOut(source, None, reason), source
        elif not file.is_file():
            yield LeftOut(source, None, "not a regular file, or a link to none"), source
        else:
            yield file, source
    if not files:
        faults.append(LeftOut(folder.name, None, "an empty folder"))
    yield from ((fault, fault.source) for fault in faults)


def _real(path: Path, source: str, root: Path | None) -> Path | LeftOut:
    """Return where a path leads, without links; a complaint where that is outside of `root`."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        return LeftOut(source, None, f"can't be read: {getattr(error, 'strerror', None) or error}")
    if root and not real.is_relative_to(root):
        return LeftOut(source, None, "a link that leads out of the folder; name what it leads to, to have it read")
    return real
