"""Keys in, lines out: with editing, the lines of earlier talks, and completion of commands. Knows no engine."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output

from ui.terminal.lines import Suggestion

_PROMPT = "\n> "
_HINT = [("fg:ansibrightblack", "Ask the papers; /help for commands, Ctrl-D to leave")]


class Keyboard:
    """A person at a terminal."""

    interactive = apart = True

    def __init__(
        self,
        kept: Path,
        suggest: Callable[[str], list[Suggestion]],
        keys: Input | None = None,
        display: Output | None = None,
    ) -> None:
        """Read from a terminal.

        Args:
            kept: File of the lines of earlier talks, made if need be; where it cannot be written they are not kept.
            suggest: What a line that is being typed may go on with.
            keys: Where keys come from, the terminal of this process if not given.
            display: Where the line is shown, the same.
        """
        self._session: PromptSession[str] = PromptSession(
            _PROMPT,
            history=_history(kept),
            completer=_Completer(suggest),
            placeholder=FormattedText(_HINT),
            enable_history_search=False,
            input=keys,
            output=display,
        )

    def read(self) -> str | None:
        """Return what is typed next, "" after Ctrl-C; None at the end."""
        try:
            return self._session.prompt()
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Show no keys that are pressed meanwhile: they are the next line."""
        terminal = self._session.input.fileno()
        if os.name != "posix" or not os.isatty(terminal):
            yield
            return
        import termios

        before = termios.tcgetattr(terminal)
        silent = before[:]
        silent[3] &= ~termios.ECHO
        try:
            termios.tcsetattr(terminal, termios.TCSANOW, silent)
            yield
        finally:
            termios.tcsetattr(terminal, termios.TCSANOW, before)


class _Completer(Completer):
    """Suggestions as prompt_toolkit wants them; the names of files are its own."""

    def __init__(self, suggest: Callable[[str], list[Suggestion]]) -> None:
        self._suggest = suggest
        self._files = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        line = document.text_before_cursor
        for each in self._suggest(line):
            if each.file is not None:
                yield from self._files.get_completions(Document(each.file), event)
            else:
                yield Completion(each.text, -each.typed, display=each.shown or each.text, display_meta=each.meaning)


def _history(kept: Path) -> History:
    """Return the history of a file that only its owner may read."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(kept, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600))
    except OSError:
        return InMemoryHistory()
    return FileHistory(kept)
