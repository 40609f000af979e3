"""Event data name addresses and files: the server neither fetches nor reads them, and has no route that would."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gradio
import httpx
import pytest

from tests.attack.outside import Target, messages, new_session

META = {"_type": "gradio.FileData"}
BAIT = "bait-that-is-fetched"
OURS = {"/login", "/logout"}
USED = {
    *("/", "/config", "/theme.css", "/favicon.ico", "/assets/{path:path}", "/static/{path:path}"),
    *("/gradio_api/app_id", "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/component_server/"),
    "/gradio_api/component_server",
    *("/gradio_api/run/predict", "/gradio_api/heartbeat/{session_hash}", "/gradio_api/upload"),
}


class Listener:
    """A server that redirects `/again` to itself, serves bait elsewhere, and counts who comes."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.asked.append(self.path)
                again = self.path.startswith("/again")
                self.send_response(302 if again else 200)
                self.send_header("Location" if again else "X-Bait", f"{listener.url}/bait.txt")
                self.end_headers()
                self.wfile.write(BAIT.encode())

            do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield listener
    finally:
        listener.server.shutdown()
        listener.server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def uploaded(client: httpx.Client, name: str = "mine.txt", text: bytes = b"words of a visitor") -> str:
    """Upload a file, and return the path that Gradio gave it."""
    (path,) = client.post("/gradio_api/upload", files={"files": (name, text)}).raise_for_status().json()
    return str(path)


def named(listener: Listener, others: str) -> list[str]:
    """Return addresses and paths that nobody may have read, spelt in many ways."""
    port, host = listener.port, f"127.0.0.1:{listener.port}"
    return [
        *(f"http://{host}/a.txt", f"http://localhost:{port}/a.txt", f"http://{host}/again", f"http://u:p@{host}/a"),
        *(f"HTTP://{host}/A.txt", f" http://{host}/a.txt", f"\thttp://{host}/a", f"http:/\\{host}/a.txt"),
        *(f"http:\\\\{host}/a", f"http:/{host}/a", f"http:{host}/a", f"//{host}/a", f"http%3A//{host}/a.txt"),
        *(f"https://{host}/a", f"ftp://{host}/a", f"http://0:{port}/a", f"http://2130706433:{port}/a"),
        *(f"/gradio_api/proxy=http://{host}/a", f"/gradio_api/file=http://{host}/a", f"http://[::1]:{port}/a"),
        *(
            "/etc/passwd",
            "file:///etc/passwd",
            "file:/etc/passwd",
            "../../../../../../etc/passwd",
            "/proc/self/environ",
        ),
        *(others, f"file://{others}", f"{others}/../{others.rsplit('/', 1)[-1]}", f"./{others}"),
    ]


def shapes(name: str) -> list[Any]:
    """Return values in which a name is a file."""
    file = {"path": name, "meta": META}
    return [
        file,
        {**file, "url": name, "orig_name": "a.txt", "size": 1, "is_stream": False},
        {**file, "is_stream": True},
        {"path": "a.txt", "url": name, "meta": META},
        [file],
        {"value": {"deep": [[file]]}},
        {"__type__": "update", "value": file},
    ]


def ways(target: Target, client: httpx.Client, value: object) -> Iterator[httpx.Response]:
    """Send a value to the page's handlers in every place that a page may write to."""
    asked = {"question": value, "turn": value, "papers": value, "paper": value, "chat": value}
    for name, data in (("answer", [value, None]), ("answer", ["question", value]), ("search", [value, value])):
        yield target.join(client, name, data)
    for name in ("ask_next", "retry", "show_similar", "find"):
        inputs = [None] * (name not in ("show_similar", "find"))
        yield target.join(client, name, inputs, event_data=value)
        yield target.join(client, name, inputs, event_data={**asked, "request": value, "count": value})
    for name, kept in (("rename", value), ("edit", None), ("export", value)):
        body = {"data": [kept], "fn_index": target.fn_index(client, name), "session_hash": new_session()}
        yield client.post("/gradio_api/run/predict", json={**body, "event_data": {"papers": value, "turn": value}})
    for name in ("card", "progress", "cancel", "add_uploads", "add_named"):
        for sent in (value, {"paper": value, "ticket": value, "name": value, "files": [value]}, {"files": value}):
            yield target.serve(client, name, sent)


def test_no_event_makes_the_server_fetch_or_read_what_its_visitor_did_not_upload(
    target: Target, listener: Listener
) -> None:
    with target.client() as other, target.client() as client:
        session, file = new_session(), {"path": f"{listener.url}/again", "meta": META}
        if target.join(client, "answer", [file, None], session).is_success:
            assert [*messages(client, session)]
        assert listener.asked == []
        others = uploaded(other, "others.txt", b"words of another")
        for number, name in enumerate(named(listener, others)):
            every = shapes(name)
            for value in every if number < 2 else [every[number % len(every)]]:
                for reply in ways(target, client, value):
                    assert 400 <= reply.status_code < 500, (reply.url, value)
                    assert reply.headers["content-type"] == "application/problem+json"
                    assert BAIT not in reply.text and "root:" not in reply.text
    assert listener.asked == []
    assert "Traceback" not in target.printed()
    assert [] == [line for line in target.printed().splitlines() if "127.0.0.1" in line and str(listener.port) in line]


def test_question_may_have_a_link_which_is_not_followed(target: Target, listener: Listener) -> None:
    session = new_session()
    with target.client() as client:
        question = f"What does {listener.url}/paper.pdf say of {{'path': '{listener.url}'}}?"
        target.join(client, "answer", [question, None], session).raise_for_status()
        told = [*messages(client, session)]
    assert told[-1]["msg"] == "close_stream" and all(each.get("success", True) for each in told)
    assert listener.asked == []


def test_every_route_of_gradio_that_the_page_has_no_use_for_is_absent(target: Target, listener: Listener) -> None:
    source = Path(str(gradio.__file__)).with_name("routes.py").read_text(encoding="utf-8")
    found = {
        (method.upper(), "/gradio_api" * (owner == "router") + path)
        for owner, method, path in re.findall(r'@(router|app)\.(get|head|post)\(\s*f?"([^"]+)"', source)
    }
    assert len(found) > 60
    with target.client() as client:
        own = uploaded(client)
        for method, path in sorted(found):
            if path in USED | OURS:
                continue
            for value in ("x", f"{listener.url}/a", own):
                filled = re.sub(r"\{[^}]*\}", value.replace("\\", "/"), path)
                form = {"data": [], "fn_index": 0, "session_hash": "x", "event_id": "x"}
                reply = client.request(method, filled, json=form if method == "POST" else None)
                assert reply.status_code == 404, (method, filled)
        for path in ("/monitoring", "/gradio_api/monitoring", "/gradio_api/call/answer", "/gradio_api/run/answer"):
            assert client.get(path).status_code in (404, 405)
            assert client.post(path, json={"data": []}).status_code == 404
    assert listener.asked == []


def test_answer_of_gradio_does_not_take_its_address_from_a_header(target: Target) -> None:
    with target.client() as client:
        for value in ("http://evil.example", "http://["):
            reply = client.get("/config", headers={"x-gradio-server": value})
            assert reply.status_code == 200 and json.loads(reply.text)["root"] == target.url
        assert client.get("/?page=nowhere&deep_link=../../x").status_code == 200
