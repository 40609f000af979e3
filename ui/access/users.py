"""Names and passwords in, a file of hashes out, and the answer to whether a password is a user's."""

import os
import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from pwdlib import PasswordHash

from index.errors import UserError

SHORTEST = 8
_NAME = re.compile(r"\w[\w.@+-]{0,63}")


class Users:
    """Who may log in: a file with a line `NAME:HASH` for each (Argon2id); it is read again when it has changed.

    Once it has been read, a file that is gone or no longer makes sense holds nobody: then nobody comes in.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._hasher = PasswordHash.recommended()
        self._nobody = self._hasher.hash(os.urandom(16))
        self._read_at: tuple[int, int, int] | None = None
        self._hashes: dict[str, str] = {}
        self._reading = threading.Lock()

    @classmethod
    def open(cls, file: Path) -> "Users":
        """Return the users of a file.

        Raises:
            UserError: The file is missing, holds nobody, or has a line that is no user.
        """
        users = cls(file.expanduser())
        if not _read(users.file):
            raise UserError(f"No user in {file}. Add one: paperchat users add NAME --auth {file}")
        return users

    def names(self) -> list[str]:
        """Return who may log in, in order.

        Raises:
            UserError: The file has a line that is no user.
        """
        return sorted(_read(self.file))

    def add(self, name: str, password: str) -> bool:
        """Write a user into the file, which is made if need be, for its owner's eyes; False when the name was there.

        Raises:
            UserError: The name or the password will not do, or the file cannot be written.
        """
        name = normal(name)
        if not _NAME.fullmatch(name):
            raise UserError(f"{name!r} is no name for a user: 1 to 64 letters, figures and . @ + - _ make one.")
        if len(password) < SHORTEST:
            raise UserError(f"A password of {len(password)} characters is too short: take {SHORTEST} or more.")
        with self._writing():
            hashes = _read(self.file)
            known = name in hashes
            self._write({**hashes, name: self._hasher.hash(normal(password))})
        return not known

    def remove(self, name: str) -> None:
        """Take a user out of the file; who is logged in by that name is no longer.

        Raises:
            UserError: There is no such user, or the file cannot be written.
        """
        with self._writing():
            hashes = _read(self.file)
            if hashes.pop(normal(name), None) is None:
                known = f" Known: {', '.join(sorted(hashes))}." if hashes else ""
                raise UserError(f"No user {name!r} in {self.file}.{known}")
            self._write(hashes)

    def proves(self, name: str, password: str) -> bool:
        """Say whether a password is the user's; for a name that nobody has, that takes as long."""
        known = self._current().get(normal(name))
        return self._hasher.verify(normal(password), known or self._nobody) and known is not None

    def stamp(self, name: str) -> str | None:
        """Return what changes when the user's password does; None when there is no such user."""
        return self._current().get(normal(name))

    def _current(self) -> dict[str, str]:
        """Return the hash of each user, as the file has it now."""
        with self._reading:
            try:
                found = self.file.stat()
                at = (found.st_mtime_ns, found.st_size, found.st_ino)
                if at != self._read_at:
                    self._hashes, self._read_at = _read(self.file), at
            except (OSError, UserError):
                self._hashes, self._read_at = {}, None
            return self._hashes

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Let nobody else write the file; one that cannot be written is told."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.file.with_name(f".{self.file.name}.lock")):
                yield
        except OSError as error:
            raise UserError(f"Cannot write {self.file}: {error.strerror}. Choose another file: --auth FILE") from error

    def _write(self, hashes: dict[str, str]) -> None:
        part = self.file.with_name(f".{self.file.name}.part")
        with open(part, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            out.writelines(f"{name}:{hashed}\n" for name, hashed in sorted(hashes.items()))
        part.replace(self.file)


def normal(text: str) -> str:
    """Return text in one form, however a keyboard composes its letters."""
    return unicodedata.normalize("NFC", text)


def _read(file: Path) -> dict[str, str]:
    """Return the hash of each user of a file; nobody where there is no file."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read users from {file}: {error}. Name a file of users: --auth FILE") from error
    hashes = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, hashed = line.strip().partition(":")
        if not _NAME.fullmatch(name) or not hashed.startswith("$argon2"):
            raise UserError(f"Line {number} of {file} is no user: NAME:HASH, as paperchat users add NAME writes it.")
        hashes[name] = hashed
    return hashes
