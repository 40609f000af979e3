"""The bytes of a PDF in, the lines of its first pages out, whatever the file tries. Knows nothing of papers."""

import contextlib
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from index.sources.text import Unreadable

_WORKER = Path(__file__).with_name("pdfworker.py")
_RUN = "import runpy, sys; sys.path[:] = sys.argv[2:]; runpy.run_path(sys.argv[1], run_name='__main__')"
_TEXT_WAY_OUT = "Save its text as a .txt file: a line with the title, and the abstract below"


@dataclass(frozen=True)
class Line:
    """A line of a page.

    Attributes:
        text: Without white space at its ends.
        size: Of most of its letters, in points.
    """

    text: str
    size: float


@dataclass(frozen=True)
class FirstPages:
    """What a PDF says on its first pages.

    Attributes:
        pages: The lines of each page, in the order in which they are drawn.
        title: As the file's own description has it; "" if it has none.
        author: The same.
    """

    pages: tuple[tuple[Line, ...], ...]
    title: str
    author: str


class PageReader:
    """Reads PDFs in a process of its own, which starts with the first one and is ended when one takes too long.

    Args:
        timeout_s: The most that one PDF may take.
    """

    def __init__(self, timeout_s: float = 30.0) -> None:
        self.timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PageReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, data: bytes) -> FirstPages:
        """Return what the first pages say.

        Raises:
            Unreadable: It needs a password, has no text, is damaged, or takes too long; the message says what to do.
        """
        answer = self._ask(data)
        if answer.get("encrypted"):
            raise Unreadable(
                "a PDF that needs a password. Save a copy without one, for example by printing it to a file"
            )
        if "error" in answer:
            raise Unreadable(f"a damaged PDF ({answer['error']}). Get the file again. {_TEXT_WAY_OUT}")
        pages = tuple(tuple(Line(text, size) for text, size in lines) for lines in answer["pages"])
        if not any(pages):
            if answer["pictures"]:
                raise Unreadable(
                    "a scanned PDF: its pages are pictures. Run text recognition over it, such as ocrmypdf"
                )
            raise Unreadable("a PDF without text on its first pages. Run text recognition over it, such as ocrmypdf")
        return FirstPages(pages, answer["title"], answer["author"])

    def close(self) -> None:
        """End the process."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    _close_pipe(pipe)
            self._process = None

    def _ask(self, data: bytes) -> dict[str, Any]:
        """Send a PDF and wait for the answer; end the process if there is none in time."""
        if not self._process:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _RUN, str(_WORKER), *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        process = self._process
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.timeout_s, end)
        timer.start()
        try:
            assert process.stdin and process.stdout
            process.stdin.write(len(data).to_bytes(8, "big") + data)
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b""
        finally:
            timer.cancel()
            timer.join()
        if not line.endswith(b"\n"):
            self.close()
            why = f"takes more than {self.timeout_s:g} s to read" if late.is_set() else "takes more memory than it may"
            raise Unreadable(f"a PDF that {why}. {_TEXT_WAY_OUT}")
        if late.is_set():
            self.close()
        answer: dict[str, Any] = json.loads(line)
        return answer


def _close_pipe(pipe: IO[bytes]) -> None:
    """Close a pipe to a process that is no more; what was to be written is lost."""
    with contextlib.suppress(OSError):
        pipe.close()
