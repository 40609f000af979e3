"""Requests that none of our own routes took in, 404 or 405 out: they don't reach the page, which takes any path."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Border(BaseRoute):
    """Stands behind the routes of programs and before the page."""

    path_format = "none"  # what its requests are counted as

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.routes = [*routes]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Take what is under `/api`, and every path that one of the routes has under another method."""
        if scope["type"] == "http" and (_is_ours(scope["path"]) or self._allowed(scope)):
            return Match.FULL, {"route": self}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse it."""
        if allowed := self._allowed(scope):
            detail = f"{scope['method']} is not for this path. Allowed: {', '.join(allowed)}."
            raise HTTPException(405, detail, {"Allow": ", ".join(allowed)})
        raise HTTPException(404, f"Nothing at {scope['path']}. What there is stands in /openapi.json.")

    def _allowed(self, scope: Scope) -> list[str]:
        """Return the methods that a path has."""
        tried = {method: {**scope, "method": method} for method in _METHODS}
        return [
            method
            for method, trial in tried.items()
            if any(route.matches(trial)[0] == Match.FULL for route in self.routes)
        ]


def _is_ours(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")
