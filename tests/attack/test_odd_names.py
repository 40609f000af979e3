"""Names, ids and bodies that nobody would write: each is refused with a reason, none is a fault of the server."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.attack.outside import Target

ODD: list[Any] = [
    "\x00",
    "a\x00b",
    "\ud800",
    "x" * 5000,
    "../../etc/passwd",
    "\x1b[31m\x07\x08",
    "\r\nSet-Cookie: a=b",
    "\u202e\u2066\ufeff",
    "%00",
    "{{7*7}}${x}",
    10**400,
    -1,
    1e308,
    True,
    None,
    [],
    {},
    [[]],
    {"a": {}},
]
"""Values to put in the place of any other."""

DEEP = 100_000
BODIES: dict[str, bytes] = {
    "deep lists": b"[" * DEEP,
    "deep and whole lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP,
    "deep within a field": b'{"question":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "invalid UTF-8": b'{"question": "\xff\xfe"}',
    "UTF-16": '{"question": "What is UL2?"}'.encode("utf-16"),
    "a zip": b"PK\x03\x04" + bytes(range(256)),
    "nothing": b"",
    "a text": b"question=What",
    "not a number": b'{"limit": NaN, "question": "x"}',
    "a huge number": b'{"question": "x", "limit": ' + b"9" * 5000 + b"}",
    "a half of a pair": rb'{"question": "\ud800", "request": "\udfff", "texts": ["\ud800"]}',
    "a field twice": b'{"question": "x", "question": 7}',
}
"""What is sent in the place of a JSON object."""

GIVEN: dict[str, dict[str, Any]] = {
    "/api/ask": {
        "question": "What is UL2?",
        "history": [{"question": "Who?", "answer_text": "They."}],
        "within": ["title:none"],
        "since": "2020",
        "author": ["Tay"],
        "category": ["cs"],
        "source": ["ten.jsonl"],
        "newest_first": False,
        "as_asked": False,
        "stream": False,
    },
    "/api/search": {
        "question": "denoisers",
        "limit": 3,
        "within": ["title:none"],
        "source": ["ten.jsonl"],
        "until": "2020",
    },
    "/api/papers": {"request": "denoisers", "limit": 3, "source": ["ten.jsonl"], "author": ["Tay"], "format": "json"},
    "/api/embed": {"texts": ["denoisers"]},
    "/v1/chat/completions": {
        "model": "paperchat",
        "messages": [{"role": "user", "content": "What is UL2?"}],
        "n": 1,
        "stream": False,
        "stream_options": {"include_usage": True},
        "response_format": {"type": "text"},
        "paperchat": {"source": ["ten.jsonl"], "category": ["cs"], "since": "2020"},
    },
    "/v1/embeddings": {"model": "paperchat", "input": ["denoisers"], "encoding_format": "float", "dimensions": 384},
}
"""A body that each route takes."""

TOOLS: dict[str, dict[str, Any]] = {
    "ask": {
        "question": "What is UL2?",
        "earlier": [{"question": "Who?", "answer": "They."}],
        "within": ["title:none"],
        "since": "2020",
        "until": "2021",
        "author": ["Tay"],
        "category": ["cs"],
        "source": ["ten.jsonl"],
    },
    "find_papers": {"request": "denoisers", "limit": 3, "author": ["Tay"], "source": ["ten.jsonl"]},
    "get_paper": {"paper_id": "title:none", "similar": 1},
    "list_topics": {"limit": 3},
}
"""Arguments that each tool takes."""

PLACES = [
    "/api/papers/{}",
    "/api/papers/{}/similar",
    "/api/papers?request={}",
    "/api/papers?request=x&source={}",
    "/api/papers?request=x&author={}&category={}",
    "/api/papers?request=x&since={}",
    "/api/papers?request=x&limit={}",
    "/api/papers?{}",
    "/api/{}",
    "/v1/models/{}",
    "/v1/{}",
    "/chats/{}.md",
    "/chats/AAAAAAAAAAAAAAAAAAAAAA.{}",
    "/look/{}",
    "/{}",
    "/mcp/{}",
    "/docs/{}",
    "/?chat={}",
    "/?view={}",
    "/login?next={}",
    "/gradio_api/file={}",
    "/gradio_api/{}",
    "/assets/{}",
    "/static/{}",
    "/custom_component/{}/client/component/x",
    "/theme.css?{}",
]
"""Addresses with a hole."""

HEADERS = [
    "accept",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "authorization",
    "content-encoding",
    "content-type",
    "cookie",
    "forwarded",
    "if-modified-since",
    "if-none-match",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "origin",
    "range",
    "referer",
    "sec-fetch-site",
    "traceparent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-gradio-user",
]
HEADER_VALUES = [
    b"",
    b"x" * 5000,
    b"\xff\xfe\x80",
    b"Basic \xff",
    b"Basic AAAA",
    b"Basic " + b"=" * 50,
    b"Bearer \xe9",
    b"http://[",
    b"[",
    b"bytes=9999999999999999999999-",
    b"bytes=a-b,,,",
    b"application/json; charset=\xff",
    b"application/json; charset=idna",
    b"multipart/form-data",
    b"multipart/form-data; boundary=" + b"x" * 300,
    b"a=b; c; =; paperchat_session=\xff; paperchat_visitor=" + b"y" * 100,
    b'"\\"; $Version=1; a="\\777"',
    b",".join([b"127.0.0.1"] * 300),
    b"9" * 5000,
]


def variants(given: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """Yield a JSON value with each odd value in the place of each of its parts, the whole among them."""
    yield from ODD
    parts = given.items() if isinstance(given, dict) else enumerate(given) if isinstance(given, list) else ()
    for key, part in parts:
        for odd in variants(part):
            changed = dict(given) if isinstance(given, dict) else list(given)
            changed[key] = odd
            yield changed
    if isinstance(given, dict):
        for odd in ("\x00", "\ud800", "x" * 5000):
            yield {**given, odd: 1}


def refused_or_answered(reply: httpx.Response, sent: object) -> None:
    """Check that a reply is no fault of the server, and that one that refuses says why."""
    shown = f"{str(sent)[:300]!r} -> {reply.status_code} {reply.text[:300]}"
    assert reply.status_code < 500, shown
    assert len(reply.content) < 200_000, shown
    if reply.status_code >= 400 and "json" in reply.headers.get("content-type", ""):
        told = reply.json()
        assert told.get("detail") or told.get("error"), shown


@pytest.fixture(scope="module")
def client(target: Target) -> Iterator[httpx.Client]:
    with target.client() as client:
        yield client
        assert "Traceback" not in target.printed(), target.printed()[-3000:]


@pytest.mark.parametrize("path", GIVEN)
def test_no_value_in_a_body_is_a_fault_of_the_server(client: httpx.Client, path: str) -> None:
    for body in variants(GIVEN[path]):
        reply = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
        refused_or_answered(reply, body)


def test_names_with_nul_or_half_a_character_are_refused_with_a_reason(client: httpx.Client) -> None:
    for name in ("\x00", "a\x00b", "\ud800", "x" * 5000):
        for path, field in (("/api/search", "question"), ("/api/papers", "request"), ("/api/ask", "question")):
            for body in ({field: "denoisers", "source": [name]}, {field: name}):
                sent = json.dumps(body)
                reply = client.post(path, content=sent, headers={"content-type": "application/json"})
                assert reply.status_code in (400, 422), (path, sent[:80], reply.text[:300])
                assert reply.headers["content-type"] == "application/problem+json"
                assert len(reply.json()["detail"]) > 20


@pytest.mark.parametrize("path", [*GIVEN, "/mcp"])
def test_no_body_is_a_fault_of_the_server(client: httpx.Client, path: str) -> None:
    for name, body in BODIES.items():
        for media in ("application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            headers = {"content-type": media, "accept": "application/json, text/event-stream"}
            refused_or_answered(client.post(path, content=body, headers=headers), (path, name, media))


@pytest.mark.parametrize("tool", TOOLS)
def test_no_argument_of_a_tool_is_a_fault_of_the_server(client: httpx.Client, tool: str) -> None:
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    for arguments in variants(TOOLS[tool]):
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        refused_or_answered(client.post("/mcp", content=json.dumps(call), headers=headers), call)


@pytest.mark.parametrize("place", PLACES)
def test_no_address_is_a_fault_of_the_server(client: httpx.Client, place: str) -> None:
    names = [odd for odd in ODD if isinstance(odd, str)]
    quoted = [quote(name.encode("utf-8", "surrogatepass"), safe="") for name in names]
    for name in [*quoted, "%ff%fe", "%C0%80", "..%2f..%2f", "9" * 5000, "%5B", "//", "%2e%2e/", "null"]:
        refused_or_answered(client.get(place.replace("{}", name)), place.replace("{}", name))


@pytest.mark.parametrize("path", ["/api/status", "/mcp", "/config", "/look/page.css"])
def test_no_header_is_a_fault_of_the_server(client: httpx.Client, path: str) -> None:
    for name in HEADERS:
        for value in HEADER_VALUES:
            for method in ("GET", "POST"):
                headers = [(name.encode(), value.strip())]
                refused_or_answered(client.request(method, path, headers=headers), (method, path, name, value))


def test_no_name_of_the_server_is_a_fault_of_it(target: Target, client: httpx.Client) -> None:
    here = target.url.removeprefix("http://")
    for host in (
        b"[",
        b"[::1",
        b"[::1]x",
        b"\xff",
        b"a b",
        b"x" * 5000,
        b"127.0.0.1:99999999",
        b"127.0.0.1:x",
        b"@",
        b"",
    ):
        for path in ("/", "/api/status", "/config"):
            reply = client.get(path, headers=[(b"host", host)])
            refused_or_answered(reply, host)
            assert reply.status_code < 500
    assert client.get("/api/status", headers={"host": here}).status_code == 200
