"""A list of arXiv ids, or a file of them, in, the ids out as arXiv's interface takes them."""

import re
from pathlib import Path

from index.errors import SourceError
from index.identity import paper_id
from index.sources.reading import LeftOut


def ids_of(text: str) -> list[str]:
    """Return the ids of a list, none where the text is a query.

    Raises:
        SourceError: Some of it are ids, some are not.
    """
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    known = [part for part in parts if _is_id(part)]
    if known and len(known) < len(parts) and "," in text:
        wrong = next(part for part in parts if not _is_id(part))
        raise SourceError(f"{wrong!r} is no arXiv id. An id looks like 2205.05131, 1706.03762v5 or hep-th/9901001.")
    return [_bare(part) for part in known] if len(known) == len(parts) else []


def ids_of_file(path: Path, source: str) -> tuple[list[str], list[LeftOut]]:
    """Return the ids of a file, one or several a line, and what in it is none; a line may be a comment with #."""
    ids: list[str] = []
    left_out: list[LeftOut] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SourceError(f"The ids in {path} can't be read: {reason}. Check the path.") from error
    for number, line in enumerate(lines, 1):
        for part in filter(None, re.split(r"[,\s]+", line.partition("#")[0])):
            if _is_id(part):
                ids.append(_bare(part))
            else:
                left_out.append(LeftOut(source, number, f"{part!r} is no arXiv id"))
    if not ids:
        raise SourceError(f"{path} holds no arXiv id. Write one a line, such as 2205.05131.")
    return ids, left_out


def without_version(text: str) -> str:
    """Return an id without its version, and of old ones without the subject: math.GT/0309136 is math/0309136."""
    return re.sub(r"\.[a-z]{2}(?=/)", "", paper_id("", arxiv=text).removeprefix("arxiv:"))


def _is_id(text: str) -> bool:
    return paper_id("", arxiv=text).startswith("arxiv:")


def _bare(text: str) -> str:
    """Return an id as arXiv's API takes it, with its version, out of an address or the like."""
    version = re.search(r"v\d+(?=(?:\.pdf)?$)", text)
    return without_version(text) + (version[0] if version else "")
