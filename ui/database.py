"""One SQLite file: its owner's alone, brought up to date step by step, shared by threads and processes.

Knows nothing of what is in the tables; those are made by the steps that the caller brings.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from index.errors import UserError

Connection = sqlite3.Connection
Step = Callable[[Connection], None]
"""Takes a file from one version to the next, within a transaction of its own."""

_WAIT_S = 30.0
_TIDY_MS = 1000
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Database:
    """Tables in a file; safe to share between threads, and the file between processes.

    What was written is on disk once `write` is left; whatever ends the process before leaves nothing of it.
    """

    def __init__(self, path: Path, application: int, steps: Sequence[Step]) -> None:
        """Open a file, made when missing with no rights but its owner's, and bring it up to date.

        Args:
            path: Of the file; SQLite keeps two more beside it while it is open.
            application: The number that marks a file as one of ours, `PRAGMA application_id`.
            steps: What has made the tables so far, oldest first; the version of a file counts those it has had.

        Raises:
            UserError: The file is damaged, another program's, a newer version's, or not to be written.
        """
        self.path = path
        self._application = application
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._file = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
            try:
                with self._said_plainly():
                    self._prepare(steps)
            except BaseException:
                self._file.close()
                raise
        except OSError as error:
            raise UserError(
                f"{path} cannot be written ({error.strerror}). Make it writable, or choose a folder by PAPERCHAT_HOME."
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Lend the connection; what is read meanwhile is of one moment.

        Raises:
            UserError: The file cannot be read.
        """
        with self._transaction("BEGIN") as file:
            yield file

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Lend the connection; all that is written is kept when the block ends well, and none of it otherwise.

        Raises:
            UserError: The file cannot be written, or others have held it for half a minute.
        """
        with self._transaction("BEGIN IMMEDIATE") as file:
            yield file

    def tidy(self) -> None:
        """Take what was deleted out of the log too, unless someone is reading: then the next time does."""
        with self._lock, self._said_plainly():
            self._file.execute(f"PRAGMA busy_timeout = {_TIDY_MS}")
            self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._file.execute(f"PRAGMA busy_timeout = {int(_WAIT_S * 1000)}")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with self._lock, self._said_plainly():
            self._file.execute(begin)
            try:
                yield self._file
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise

    def _prepare(self, steps: Sequence[Step]) -> None:
        """Look before writing; then take the steps that are missing, one process at a time."""
        behind = self._version(len(steps)) < len(steps)
        for pragma in ("synchronous = FULL", "secure_delete = ON"):
            self._file.execute(f"PRAGMA {pragma}")
        if behind:
            from filelock import FileLock

            with FileLock(f"{self.path}.lock", mode=0o600):
                self._file.execute("PRAGMA journal_mode = WAL")
                while (at := self._version(len(steps))) < len(steps):
                    with self._transaction("BEGIN IMMEDIATE") as file:
                        steps[at](file)
                        file.execute(f"PRAGMA user_version = {at + 1}")
                        file.execute(f"PRAGMA application_id = {self._application}")
        self._file.execute("PRAGMA foreign_keys = ON")

    def _version(self, known: int) -> int:
        """Return how many steps the file has had.

        Raises:
            UserError: It is damaged, another program's, or has had more steps than are known.
        """
        with self._transaction("BEGIN") as file:
            [[version]] = file.execute("PRAGMA user_version")
            [[application]] = file.execute("PRAGMA application_id")
            [[tables]] = file.execute("SELECT count(*) FROM sqlite_master")
            [[health]] = file.execute("PRAGMA quick_check(1)")
        if application != self._application and (application or version or tables):
            raise UserError(
                f"{self.path} is the file of another program. Move it, or choose a folder by PAPERCHAT_HOME."
            )
        if health != "ok":
            raise UserError(self._damaged(health))
        if version > known:
            raise UserError(
                f"{self.path} was written by a newer paperchat (version {version} of the file, {known} is known). "
                "Update paperchat, or choose another folder by PAPERCHAT_HOME."
            )
        return int(version)

    def _damaged(self, how: object) -> str:
        what = " ".join(str(how).split())
        return f"{self.path} is damaged ({what}) and stays as it is. Put a copy in its place, or move it to begin anew."

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        """Turn what SQLite says of the file into one line; a fault of the program stays what it is."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _DAMAGED:
                raise UserError(self._damaged(error)) from error
            if isinstance(error, sqlite3.OperationalError):
                raise UserError(
                    f"{self.path} cannot be used now ({error}). Is the disk full, or does another program hold it?"
                ) from error
            raise
