"""The engine for agents, by the Model Context Protocol: over stdin and stdout, or at `/mcp` of the application."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from index.errors import UserError
from rag.engine import Engine
from ui.access import visitor
from ui.admission import Admission
from ui.agents.tools import server
from ui.api.service import Service

PATHS = ("/mcp", "/mcp/")


def mount(whole: Starlette, service: Service) -> None:
    """Put the tools at `/mcp` of an application: streamable HTTP.

    By the protocol of 2026-07-28 each request stands by itself, and who hangs up ends it; clients of earlier versions
    get a session, in which they cancel.
    """
    door = _Door(service)
    for path in PATHS:
        whole.router.routes.append(Route(path, endpoint=door, include_in_schema=False))
    before = whole.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Any]:
        async with before(app) as state, door.open():
            yield state

    whole.router.lifespan_context = lifespan


def run(open_engine: Callable[[], Engine]) -> None:
    """Serve the tools over stdin and stdout until the client ends it.

    The engine is opened once stdout is the protocol's alone: whatever else is printed from then on goes to stderr.

    Raises:
        UserError: The engine cannot be opened.
    """

    @contextmanager
    def opened() -> Iterator[Service]:
        with open_engine() as engine:
            settings = engine.settings
            yield Service(engine, Admission(settings.answers_at_once, settings.answers_waiting))

    try:
        server(opened).run("stdio")
    except BaseExceptionGroup as group:
        raise _first(group, UserError) or group from None


def _first(group: BaseExceptionGroup[BaseException], kind: type[Exception]) -> BaseException | None:
    """Return the first error of a kind within groups of errors."""
    error: BaseException | None = group.subgroup(kind)
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Door:
    """Hands requests to the server while the application runs."""

    def __init__(self, service: Service) -> None:
        self._tools = server(lambda: nullcontext(service))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take requests; Host and Origin have been checked by the gate, which knows the names that we go by."""
        unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self._tools.streamable_http_app(transport_security=unchecked)
        async with self._tools.session_manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; a session is its opener's alone where callers have names."""
        if not (name := visitor(Request(scope))).startswith("visitor:"):
            scope = {**scope, "user": AuthenticatedUser(AccessToken(token="", client_id=name, scopes=[]))}
        await self._tools.session_manager.handle_request(scope, receive, send)
