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
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from index.errors import UserError
from index.sources import LeftOut
from index.sources.budget import MIB, Limits, over
from index.sources.stoppable import read_stoppably
from rag.engine import Engine

Stage = Literal["idle", "reading", "embedding", "done", "cancelled", "failed"]

_NAME_CHARS = 120
_NAMED = Limits(read_s=3600, total_s=24 * 3600)
"""Of sources that somebody names who sits at this machine: nobody is kept from adding for ever."""
_WAIT_S = 0.1
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
        bridges: What became of records that name several papers of the index, a line for each.
        held: Papers of the index that were left as they are, because another abstract was given.
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
    bridges: tuple[str, ...] = ()
    held: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **asdict(self),
            "sources": list(self.sources),
            "left_out": [asdict(each) for each in self.left_out],
            "bridges": list(self.bridges),
        }


class _EndedError(Exception):
    """Raised out of a run that has ended already, to end its work too."""


@dataclass
class _Run:
    """One adding: `ticket` is known to who began it.

    It ends once, be it that its work is done or that it is cancelled. Who cancels does not wait for the work, which
    ends at its next step, and which can't change the index any more.
    """

    ticket: str
    limits: Limits
    within: Path | None
    uploaded: bool
    thread: threading.Thread = field(init=False)
    begun: float = field(default_factory=time.monotonic)
    progress: Progress = field(default_factory=lambda: Progress("reading"))
    report: Report | None = None
    _too_late: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self, stage: Stage, report: Report) -> None:
        """End it; without effect where it has ended, or where it is to be cancelled and the index changes already."""
        with self._lock:
            if not self.report and not (self._too_late and stage == "cancelled"):
                self.report = replace(report, seconds=time.monotonic() - self.begun)
                self.progress = replace(self.progress, stage=stage, left_s=None)

    def tell(self, progress: Progress) -> None:
        """Say how far it is.

        Raises:
            _EndedError: It has ended.
        """
        with self._lock:
            if self.report:
                raise _EndedError
            self.progress = progress

    def check(self, last: bool = False) -> None:
        """See whether it may go on; with `last` it can't be cancelled any more.

        Raises:
            _EndedError: It has ended.
            OverBudget: It takes too long.
        """
        with self._lock:
            if self.report:
                raise _EndedError
            self._too_late = self._too_late or last
        if self.limits.total_s is not None and time.monotonic() - self.begun > self.limits.total_s:
            raise over(f"take more than {self.limits.total_s / 3600:g} h to add")


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
        self._working = threading.Lock()
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

        return self._start(bring, Limits.of_upload(self.upload_mib, size / MIB), uploaded=True)

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
        return self._start(lambda folder: paths, _NAMED, self.home)

    def progress(self) -> Progress:
        """Return how far the latest adding is; anybody may know."""
        return self._run.progress if self._run else Progress()

    def knows(self, ticket: str) -> bool:
        """Tell whether a ticket is that of the latest adding."""
        return self._of(ticket) is not None

    def cancel(self, ticket: str) -> bool:
        """End an adding at once, the index stays what it was; False where the ticket is not of this one.

        Without effect once the new index takes the old one's place.
        """
        run = self._of(ticket)
        if run:
            run.end("cancelled", Report(cancelled=True))
        return run is not None

    def report(self, ticket: str) -> Report | None:
        """Return what the latest adding did, None while it goes on, or where the ticket is not of this one."""
        run = self._of(ticket)
        return run.report if run else None

    def wait(self) -> None:
        """Return once nothing is being added, and what was cancelled has ended."""
        if self._run:
            self._run.thread.join()
        with self._working:
            pass

    def close(self) -> None:
        """End what is being added, because the server ends."""
        if self._run:
            self._run.end("cancelled", Report(cancelled=True))
        self.wait()

    def _of(self, ticket: str) -> _Run | None:
        run = self._run
        return run if run and secrets.compare_digest(run.ticket.encode(), ticket.encode()) else None

    def _start(
        self, bring: Callable[[Path], list[Path]], limits: Limits, within: Path | None = None, uploaded: bool = False
    ) -> str:
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
            run = _Run(ticket, limits, within, uploaded)
            run.thread = threading.Thread(target=self._add, args=(run, folder, paths), daemon=True)
            run.thread.start()
            self._run = run
        return ticket

    def _add(self, run: _Run, folder: Path, paths: list[Path]) -> None:
        """Read, embed and write; in a thread, after the one whose run was cancelled has ended."""
        stage: Stage = "failed"
        report = Report()
        try:
            while not self._working.acquire(timeout=_WAIT_S):
                run.check()
            try:
                stage, report = "done", self._added(run, paths)
            finally:
                self._working.release()
        except _EndedError:
            pass
        except UserError as error:
            report = Report(error=str(error))
        except Exception:
            _log.exception("Nothing was added")
            report = Report(error="Something went wrong; the terminal in which paperchat runs says what.")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        run.end(stage, report)

    def _added(self, run: _Run, paths: list[Path]) -> Report:
        clock: list[tuple[float, int]] = []

        def progress(done: int, total: int | None) -> None:
            run.check()
            clock.append((time.monotonic(), done))
            run.tell(_rated(clock, total))

        reading = read_stoppably(paths, run.limits, run.check, run.within, run.uploaded)
        did = self._engine.add(reading.found, progress, run.check, keep=True)
        return Report(
            tuple(reading.sources),
            reading.records,
            len(reading.papers),
            did.new,
            did.changed,
            reading.left_out,
            did.papers,
            did.embedded,
            bridges=did.bridges,
            held=did.held,
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
