"""An engine in; a talk in the terminal until the person leaves: questions, commands, answers that can be stopped."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from index.errors import UserError
from rag.engine import Engine
from rag.filters import Filter
from ui.terminal.commands import COMMANDS, obey, usage
from ui.terminal.growing import tell
from ui.terminal.lines import Lines, PlainLines, Suggestion
from ui.terminal.printable import printable
from ui.terminal.screen import Run, Screen
from ui.terminal.talk import EVERY, Talk

HISTORY = "questions.txt"
"""File of the home folder with the lines that were typed."""


def chat(engine: Engine, only: Filter = EVERY) -> None:
    """Talk with the papers that pass a filter: at a terminal with line editing, otherwise line by line from stdin."""
    talk = Talk(engine, Screen.of(sys.stdout), Screen.of(sys.stderr))
    talk.only = only
    lines: Lines = PlainLines(sys.stdin)
    if sys.stdin.isatty() and sys.stdout.isatty():
        from ui.terminal.keyboard import Keyboard

        lines = Keyboard(engine.settings.home_folder / HISTORY, lambda line: suggestions(talk, line))
    Session(talk, lines).run()


class Session:
    """A talk and where its lines come from."""

    def __init__(self, talk: Talk, lines: Lines) -> None:
        self.talk = talk
        self.lines = lines

    def run(self) -> None:
        """Take lines until there are no more, or the person leaves; an error is said and ends nothing."""
        self.talk.notes.line(greeting(self.talk.engine))
        taken = False
        while not self.talk.over and (line := self.lines.read()) is not None:
            if not line.strip():
                continue
            if taken and not self.lines.apart:
                self.talk.screen.end()
            taken = True
            try:
                self.take(line)
            except UserError as error:
                self._fault(str(error))
            except BrokenPipeError:  # nobody reads any more
                raise
            except Exception as error:
                self._fault(f"Something went wrong ({type(error).__name__}: {error}). Ask again, or otherwise.")
            except KeyboardInterrupt:
                if not self.lines.interactive:
                    raise
                self._fault("Stopped.")

    def take(self, line: str) -> None:
        """Do a command or answer a question.

        Raises:
            UserError: The line is wrong in a way that the person can put right.
        """
        with self.lines.quiet():
            if line.lstrip().startswith("/"):
                obey(self.talk, line)
                if question := self.talk.take_back():
                    self._answer(question, as_asked=True)
            else:
                self._answer(line)

    def _answer(self, question: str, as_asked: bool = False) -> None:
        cancel, talk = threading.Event(), self.talk
        with _stopping(cancel, self.lines.interactive):
            only = talk.only
            answers = talk.engine.stream(question, talk.history, cancel=cancel, filter=only, as_asked=as_asked)
            talk.keep(tell(answers, talk.screen, talk.notes, numbered=True))

    def _fault(self, message: str) -> None:
        self.talk.screen.rest()
        self.talk.notes.line(Run(message, "warning"))


def greeting(engine: Engine) -> str:
    """Return the line that a talk begins with."""
    status = engine.status()
    model = "no language model" if status.writer == "none" else status.writer
    loading = " (loading)" if status.writer_state == "loading" else ""
    return f"{status.papers:,} papers · {model}{loading}. Ask, or see /help; Ctrl-C stops an answer, Ctrl-D leaves."


def suggestions(talk: Talk, line: str) -> list[Suggestion]:
    """Return what a line that is being typed may go on with: commands, numbers of papers, names of files."""
    if not line.startswith("/"):
        return []
    name, space, rest = line[1:].partition(" ")
    if not space:
        return [
            Suggestion(f"/{known}" + " " * bool(command.takes), len(line), usage(known), command.does)
            for known, command in COMMANDS.items()
            if known.startswith(name.lower())
        ]
    takes = COMMANDS[name].takes if name in COMMANDS else ""
    if takes == "file":
        return [Suggestion("", file=rest)]
    if not takes.startswith("number"):
        return []
    word = rest.rpartition(" ")[2]
    titles = {str(at): printable(match.paper.title) for at, match in enumerate(talk.papers.matches, 1)}
    return [Suggestion(number, len(word), meaning=title) for number, title in titles.items() if number.startswith(word)]


@contextmanager
def _stopping(cancel: threading.Event, interactive: bool) -> Iterator[None]:
    """Let the first Ctrl-C set `cancel`, by which an answer ends and keeps what was written, the second interrupt."""
    if not interactive or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
