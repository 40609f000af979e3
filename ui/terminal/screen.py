"""Runs of text in; on a terminal they come out wrapped, coloured and linked, anywhere else as plain text.

The only place of this face that writes escape sequences: whatever text it is given is made printable first.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TextIO

from ui.terminal.printable import cells, printable, printable_lines

Look = Literal["", "title", "mark", "faint", "found", "warning"]

LOOKS: dict[Look, str] = {
    "title": "1",  # bold
    "mark": "36",  # cyan
    "faint": "2",
    "found": "30;43",  # black on yellow, as with a text marker
    "warning": "33",  # yellow
}
"""What a look is to a terminal: parameters of SGR (ECMA-48)."""

WIDEST = 100
"""Longer lines are hard to read, however wide the terminal is."""
_NARROWEST = 20
_UNLINKED = ("dumb", "linux", "vt", "eterm")
"""Terminals that would show the address of a link instead of following it."""


@dataclass(frozen=True)
class Run:
    """A piece of text of one look; `url` is a page that it links to."""

    text: str
    look: Look = ""
    url: str = ""


class Screen:
    """A stream that people read."""

    def __init__(
        self,
        out: TextIO,
        columns: Callable[[], int] | None = None,
        *,
        colours: bool = False,
        links: bool = False,
        erases: bool = False,
    ) -> None:
        """Write to a stream.

        Args:
            out: The stream.
            columns: Tells the width of the terminal at the moment; None for a stream that is none: nothing is wrapped.
            colours: Whether colours are seen.
            links: Whether links can be followed.
            erases: Whether a line can be taken back.
        """
        self.colours = colours
        self.links = links
        self.erases = erases
        self._out = out
        self._columns = columns
        self._column = 0
        self._owed: Run | None = None  # the space before the next word
        self._passing = False

    @classmethod
    def of(cls, out: TextIO, environment: Mapping[str, str] = os.environ) -> "Screen":
        """Return the screen of a stream: on a terminal wrapped, with the colours and links that its kind can show.

        Nothing is coloured where NO_COLOR is set (no-color.org).
        """
        if not out.isatty():
            return cls(out)
        kind = environment.get("TERM", "")
        able = kind not in ("", "dumb")
        colours = able and not environment.get("NO_COLOR")
        links = able and not kind.startswith(_UNLINKED)
        return cls(out, lambda: _columns(out), colours=colours, links=links, erases=able)

    @property
    def terminal(self) -> bool:
        """Whether it is a terminal, and not a pipe or a file."""
        return self._columns is not None

    @property
    def width(self) -> int:
        """Columns that a line should take."""
        return max(_NARROWEST, min(WIDEST, self._columns() - 1)) if self._columns else WIDEST

    def line(self, *runs: Run | str, start: int = 0, indent: int | None = None) -> None:
        """Write a paragraph: its first line begins `start` columns in, the others `indent`, the same if not given."""
        self.flow(*runs, start=start, indent=start if indent is None else indent)
        self.end()

    def flow(self, *runs: Run | str, start: int = 0, indent: int = 0) -> None:
        """Write on where the line is, `start` columns in at least, and show it at once."""
        written = []
        if self._column < start:
            written, self._column, self._owed = [Run(" " * (start - self._column))], start, None
        for word in _words(Run(run) if isinstance(run, str) else run for run in runs):
            if word[0].text == " ":
                self._owed = word[0] if self._column > start else None
                continue
            size, gap = sum(cells(run.text) for run in word), self._owed
            if self.terminal and gap and self._column + 1 + size > self.width:
                gap, self._column = Run("\n" + " " * indent), indent
            elif gap:
                self._column += 1
            written += [gap, *word] if gap else word
            self._column += size
            self._owed = None
        self._write("".join(map(self._drawn, _joined(written))))

    def end(self) -> None:
        """End the line."""
        self._write("\n")
        self._column, self._owed = 0, None

    def passing(self, text: str) -> None:
        """Show a short line that gives way to whatever is written next; nothing where it could not."""
        if self.erases and not self._column:
            self._write(self._drawn(Run(text, "faint")))
            self._passing = True

    def rest(self) -> None:
        """End the line if anything stands on it that stays."""
        if self._column:
            self.end()
        elif self._passing:
            self._write("")

    def verbatim(self, text: str) -> None:
        """Write lines without wrapping them, so that they can be copied."""
        self._write(printable_lines(text))

    def _drawn(self, run: Run) -> str:
        text = f"\x1b[{LOOKS[run.look]}m{run.text}\x1b[0m" if run.look and self.colours else run.text
        return f"\x1b]8;;{run.url}\x1b\\{text}\x1b]8;;\x1b\\" if run.url and self.links else text

    def _write(self, text: str) -> None:
        """Write a text at once; signs that the stream cannot encode become question marks."""
        if self._passing:
            text, self._passing = f"\r\x1b[K{text}", False
        encoding = self._out.encoding or "utf-8"
        self._out.write(text.encode(encoding, "replace").decode(encoding))
        self._out.flush()


def _words(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Yield what must stay on one line, a word or a single space, in the runs that it is made of."""
    word: list[Run] = []
    for run in runs:
        for text in re.findall(r" |[^ ]+", printable(run.text)):
            if text == " ":
                if word:
                    yield word
                yield [replace(run, text=text)]
                word = []
            else:
                word.append(replace(run, text=text))
    if word:
        yield word


def _joined(runs: Iterable[Run]) -> list[Run]:
    """Return runs with neighbours of the same look and link made one."""
    joined: list[Run] = []
    for run in runs:
        if joined and (joined[-1].look, joined[-1].url) == (run.look, run.url):
            joined[-1] = replace(run, text=joined[-1].text + run.text)
        else:
            joined.append(run)
    return joined


def _columns(out: TextIO) -> int:
    try:
        return os.get_terminal_size(out.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
