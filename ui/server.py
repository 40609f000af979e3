"""An `Engine` in, one process at one address out that serves every face: the page and the HTTP service."""

import errno
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from importlib.metadata import version
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from index.errors import UserError
from rag.engine import Engine
from ui import agents, api, compatible, page
from ui.access import Access, Gate
from ui.access.arriving import Arrivals
from ui.admission import Admission
from ui.connections import AT_MOST, Connection
from ui.conversations import FILE, Conversations
from ui.process import give_back_freed, one_core_each


def listen(host: str = "127.0.0.1", port: int = 7860) -> socket.socket:
    """Return a socket that listens, so that a taken port is known before anything is loaded.

    Raises:
        UserError: The address is taken, not allowed, or none of this machine's.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((str(address[0]), port), family=family)
    except OSError as error:
        if why := {errno.EADDRINUSE: "in use", errno.EACCES: "not open to you"}.get(error.errno or 0):
            other = max(port + 1, 7861)
            message = f"Port {port} on {host} is {why}. Choose another: paperchat serve --port {other}"
            message += f", or make chat PORT={other}"
        else:
            message = f"Cannot serve on {host}: {error.strerror}. Choose an address of this machine."
        raise UserError(message) from error


def serve(
    engine: Engine,
    listener: socket.socket,
    access: Access | None = None,
    *,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page where `listener` listens, until Ctrl-C; `ready` gets its address once a browser may come."""
    give_back_freed()
    one_core_each()
    server = Server(engine, listener, access)
    if ready:
        ready(server.url)
    with suppress(KeyboardInterrupt):
        server.run()


class Server(uvicorn.Server):
    """The page at an address, `url`, that is held from the start; `run()` serves it until `should_exit` is set.

    Raises:
        UserError: Others can reach the address, and no `access` says who may come in.
    """

    def __init__(self, engine: Engine, listener: socket.socket, access: Access | None = None) -> None:
        self.listener = listener
        host, port = listener.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self.app = app(engine, access or Access.of(host, uploads=engine.settings.uploads))
        options: dict[str, Any] = {"proxy_headers": False, "server_header": False}  # the gate knows our proxies
        options |= {"http": Connection, "timeout_keep_alive": engine.settings.patience_s, "limit_concurrency": AT_MOST}
        super().__init__(uvicorn.Config(self.app, log_level="warning", timeout_graceful_shutdown=2, **options))

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; closes the address when done."""
        with self.listener, closing(self.app.state.conversations):
            super().run([self.listener, *(sockets or [])])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what open browsers still listen to, then the rest."""
        self.app.state.end_streams()
        await super().shutdown(sockets)


def app(engine: Engine, access: Access | None = None) -> FastAPI:
    """Return every face as one application that any ASGI server runs; without `access`, for this machine alone."""
    settings = engine.settings
    whole = _Gated(
        title="paperchat", version=version("paperchat"), description=api.ABOUT, docs_url=None, redoc_url=None
    )
    whole.state.access = access or Access(uploads=settings.uploads)
    whole.state.arrivals = Arrivals(settings.upload_mib, settings.patience_s)
    whole.state.admission = Admission(settings.answers_at_once, settings.answers_waiting)
    whole.state.conversations = Conversations(settings.home_folder / FILE)
    service = api.mount(whole, engine, whole.state.admission)
    whole.include_router(compatible.router(service))
    agents.mount(whole, service)
    api.close(whole)
    page.mount(whole, service, whole.state.conversations)
    return whole


class _Gated(FastAPI):
    """An application behind a gate that stands before everything, even before what answers for our own errors."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what a request passes, the gate first."""
        return Gate(super().build_middleware_stack(), self.state.access, self.state.arrivals)
