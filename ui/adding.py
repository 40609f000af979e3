"""Files or names of sources in, an index brought up to date while others go on asking, and a `Report` out.

Knows nothing of pages or HTTP: every face of a serving process shares one `Adding`.
"""

import logging
import re
import secrets
import shutil
import tempfile
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from index.errors import UserError
from index.sources import LeftOut, read
from rag.engine import Engine

Stage = Literal["idle", "reading", "embedding", "done", "cancelled", "failed"]
MIB = 1024 * 1024

_NAME_CHARS = 120
_log = logging.getLogger(__name__)


class AddingError(UserError):
    """Sources cannot be added now, or not these."""


@dataclass(frozen=True)
class Upload:
    """A file that a person sent: its name as they know it, and where it lies until it is added, then no more."""

    name: str
    path: Path


@dataclass(frozen=True)
class Progress:
    """How far an adding is.

    Attributes:
        stage: "idle" before the first one; "done", "cancelled" or "failed" after the last one.
        done: Texts embedded.
        total: Texts to embed, None until that is known.
        per_s: Texts embedded a second, 0 until that is known.
        left_s: Seconds until all texts are embedded, None until that is known.
    """

    stage: Stage = "idle"
    done: int = 0
    total: int | None = None
    per_s: float = 0.0
    left_s: float | None = None

    @property
    def busy(self) -> bool:
        """Whether it goes on."""
        return self.stage in ("reading", "embedding")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "busy": self.busy}


@dataclass(frozen=True)
class Report:
    """What an adding did.

    Attributes:
        sources: Names of the files that were read.
        records: That were found in them.
        papers: Different ones of these; the other records were merged with them.
        new: Papers that the index had not.
        changed: Papers of the index that something new was said of: brought up to date or merged.
        left_out: Records and files that could not be used, and why.
        total: Papers of the index now.
        embedded: Texts that were embedded.
        seconds: It took.
        cancelled: It was; the index is what it was.
        error: Why it failed, one clear line; the index is what it was.
    """

    sources: tuple[str, ...] = ()
    records: int = 0
    papers: int = 0
    new: int = 0
    changed: int = 0
    left_out: tuple[LeftOut, ...] = ()
    total: int = 0
    embedded: int = 0
    seconds: float = 0.0
    cancelled: bool = False
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "sources": list(self.sources), "left_out": [asdict(each) for each in self.left_out]}


class _CancelledError(Exception):
    """Raised out of an update to end it."""


@dataclass
class _Run:
    """One adding: `ticket` is known to who began it."""

    ticket: str
    thread: threading.Thread
    cancel: threading.Event
    progress: Progress
    report: Report | None = None


class Adding:
    """Adds sources to the index of an engine, one adding at a time, each in a thread of its own.

    Args:
        engine: Whose index.
        upload_mib: Of all files of one adding, at most.
        home: The folder in and below which sources may be named; None lets none be named.
        folder: Makes a folder for the files of an adding, which deletes it.
    """

    def __init__(
        self,
        engine: Engine,
        upload_mib: float = 50,
        home: Path | None = None,
        folder: Callable[[], Path] = lambda: Path(tempfile.mkdtemp(prefix="paperchat-adding-")),
    ) -> None:
        self.upload_mib = upload_mib
        self.home = home.resolve() if home else None
        self._engine = engine
        self._folder = folder
        self._starting = threading.Lock()
        self._run: _Run | None = None

    def upload(self, files: Sequence[Upload]) -> str:
        """Begin to add uploaded files, each named as its source; they are moved away, and deleted in the end.

        Returns:
            A ticket, with which `cancel` and `report` know who began.

        Raises:
            AddingError: Sources are being added already, there is no file, or they are too large together.
        """
        size = sum(file.path.stat().st_size for file in files if file.path.exists())
        if not files:
            raise AddingError("No file was sent. Choose saved pages, JSON, BibTeX, RIS, tables or PDFs of papers.")
        if size > self.upload_mib * MIB:
            raise AddingError(
                f"The files have {size / MIB:.1f} MiB together, at most {self.upload_mib:g} MiB are taken. Send fewer "
                "at a time, or add them by `paperchat index FILE…` where paperchat runs."
            )

        def bring(folder: Path) -> list[Path]:
            paths = []
            for number, file in enumerate(files):
                path = folder / str(number) / safe_name(file.name)
                path.parent.mkdir()
                shutil.move(file.path, path)
                paths.append(path)
            return paths

        return self._start(bring)

    def name(self, names: Sequence[str]) -> str:
        """Begin to add files and folders of this machine, within the home folder; returns a ticket.

        Raises:
            AddingError: Sources are being added already, or one of them is not there for adding.
        """
        if self.home is None:
            raise AddingError("Sources cannot be named here. Upload them.")
        paths = [_within(self.home, name.strip()) for name in names if name.strip()]
        if not paths:
            raise AddingError("No source was named. Name a file or folder.")
        return self._start(lambda folder: paths)

    def progress(self) -> Progress:
        """Return how far the latest adding is; anybody may know."""
        return self._run.progress if self._run else Progress()

    def knows(self, ticket: str) -> bool:
        """Tell whether a ticket is that of the latest adding."""
        return self._of(ticket) is not None

    def cancel(self, ticket: str) -> bool:
        """End an adding within a moment, the index stays what it was; False where the ticket is not of this one."""
        run = self._of(ticket)
        if run:
            run.cancel.set()
        return run is not None

    def report(self, ticket: str) -> Report | None:
        """Return what the latest adding did, None while it goes on, or where the ticket is not of this one."""
        run = self._of(ticket)
        return run.report if run else None

    def wait(self) -> None:
        """Return once nothing is being added."""
        if self._run:
            self._run.thread.join()

    def close(self) -> None:
        """End what is being added, because the server ends."""
        if self._run:
            self._run.cancel.set()
            self._run.thread.join()

    def _of(self, ticket: str) -> _Run | None:
        run = self._run
        return run if run and secrets.compare_digest(run.ticket.encode(), ticket.encode()) else None

    def _start(self, bring: Callable[[Path], list[Path]]) -> str:
        with self._starting:
            if self.progress().busy:
                raise AddingError("Papers are being added already. Wait until that is done, then add yours.")
            ticket = secrets.token_urlsafe(18)
            folder = self._folder()
            try:
                paths = bring(folder)
            except OSError as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise AddingError(f"The files could not be taken ({error.strerror}). Send them again.") from error
            thread = threading.Thread(target=self._add, args=(ticket, folder, paths), daemon=True)
            self._run = _Run(ticket, thread, threading.Event(), Progress("reading"))
            thread.start()
        return ticket

    def _add(self, ticket: str, folder: Path, paths: list[Path]) -> None:
        """Read, embed and write; in a thread."""
        run = self._of(ticket)
        assert run
        begun = time.monotonic()
        stage: Stage = "done"
        try:
            report = self._added(run, paths)
        except _CancelledError:
            stage, report = "cancelled", Report(cancelled=True)
        except UserError as error:
            stage, report = "failed", Report(error=str(error))
        except Exception:
            _log.exception("Nothing was added")
            stage = "failed"
            report = Report(error="Something went wrong; the terminal in which paperchat runs says what.")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        run.report = replace(report, seconds=time.monotonic() - begun)
        run.progress = replace(run.progress, stage=stage, left_s=None)

    def _added(self, run: _Run, paths: list[Path]) -> Report:
        clock: list[tuple[float, int]] = []

        def end_if_cancelled() -> None:
            if run.cancel.is_set():
                raise _CancelledError

        def progress(done: int, total: int | None) -> None:
            end_if_cancelled()
            clock.append((time.monotonic(), done))
            run.progress = _rated(clock, total)

        reading = read(paths, tell=lambda source, records, taken: end_if_cancelled())
        end_if_cancelled()
        did = self._engine.add(reading.papers, progress)
        return Report(
            tuple(reading.sources),
            reading.records,
            len(reading.papers),
            did.new,
            did.changed,
            reading.left_out,
            did.papers,
            did.embedded,
        )


def safe_name(name: str) -> str:
    r"""Return the name of an uploaded file without folders, control characters and leading dots, and not too long.

    >>> safe_name("..\\..\\secret/../ my page.txt"), safe_name("../..")
    ('my page.txt', 'upload')
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        return _cut(plain, _NAME_CHARS) or "upload"
    return f"{_cut(stem, _NAME_CHARS - 10)}.{_cut(suffix, 9)}"


def _cut(text: str, chars: int) -> str:
    """Return the beginning of a text, in at most two bytes a character: file systems count bytes, 255 at most."""
    return text[:chars].encode()[: 2 * chars].decode(errors="ignore")


def _within(home: Path, name: str) -> Path:
    """Return where a named source lies; what lies elsewhere is not told from what does not exist."""
    try:
        path = (home / Path(name).expanduser()).resolve()
        there = path.is_relative_to(home) and path.exists()
    except (OSError, RuntimeError, ValueError):  # too long, nobody's home, or with NUL
        there = False
    if not there:
        raise AddingError(f"No source {name!r} in {home}. Name a file or folder that lies there.")
    return path


def _rated(clock: Sequence[tuple[float, int]], total: int | None) -> Progress:
    """Return how far texts are embedded, their rate and the time left by all of the last half minute."""
    now, done = clock[-1]
    then, before = next(each for each in clock if now - each[0] <= 30)
    rate = (done - before) / (now - then) if now > then and done > before else 0.0
    return Progress("embedding", done, total, rate, (total - done) / rate if rate and total is not None else None)
