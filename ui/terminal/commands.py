"""A line that begins with a slash in; what it asks for is done, or a `UserError` says what is wrong with it."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from index.errors import UserError
from rag.answer import Match
from rag.lists import PaperList
from rag.writer import NONE
from ui.terminal.exports import LISTS, export
from ui.terminal.printable import cells
from ui.terminal.screen import Run
from ui.terminal.sheets import show_list, show_paper
from ui.terminal.talk import EVERY, Talk

ALL, OFF = "all", "off"
_FILTERS = f"since 2024, by NAME, in cs.LG, newest first | {OFF}"


@dataclass(frozen=True)
class Command:
    """What a word behind a slash does.

    Attributes:
        does: In a few words.
        run: Does it, with what stands behind the word.
        takes: What must stand there, "" for nothing.
        shown: How that is written in the help.
    """

    does: str
    run: Callable[[Talk, str], None]
    takes: Literal["", "words", "number", "numbers", "file"] = ""
    shown: str = ""


def obey(talk: Talk, line: str) -> None:
    """Do what a line asks for.

    Raises:
        UserError: There is no such command, or what it needs is missing or wrong.
    """
    word, _, rest = line.strip().removeprefix("/").partition(" ")
    name, rest = word.lower(), rest.strip()
    command = COMMANDS.get(name)
    if command is None:
        raise UserError(_unknown(name))
    if bool(rest) != bool(command.takes):
        raise UserError(f"Write it so: {usage(name)}")
    command.run(talk, rest)


def usage(name: str) -> str:
    """Return how a command is written."""
    return f"/{name} {COMMANDS[name].shown}".strip()


def _papers(talk: Talk, request: str) -> None:
    _list(talk, talk.engine.papers(request, filter=talk.only))


def _filter(talk: Talk, words: str) -> None:
    if words.lower() == OFF:
        talk.only = EVERY
    elif not (read := talk.engine.filter_of(words)):
        raise UserError(f"{words!r} says nothing of dates, authors or categories. Write it so: /filter {_FILTERS}")
    else:
        talk.only = read
    talk.notes.line(f"Asked from now on: papers {talk.only.words}." if talk.only else "Asked from now on: all papers.")


def _asked(talk: Talk, _: str) -> None:
    talk.ask_as_asked()


def _similar(talk: Talk, number: str) -> None:
    _, paper, _ = talk.numbered(number)
    _list(talk, PaperList(f"More like {paper.title}", tuple(talk.engine.similar(paper.id))))


def _list(talk: Talk, papers: PaperList) -> None:
    show_list(papers, talk.screen, talk.notes)
    talk.keep_list(papers)


def _open(talk: Talk, number: str) -> None:
    show_paper(*talk.numbered(number), talk.screen)


def _cite(talk: Talk, numbers: str) -> None:
    if numbers == ALL:
        numbers = " ".join(map(str, range(1, max(len(talk.papers), 1) + 1)))
    chosen = dict.fromkeys(talk.numbered(number)[1] for number in numbers.replace(",", " ").split())
    talk.screen.verbatim(PaperList("", tuple(Match(paper, 1.0) for paper in chosen)).to_bibtex())


def _export(talk: Talk, asked: str) -> None:
    talk.notes.line(export(talk, asked))


def _new(talk: Talk, _: str) -> None:
    talk.forget()
    talk.notes.line("A new talk: what was asked before is forgotten.")


def _status(talk: Talk, _: str) -> None:
    status = talk.engine.status()
    model = f"{status.writer} ({status.writer_state})"
    rows = {
        "papers": f"{status.papers:,}",
        "index": str(talk.engine.settings.index_folder),
        "sources": f"{len(status.sources)}: /sources names them",
        "encoder": status.encoder,
        "model": model if status.writer != NONE else "none: answers are quoted sentences",
        "filter": talk.only.words or "none: all papers are asked",
        "asked": f"{len(talk.answers)} in this talk",
    }
    _table(talk, rows)


def _sources(talk: Talk, _: str) -> None:
    for source in talk.engine.status().sources:
        talk.screen.line(source, start=2)


def _help(talk: Talk, _: str) -> None:
    _table(talk, {usage(name): command.does for name, command in COMMANDS.items()})
    talk.screen.line(Run("Anything else is a question. Ctrl-C stops an answer, Ctrl-D leaves.", "faint"))


def _quit(talk: Talk, _: str) -> None:
    talk.over = True


COMMANDS = {
    "papers": Command("list the papers on it, each with the sentence that says why", _papers, "words", "REQUEST"),
    "open": Command("show the abstract of a numbered paper, what is quoted highlighted", _open, "number", "n"),
    "cite": Command("print BibTeX of numbered papers", _cite, "numbers", f"n … | {ALL}"),
    "similar": Command("list the papers nearest to a numbered one", _similar, "number", "n"),
    "export": Command(
        f"write the list, the talk or its citations: {' '.join(LISTS)}",
        _export,
        "file",
        "FILE",
    ),
    "filter": Command("ask only some papers from now on", _filter, "words", _FILTERS),
    "asked": Command("ask the last question again, nothing of it taken for a filter", _asked),
    "new": Command("forget what was asked", _new),
    "status": Command("say what answers", _status),
    "sources": Command("name what the papers came from", _sources),
    "help": Command("say this", _help),
    "quit": Command("leave", _quit),
}
"""By the word behind the slash."""


def _unknown(name: str) -> str:
    begun = [known for known in COMMANDS if name and known.startswith(name)]
    near = begun or difflib.get_close_matches(name, COMMANDS, n=2)
    hint = f" Did you mean {' or '.join(f'/{each}' for each in near)}?" if near else ""
    return f"There is no /{name}.{hint} /help lists what there is."


def _table(talk: Talk, rows: dict[str, str]) -> None:
    room = max(map(cells, rows)) + 2
    for name, value in rows.items():
        talk.screen.flow(Run(name, "mark"))
        talk.screen.line(value, start=room)
