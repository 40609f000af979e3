"""Why somebody may not come in, in; an answer that says so out: a page for a browser, problem details for a program."""

from collections.abc import Mapping
from functools import cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Of pages that are ours alone: no script at all."""

PROGRAMS = ("/api", "/v1", "/mcp", "/metrics", "/readyz", "/openapi.json", "/docs", "/redoc")
"""What programs call; everything else is the page."""

_HERE = Path(__file__).parent
_COLOURS = _HERE.parent / "page" / "look" / "page.css"


def refusal(request: Request, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer to a request that is refused: RFC 9457 problem details, or a page for a browser."""
    if wants_page(request):
        return page(status.phrase, f"<p>{escape(detail)}</p>", status, headers)
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    problem["instance"] = request.scope["path"]
    return JSONResponse(problem, status, headers, media_type="application/problem+json")


def page(
    title: str, body: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Return a page of our own; `body` is markup."""
    shell = Template((_HERE / "shell.html").read_text(encoding="utf-8"))
    look = colours() + (_HERE / "shell.css").read_text(encoding="utf-8")
    text = shell.substitute(title=escape(title), look=look, body=body)
    return HTMLResponse(
        text, status, {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", **(headers or {})}
    )


def wants_page(request: Request) -> bool:
    """Say whether who asks reads in a browser."""
    return not for_programs(request.scope["path"]) and "text/html" in request.headers.get("accept", "")


def for_programs(path: str) -> bool:
    """Say whether a path is what programs call, and not the page."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PROGRAMS)


@cache
def colours() -> str:
    """Return the custom properties of the page's looks, dark where the system is."""
    looks = _COLOURS.read_text(encoding="utf-8")
    light, dark = (looks.split(f"\n{name} {{", 1)[1].split("}", 1)[0] for name in (":root", ".dark"))
    return f":root {{{light}}}\n@media (prefers-color-scheme: dark) {{ :root {{{dark}}} }}\n"
