"""A BibTeX or BibLaTeX library in, its papers out."""

import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from index.paper import Paper
from index.sources.fields import keywords
from index.sources.opening import Document
from index.sources.reading import LeftOut
from index.sources.record import Record, paper_or_reason
from index.sources.tex import readable
from index.sources.text import Unreadable, read_whole

if TYPE_CHECKING:
    from bibtexparser.model import Entry, ParsingFailedBlock

_ARXIV = re.compile(r"\barxiv\s*[:/]\s*((?:[a-z-]+(?:\.[a-z]{2})?/)?\d[\d.]+)", re.I)
_WORDS_OF_AUTHORS = ("others", "et al.", "et al")


def read_bibtex(document: Document) -> Iterator[Paper | LeftOut]:
    """Yield the papers of a library in its order, then the entries that can't be parsed.

    Raises:
        Unreadable: It is not text, or the parser gives up on it.
        OSError: The file can't be read.
    """
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.middlewares import RemoveEnclosingMiddleware
    from bibtexparser.model import DuplicateBlockKeyBlock, DuplicateFieldKeyBlock
    from bibtexparser.model import Entry as BibEntry

    with document.open() as file:
        text = read_whole(file)
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what it would say is among what is left out
    try:
        library = parse_string(text)
        entries = list(library.entries)
        failed: list[ParsingFailedBlock] = []
        for block in library.failed_blocks:
            entry = block.ignore_error_block
            if isinstance(block, DuplicateBlockKeyBlock | DuplicateFieldKeyBlock) and isinstance(entry, BibEntry):
                if isinstance(block, DuplicateFieldKeyBlock):
                    RemoveEnclosingMiddleware().transform_entry(entry, library)
                entries.append(entry)
            else:
                failed.append(block)
    except MemoryError:
        raise
    except Exception as error:  # whatever a parser raises on bytes of any kind
        raise Unreadable(f"BibTeX that can't be parsed: {error}") from error
    for entry in sorted(entries, key=lambda each: each.start_line or 0):
        yield paper_or_reason(_record(entry), document.source, (entry.start_line or 0) + 1)
    for block in failed:
        why = getattr(block.error, "abort_reason", None) or str(block.error)
        yield LeftOut(document.source, (block.start_line or 0) + 1, f"not BibTeX: {why}")


def _record(entry: "Entry") -> Record:
    """Return what an entry says of its paper."""
    fields = {
        field.key.lower(): str(field.value) for field in reversed(entry.fields)
    }  # the first of equal names counts
    preprint = fields.get("eprinttype", fields.get("archiveprefix", "arxiv")).lower() == "arxiv"
    elsewhere = " ".join(fields.get(name, "") for name in ("journal", "note", "howpublished", "number", "url"))
    mentioned = _ARXIV.search(elsewhere)
    topics = [*keywords(fields.get("keywords", "")), *keywords(fields.get("keyword", ""))]
    topics += keywords(fields.get("primaryclass", ""))
    return Record(
        readable(fields.get("title", ""), braces=True),
        readable(fields.get("abstract", ""), braces=True),
        authors=tuple(_authors(fields.get("author", ""))),
        published=fields.get("date", "").partition("/")[0].rstrip() or _month(fields),
        ids=(fields.get("eprint", "") if preprint else "", mentioned[1] if mentioned else "", fields.get("doi", "")),
        url=fields.get("url", "").replace("\\", ""),
        topics=tuple(readable(topic, braces=True) for topic in topics),
    )


def _authors(field: str) -> Iterator[str]:
    """Yield names, given names first."""
    from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names

    for name in split_multiple_persons_names(" ".join(field.split())):
        parts = parse_single_name_into_parts(name, strict=False)
        plain = readable(parts.merge_first_name_first, braces=True)
        if plain not in _WORDS_OF_AUTHORS:
            yield plain


def _month(fields: dict[str, str]) -> str:
    """Return year and month as one date, or the year alone."""
    year, month = fields.get("year", "").strip(" {}"), fields.get("month", "").strip(" {}.")
    if re.fullmatch(r"\d{1,2}", month):
        return f"{year}-{month.zfill(2)}"
    return f"{month} {year}" if re.fullmatch("[A-Za-z]{3,}", month) else year
