"""A talk in, files out: the papers that have numbers, or all that was said, in the format that a suffix names."""

import json
from collections.abc import Callable
from pathlib import Path

from index.errors import UserError
from rag.escaping import plain
from rag.lists import PaperList
from rag.notebook import answer_markdown
from ui.terminal.talk import Talk

LISTS: dict[str, Callable[[PaperList], str]] = {
    ".md": PaperList.to_markdown,
    ".bib": PaperList.to_bibtex,
    ".ris": PaperList.to_ris,
    ".csv": PaperList.to_csv,
    ".json": PaperList.to_json,
}
"""What is written of papers."""

OVERWRITE = "--overwrite"


def export(talk: Talk, asked: str) -> str:
    """Write a file and return a line that says what is in it.

    After a list, all formats hold the list. After an answer, .md and .json hold all that was said, the others the
    papers that the answer cites.

    Args:
        talk: With what is to be written.
        asked: The name of the file, and `--overwrite` behind it if one that exists may give way.

    Raises:
        UserError: No format has that suffix, there is nothing to write, or the file exists or cannot be written.
    """
    name = asked.removesuffix(OVERWRITE).strip()
    path = Path(name.strip("\"'")).expanduser()
    form = path.suffix.lower()
    if form not in LISTS:
        raise UserError(f"The suffix of {name!r} names no format. Known: {', '.join(LISTS)}.")
    if form in SAID and not talk.listed and talk.answers:
        text, what = SAID[form](talk), _counted(len(talk.answers), "question")
    elif talk.papers:
        text, what = LISTS[form](talk.papers), _counted(len(talk.papers), "paper")
    else:
        raise UserError("There is nothing to export yet. Ask something, or list papers: /papers REQUEST.")
    _write(path, text, "w" if asked.endswith(OVERWRITE) else "x")
    return f"{path}: {what}."


def _markdown(talk: Talk) -> str:
    """Return each question as a heading, and its answer with what it cites."""
    return "\n".join(f"## {plain(answer.question)}\n\n{answer_markdown(answer)}" for answer in talk.answers)


def _json(talk: Talk) -> str:
    """Return the records of all answers."""
    return json.dumps([answer.to_dict() for answer in talk.answers], ensure_ascii=False, indent=2) + "\n"


SAID: dict[str, Callable[[Talk], str]] = {".md": _markdown, ".json": _json}
"""What is written of a talk."""


def _write(path: Path, text: str, mode: str) -> None:
    try:
        with path.open(mode, encoding="utf-8", newline="", errors="replace") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path} exists. Take another name, or: /export {path} {OVERWRITE}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}.") from None


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
