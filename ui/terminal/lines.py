"""Where lines come from: the promise of a reader, and the reader of a pipe or a file."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Protocol, TextIO


@dataclass(frozen=True)
class Suggestion:
    """What a line may go on with.

    Attributes:
        text: The whole word.
        typed: How many of its letters are there.
        shown: How a person reads it, `text` if empty.
        meaning: What it is for.
        file: The beginning of a file's name, where the name of a file goes on; None elsewhere.
    """

    text: str
    typed: int = 0
    shown: str = ""
    meaning: str = ""
    file: str | None = None


class Lines(Protocol):
    """Something that lines are read from."""

    @property
    def interactive(self) -> bool:
        """Whether a person types them, who may stop an answer by Ctrl-C and go on."""
        ...

    @property
    def apart(self) -> bool:
        """Whether a blank line stands in front of each prompt, so that turns are told apart."""
        ...

    def read(self) -> str | None:
        """Return the next line, None at the end."""
        ...

    def quiet(self) -> AbstractContextManager[None]:
        """Let nothing that is typed meanwhile be shown."""
        ...


class PlainLines:
    """The lines of a stream, without a prompt."""

    apart = False

    def __init__(self, stream: TextIO) -> None:
        """Read a stream; bytes that are no text become question marks."""
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
        self.interactive = stream.isatty()
        self._stream = stream

    def read(self) -> str | None:
        """Return the next line, None at the end."""
        line = self._stream.readline()
        return line.rstrip("\n") if line else None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Do nothing: a stream shows nothing."""
        yield
