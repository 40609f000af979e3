"""An answer's headers in, the same with what guards a browser's reader: nothing from outside, no frame, no guessing."""

from starlette.datastructures import MutableHeaders

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # as Gradio's page needs
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "frame-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
"""Of the page and of everything that has no stricter one."""

GUARDS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none at all, a form of ours could not be told from another site's
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_LOOKS = ("text/css", "text/javascript", "application/javascript", "font/", "image/")
_CORS = "access-control-"


def guard(headers: MutableHeaders, origin: str | None, *, theirs: bool) -> None:
    """Add what guards to headers that are being sent; what an answer says for itself stands.

    Args:
        headers: Changed in place.
        origin: The site whose page may read the answer, None for ours only.
        theirs: They come from an application behind us: what it says of other sites is taken out.
    """
    for name, value in GUARDS.items():
        headers.setdefault(name, value)
    if not headers.get("content-type", "").startswith(_LOOKS):
        headers.setdefault("Cache-Control", "no-store")
    for name in {name for name in headers.keys() if theirs and name.startswith(_CORS)}:
        del headers[name]
    if origin:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "Mcp-Session-Id, Retry-After"
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers.add_vary_header("Origin")
