"""A real `paperchat serve` in a process of its own, seen as an outsider sees it: an address, and what it logs."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.servers import free_port

ROOT = Path(__file__).parents[2]
START_S = 120.0
_SERVE = [sys.executable, "-c", "from ui.cli import main; main()", "serve"]


@dataclass
class Target:
    """A server under attack.

    Attributes:
        url: Its address on loopback.
        process: Of the server, or of what it was started with (`strace`).
        log: File of everything that it printed.
        home: Folder of its data.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    home: Path
    _config: dict[str, Any] = field(default_factory=dict)

    def client(self, **options: Any) -> httpx.Client:  # noqa: ANN401 - those of httpx
        """Return a browser without a page: it keeps its cookies, and goes nowhere else."""
        return httpx.Client(base_url=self.url, timeout=options.pop("timeout", 60), **options)

    def printed(self) -> str:
        """Return everything that the server has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def fn_index(self, client: httpx.Client, name: str) -> int:
        """Return the number of the page's event handler of that name, such as `answer`."""
        return next(int(each["id"]) for each in self.config(client)["dependencies"] if each["api_name"] == name)

    def component(self, client: httpx.Client, elem_id: str) -> int:
        """Return the number of the page's component of that id, such as `corpus`."""
        return next(
            int(each["id"]) for each in self.config(client)["components"] if each["props"].get("elem_id") == elem_id
        )

    def config(self, client: httpx.Client) -> dict[str, Any]:
        """Return what Gradio tells a page of its components and event handlers."""
        if not self._config:
            self._config.update(client.get("/config").json())
        return self._config

    def join(
        self, client: httpx.Client, name: str, data: Sequence[object], session: str = "", **more: object
    ) -> httpx.Response:
        """Put an event of the page into Gradio's queue, as its script does."""
        body = {"data": data, "fn_index": self.fn_index(client, name), "session_hash": session or new_session()}
        return client.post("/gradio_api/queue/join", json={**body, "event_data": None, **more})

    def serve(self, client: httpx.Client, name: str, sent: object, session: str = "") -> httpx.Response:
        """Call a function of the corpus view, such as `add_uploads`, as its script does."""
        body = {"data": sent, "component_id": self.component(client, "corpus"), "fn_name": name}
        return client.post("/gradio_api/component_server/", json={**body, "session_hash": session or new_session()})

    def responsive_s(self) -> float:
        """Return the seconds until somebody else gets an answer."""
        start = time.monotonic()
        httpx.get(f"{self.url}/healthz", timeout=30).raise_for_status()
        return time.monotonic() - start


def new_session() -> str:
    """Return what Gradio's script makes for each page."""
    return secrets.token_hex(6)


def messages(client: httpx.Client, session: str, most: int = 200) -> Iterator[dict[str, Any]]:
    """Yield what the queue sends to a page until its stream closes."""
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        stream.raise_for_status()
        for line in stream.iter_lines():
            if line.startswith("data:"):
                yield (message := json.loads(line.removeprefix("data:")))
                most -= 1
                if most <= 0 or message["msg"] == "close_stream":
                    return


@contextmanager
def serving(
    index: Path,
    home: Path,
    *options: str,
    model: str = "none",
    env: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> Iterator[Target]:
    """Serve an index until the block ends.

    Args:
        index: Folder of the index; an upload changes it.
        home: Folder for everything else that the server keeps.
        options: Of `paperchat serve`.
        model: Language model.
        env: Environment variables beside those of the tests.
        before: What the command begins with, such as `strace` and its options.
    """
    home.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), home / "server.log"
    command = [*before, *_SERVE, "--index", str(index), "--model", model, "--port", str(port), "--offline", *options]
    variables = {**os.environ, "PAPERCHAT_HOME": str(home), "TMPDIR": str(home), "PYTHONUNBUFFERED": "1", **(env or {})}
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=out, stderr=out)
    target = Target(f"http://127.0.0.1:{port}", process, log, home)
    try:
        _wait(target)
        yield target
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(target: Target) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if target.process.poll() is not None:
            raise RuntimeError(f"The server ended:\n{target.printed()}")
        try:
            if httpx.get(f"{target.url}/readyz", timeout=5).status_code in (200, 401):  # 401: it asks who one is
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(target.printed())
