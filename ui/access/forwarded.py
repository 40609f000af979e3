"""What proxies say of a request: believed where one of ours says it, taken out where anybody else does."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import Scope

from ui.access.rules import without_port

_SAYS = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-gradio-server")
"""Beginnings of headers that say who asked, or by which address; an application behind sees none of them."""


def came_by_proxy(scope: Scope) -> bool:
    """Say whether a request says of itself that a proxy passed it on."""
    return any(name.startswith(_SAYS) for name, _ in scope["headers"])


def told(scope: Scope, proxies: Collection[str]) -> Scope:
    """Return a request with the address and scheme that a proxy of ours tells, and without what anybody else does.

    Args:
        scope: Of an HTTP request.
        proxies: Addresses of our proxies.
    """
    headers, client = Headers(scope=scope), scope.get("client")
    scope = {**scope, "headers": [pair for pair in scope["headers"] if not pair[0].startswith(_SAYS)]}
    if client is None or client[0] not in proxies:
        return scope
    hops = [without_port(hop) for hop in ",".join(headers.getlist("x-forwarded-for")).split(",") if hop.strip()]
    nearest = next((hop for hop in reversed(hops) if hop not in proxies), client[0])
    scheme = headers.get("x-forwarded-proto", "").split(",")[-1].strip()
    return {**scope, "client": (nearest, 0), "scheme": scheme if scheme in ("http", "https") else scope["scheme"]}
