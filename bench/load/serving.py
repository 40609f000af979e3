"""An index and a model in, `paperchat serve` as a real process out, and what the crowds beside it made of it."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from bench.load.footprint import Footprint
from bench.load.samples import Run

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 180
_SERVE = "from ui.cli import main; main()"  # what the script `paperchat` does
_AT_WORK = re.compile(r"^paperchat_answers_(?:in_progress|waiting) (\S+)$", re.M)
_REQUESTS = re.compile(r'^paperchat_requests_total\{method="POST",.*\} (\S+)$', re.M)


@dataclass(frozen=True)
class Serving:
    """A server that runs.

    Attributes:
        url: Where.
        pid: Of its process.
    """

    url: str
    pid: int

    def footprint(self) -> Footprint:
        """Return what it takes of this machine."""
        return Footprint.of(self.pid)

    def crowd(self, users: int, seconds: float, most: int | None = None) -> "Crowd":
        """Let people in a process of their own ask it: nothing new after so many seconds or wishes."""
        return Crowd([self.url, str(users), str(seconds), *([str(most)] if most else [])])

    def at_work(self) -> int:
        """Return how many answers it writes and how many people wait, together."""
        return self._sum(_AT_WORK)

    def requests(self) -> int:
        """Return how many requests of people it has begun to answer."""
        return self._sum(_REQUESTS)

    def papers(self) -> int:
        """Return how many papers its index holds."""
        return int(json.loads(self._get("/api/status"))["papers"])

    def idle_s(self, patience_s: float = 30.0) -> float | None:
        """Return the seconds until no place is taken any more; None where one still is after so long."""
        start = time.perf_counter()
        while self.at_work():
            if time.perf_counter() - start > patience_s:
                return None
            time.sleep(0.1)
        return time.perf_counter() - start

    def ready(self) -> bool:
        """Say whether the models that it is to have are there.

        Raises:
            RuntimeError: It will never have its language model.
        """
        try:
            state = json.loads(self._get("/readyz"))["writer_state"]
        except (urllib.error.URLError, OSError):
            return False
        if state in ("ready", "No language model is set."):
            return True
        if state == "loading":
            return False
        raise RuntimeError(state)

    def _sum(self, counts: re.Pattern[str]) -> int:
        return int(sum(float(value) for value in counts.findall(self._get("/metrics"))))

    def _get(self, path: str) -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, timeout=10) as response:
            return str(response.read().decode())


class Crowd:
    """People at a server, in a process of their own."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._told = tempfile.TemporaryFile("w+")  # a pipe that nobody reads meanwhile would fill up
        command = [sys.executable, "-m", "bench.load.people", *arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=self._told)

    def asks(self, timeout_s: float) -> bool:
        """Wait for so long, and say whether anybody is still there."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return True
        return False

    def run(self) -> Run:
        """Return what came of it once all have gone.

        Raises:
            RuntimeError: The process failed.
        """
        with self._told as told:
            if code := self._process.wait():
                raise RuntimeError(f"The crowd failed with {code}.")
            told.seek(0)
            return Run.read(told.read().splitlines()[-1])


@contextmanager
def serving(index: Path, model: str) -> Iterator[Serving]:
    """Start a server and yield it once questions can be answered; what it keeps, it keeps in a folder that goes.

    Raises:
        RuntimeError: It ended, or is not ready after minutes; with the last lines that it wrote.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", _SERVE, "serve", "--port", str(port), "--index", str(index), "--model", model]
    with tempfile.TemporaryDirectory(prefix="paperchat-load-") as home, (Path(home) / "log").open("w+") as log:
        environment = {**os.environ, "PAPERCHAT_HOME": home}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:
            try:
                server = Serving(f"http://127.0.0.1:{port}", process.pid)
                start = time.perf_counter()
                while not server.ready():
                    if process.poll() is not None or time.perf_counter() - start > _PATIENCE_S:
                        log.seek(0)
                        raise RuntimeError(f"No server: {log.read()[-2000:]}")
                    time.sleep(0.2)
                yield server
            finally:
                process.terminate()
                process.wait(_PATIENCE_S)


class Direct:
    """An engine in a process of its own, called by threads; a context manager."""

    def __init__(self, index: Path, model: str) -> None:
        command = [sys.executable, "-m", "bench.load.direct", str(index), model]
        self._process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, users: int, seconds: float, most: int | None = None) -> Run:
        """Let so many threads ask, and return what came of it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(users, seconds, *([most] if most else []), file=self._process.stdin, flush=True)
        return Run.read(self._process.stdout.readline())

    def __enter__(self) -> "Direct":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process as process:
            process.stdin and process.stdin.close()
            process.wait(_PATIENCE_S)
