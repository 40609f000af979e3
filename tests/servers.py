"""A real `chroma run` on a free port of this machine, which may be killed and started again, and a proxy before it."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from index.server import Server

PATIENCE_S = 240.0


class ChromaProcess:
    """A server whose data lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.server = Server(f"http://127.0.0.1:{self.port}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(self.folder)]
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self.port)], stdout=log, stderr=log, cwd=self.folder
            )
        until(lambda: _answers(f"{self.server.url}/api/v2/heartbeat"))

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._process:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def proxied(server: Server, *allowed: str) -> Iterator[str]:
    """Stand before a server with a proxy that lets in who sends one of some `Authorization` headers; yield its URL."""

    async def passed_on(request: Request) -> Response:
        if request.headers.get("authorization") not in allowed:
            return Response("Who are you?", 401)
        kept = {name: value for name, value in request.headers.items() if name not in ("host", "authorization")}
        async with httpx.AsyncClient() as client:
            answer = await client.request(
                request.method,
                f"{server.url}{request.url.path.removeprefix('/vectors')}",
                params=request.query_params,
                content=await request.body(),
                headers=kept,
            )
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))

    app = Starlette(routes=[Route("/vectors/{path:path}", passed_on, methods=["GET", "POST", "PUT", "DELETE"])])
    proxy = uvicorn.Server(uvicorn.Config(app, port=free_port(), log_level="warning"))
    thread = threading.Thread(target=proxy.run)
    thread.start()
    try:
        until(lambda: proxy.started)
        yield f"http://127.0.0.1:{proxy.config.port}/vectors"
    finally:
        proxy.should_exit = True
        thread.join()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Callable[[], bool]) -> None:
    """Return when something is so.

    Raises:
        TimeoutError: It was not so within `PATIENCE_S`.
    """
    end = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False
