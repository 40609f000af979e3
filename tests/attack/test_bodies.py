"""Bodies too large or too slow, texts too long, and files that nobody adds: refused early, and small in memory."""

import asyncio
import io
import json
import secrets
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.datastructures import UploadFile

from tests.attack.outside import Target, messages, new_session, serving
from tests.servers import until
from ui.adding import AddingError
from ui.connections import AT_MOST
from ui.page.uploads import IN_TOTAL, OF_A_VISITOR, Uploads
from ui.scratch import Scratch

MIB = 2**20
UPLOAD_MIB, PATIENCE_S = 2, 3
UPLOAD = "/gradio_api/upload"
CAUGHT_S = 45.0
"""Until a slow client is given up at the latest, on a busy machine."""


@pytest.fixture(scope="module")
def served(attacked_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a server that takes small uploads and has little patience."""
    env = {"PAPERCHAT_UPLOAD_MIB": str(UPLOAD_MIB), "PAPERCHAT_PATIENCE_S": str(PATIENCE_S)}
    with serving(attacked_index, tmp_path_factory.mktemp("bodies"), env=env) as target:
        yield target
        assert "Traceback" not in target.printed(), target.printed()[-3000:]


def memory_mib(target: Target, what: str = "VmRSS") -> float:
    """Return the memory of a server now, or at most so far ("VmHWM")."""
    status = Path(f"/proc/{target.process.pid}/status").read_text(encoding="ascii")
    return int(status.split(f"{what}:")[1].split()[0]) / 1024


def wire(target: Target) -> socket.socket:
    """Return a connection to a server."""
    host, port = target.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=CAUGHT_S)


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    """Return the head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


def rest(connection: socket.socket) -> bytes:
    """Return what comes until the connection is closed."""
    came = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionError:
            return came
        if not piece:
            return came
        came += piece


def waiting(target: Target) -> list[Path]:
    """Return the files that wait to be added."""
    return [each for each in (target.home / "uploads").rglob("*") if each.is_file() and not each.name.startswith(".")]


def problem(reply: httpx.Response, status: int) -> str:
    """Return what problem details say."""
    assert reply.status_code == status, reply.text[:300]
    assert reply.headers["content-type"] == "application/problem+json"
    assert len(reply.content) < 2000
    return str(reply.json()["detail"])


def join(target: Target, client: httpx.Client, name: str, data: list[object], **event: object) -> str:
    """Put an event into the queue, and return everything that comes back for it, a refusal at once too."""
    session = new_session()
    sent: dict[str, Any] = {"event_data": event} if event else {}
    reply = target.join(client, name, data, session, **sent)
    return json.dumps(list(messages(client, session))) if reply.is_success else problem(reply, 422)


# Too large


@pytest.mark.parametrize("chunked", [False, True])
def test_a_question_of_60_mib_costs_no_memory_and_is_not_sent_back(served: Target, chunked: bool) -> None:
    with served.client() as client:
        fn_index = served.fn_index(client, "answer")
        body = json.dumps({"data": ["x" * (60 * MIB), None], "fn_index": fn_index, "session_hash": "a"}).encode()
        before = memory_mib(served)
        content = (body[at : at + MIB] for at in range(0, len(body), MIB)) if chunked else body
        reply = client.post("/gradio_api/queue/join", content=content, headers={"content-type": "application/json"})
        assert problem(reply, 413) == "The body is larger than 1 MiB. Send less at a time."
        assert memory_mib(served) - before < 40
    served.responsive_s()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_no_path_takes_more_than_a_mib(served: Target, method: str) -> None:
    paths = ["/", "/api/ask", "/api/status", "/v1/chat/completions", "/mcp", "/login", "/nowhere", "/healthz", "/docs"]
    paths += ["/gradio_api/run/predict", "/gradio_api/component_server", "/gradio_api/upload/", "/look/page.css"]
    for path in [*paths, UPLOAD] if method != "POST" else paths:
        with served.client() as client:
            reply = client.request(method, path, content=b"x" * (MIB + 1))
            told = problem(reply, 413) if path != "/login" else ""
            assert told in ("", "The body is larger than 1 MiB. Send less at a time."), path


@pytest.mark.parametrize("path", ["/api/ask", "/", "/login", "/gradio_api/queue/join", "/mcp", UPLOAD])
@pytest.mark.parametrize("foreign", [False, True])
def test_no_more_is_read_than_the_limit(served: Target, path: str, foreign: bool) -> None:
    lines = ["Transfer-Encoding: chunked", "Content-Type: multipart/form-data; boundary=b"]
    lines += ["Origin: http://elsewhere.example"] * foreign  # which is refused whatever the body is
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    taken = 0
    with wire(served) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.sendall(head(path, *lines))
        try:
            while taken < 100 * MIB:
                connection.sendall(piece)
                taken += 0x10000
        except ConnectionError:
            pass
    assert taken < 20 * MIB  # beside the limits, what the buffers of both sockets take


def test_a_length_that_is_a_lie_is_refused(served: Target) -> None:
    for length in ("99999999999", "9" * 19, "9" * 5000, "-1", "1_0", "0x10", "1, 2", "\u0661"):
        with wire(served) as connection:
            connection.sendall(head("/api/ask", f"Content-Length: {length}") + b"x")
            assert rest(connection).startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")), length
    with wire(served) as connection:  # less than there is: the rest is no request
        connection.sendall(head("/api/search", "Content-Length: 5") + b"x" * 100_000)
        came = rest(connection)
        assert came.count(b"HTTP/1.1 200") == 0


# Texts of the page's events


def test_a_long_question_is_told_and_neither_shown_nor_kept(served: Target) -> None:
    with served.client() as client:
        client.get("/")
        for question in ("mark " * 400 + "x", "mark " * 150_000):
            came = join(served, client, "answer", [question, None])
            assert f"The question has {len(question.strip())} characters, at most 2000 are taken." in came
            assert len(came) < 10_000 and "mark mark" not in came
        came = join(served, client, "answer", ["/list " + "mark " * 150_000, None])
        assert "characters, at most 2000 are taken" in came and "mark mark" not in came
    kept = served.home / "conversations.sqlite"
    assert b"mark mark" not in kept.read_bytes()


@pytest.mark.parametrize(
    ("name", "data", "event"),
    [
        ("ask_next", [None], {"question": "mark " * 100_000}),
        ("list_papers", ["mark " * 100_000], {}),
        ("find", [], {"request": "mark " * 100_000, "count": ""}),
        ("find", [], {"request": "x", "count": "9" * 100_000}),
        ("find", [], {"request": "denoisers", "count": "", "filter": json.dumps({"sources": ["mark " * 100_000]})}),
        ("find", [], {"request": "denoisers", "count": "", "filter": "[" * 100_000}),
        ("find", [], {"request": "denoisers", "count": "", "filter": json.dumps({"sources": [["\x00"]]})}),
        ("find", [], {"request": ["mark"] * 100_000}),
        ("search", ["mark " * 100_000, None], {}),
        ("rename", [None], {"chat": "x" * 22, "title": "mark " * 100_000}),
        ("rename", [None], {"chat": "x" * 22, "title": "\x00"}),
        ("rate", [None], {"turn": "1", "thumb": "down", "reason": "mark " * 100_000}),
        ("rate", [None], {"turn": "9" * 100_000, "thumb": "down"}),
        ("ask_within", [None], {"papers": json.dumps(["title:none"] * 50_000)}),
        ("ask_within", [None], {"papers": "[" * 100_000}),
        ("ask_about", [None], {"paper": "mark " * 100_000}),
        ("show_similar", [], {"paper": "mark " * 100_000}),
        ("open", [None], {"chat": "mark " * 100_000}),
        ("export", [None], {"papers": json.dumps(["title:none"] * 50_000), "format": "json"}),
        ("export", [None], {"papers": "[]", "format": "mark " * 100_000}),
        ("answer", [{"a": "mark " * 100_000}, None], {}),
        ("answer", ["\x00", None], {}),
    ],
)
def test_no_text_of_an_event_comes_back_or_fails(
    served: Target, name: str, data: list[object], event: dict[str, object]
) -> None:
    with served.client() as client:
        came = join(served, client, name, data, **event)
    assert "mark mark" not in came and len(came) < 100_000
    assert '"success": true' in came or came.startswith("The page never sends this"), came[-500:]


# Too slow


def test_a_client_that_sends_slowly_is_given_up(served: Target) -> None:
    """Each of them at once: they take as long as the slowest."""
    form = "Content-Type: multipart/form-data; boundary=b"
    begun = {
        "nothing": b"",
        "half a line": b"GET / HT",
        "half a head": head("/")[:-2] + b"X-A: b",
        "no body": head("/api/ask", "Content-Length: 1000"),
        "half a body": head("/api/ask", "Content-Length: 1000") + b"{",
        "a body in pieces": head("/gradio_api/queue/join", "Transfer-Encoding: chunked") + b"1\r\n{\r\n",
        "a form to log in": head("/login", "Content-Length: 1000") + b"name=",
        "half an upload": head(UPLOAD, "Content-Length: 1000", form) + b"--b\r\n",
        "an upload in pieces": head(UPLOAD, "Transfer-Encoding: chunked", form) + b"3\r\n--b\r\n",
        "after a refusal": head("/api/ask", "Content-Length: 1000", "Origin: http://elsewhere.example"),
        "after an answer": head("/healthz", method="GET") + b"GET / HT",
    }
    drops = {"half a head", "half a body", "half an upload", "after a refusal", "after an answer", "half a line"}
    connections = {name: wire(served) for name in begun}
    came = dict.fromkeys(begun, b"")
    open_still = set(begun)
    for name, connection in connections.items():
        connection.sendall(begun[name])
        connection.setblocking(False)
    end = time.monotonic() + CAUGHT_S
    while open_still and time.monotonic() < end:
        time.sleep(0.25)
        for name in list(open_still):
            try:
                if name in drops:
                    connections[name].send(b"x")
                piece = connections[name].recv(65536)
                came[name] += piece
                if not piece:
                    open_still.remove(name)
            except BlockingIOError:
                pass
            except ConnectionError:
                open_still.remove(name)
    for connection in connections.values():
        connection.close()
    assert open_still == set()
    late = {"half a line", "half a head", "no body", "half a body", "a body in pieces", "half an upload"}
    for name in [*late, "an upload in pieces"]:
        assert came[name].startswith(b"HTTP/1.1 408"), (name, came[name])
        assert b"application/problem+json" in came[name], name
    assert came["nothing"] == b""
    assert came["after a refusal"].startswith(b"HTTP/1.1 403")
    assert came["after an answer"].startswith(b"HTTP/1.1 200")
    assert waiting(served) == []


def test_a_head_without_end_is_refused_and_costs_no_memory(served: Target) -> None:
    before = memory_mib(served)
    for line in (b"X-%d: " + b"x" * 1000 + b"\r\n", b"x" * 1000):
        with wire(served) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
            sent = 0
            try:
                while sent < 100 * MIB:
                    connection.sendall(line.replace(b"%d", secrets.token_hex(4).encode()))
                    sent += len(line)
            except ConnectionError:
                pass
            assert sent < 20 * MIB
    assert memory_mib(served) - before < 40


def test_connections_that_say_nothing_keep_nobody_out(served: Target) -> None:
    with ExitStack() as silent:
        for _ in range(AT_MOST + 20):
            silent.enter_context(wire(served))
        for _ in range(3):
            assert served.responsive_s() < 20


def test_streams_and_pauses_of_patient_clients_are_let_be(served: Target) -> None:
    with wire(served) as stream:
        stream.sendall(head("/gradio_api/heartbeat/abc", method="GET"))
        assert stream.recv(65536).startswith(b"HTTP/1.1 200")

        def body() -> Iterator[bytes]:
            for piece in (b'{"question": ', b'"denoisers"', b"}"):
                time.sleep(PATIENCE_S / 4)
                yield piece

        with served.client() as slow:
            reply = slow.post("/api/search", content=body(), headers={"content-type": "application/json"})
            assert reply.status_code == 200, reply.text
        time.sleep(PATIENCE_S)
        stream.setblocking(False)
        try:
            assert stream.recv(65536)  # not closed, though it has lasted longer than a request may
        except BlockingIOError:
            pass


# Files that nobody adds


def upload(client: httpx.Client, size: int, name: str = "page.txt") -> httpx.Response:
    """Send a file with its length."""
    return client.post(UPLOAD, files={"files": (name, b"x" * size)})


def add(target: Target, client: httpx.Client, key: str) -> dict[str, Any]:
    """Ask to add a file that was uploaded."""
    return dict(target.serve(client, "add_uploads", {"files": [{"name": "page.txt", "path": key}]}).json())


def test_uploads_are_bounded_private_and_their_visitors_own(served: Target) -> None:
    with served.client() as one, served.client() as other:
        one.get("/"), other.get("/")
        told = problem(upload(one, UPLOAD_MIB * MIB), 413)  # with the form around it
        assert told == f"The upload is larger than {UPLOAD_MIB} MiB (PAPERCHAT_UPLOAD_MIB). Send less at a time."
        assert waiting(served) == []
        keys = [upload(one, MIB, "../../../a.txt").json()[0] for _ in range(2 * OF_A_VISITOR - 1)]
        told = problem(upload(one, MIB), 413)
        assert f"would have more than {OF_A_VISITOR * UPLOAD_MIB} MiB. Add them first" in told
        assert len(waiting(served)) == len(keys)
        for path in (served.home / "uploads", *(each.parent for each in waiting(served))):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert str(served.home) not in json.dumps(keys)
        assert add(served, other, keys[0]) == {"error": "The upload is gone. Choose the file again."}
        ticket = add(served, one, keys[0])["ticket"]
        until(lambda: not served.serve(one, "progress", {"ticket": ticket}).json()["busy"])
        assert add(served, one, keys[0]) == {"error": "The upload is gone. Choose the file again."}
        assert add(served, one, "../../uploads")["error"].startswith("The upload is gone")
        assert upload(one, MIB // 4).status_code == 200  # there is room again
        (long,) = upload(one, 10, "\N{GRINNING FACE}" * 200 + ".txt").json()
        ticket = add(served, one, long)["ticket"]
        until(lambda: not served.serve(one, "progress", {"ticket": ticket}).json()["busy"])
        visitors = 0
        while (reply := upload(other, MIB)).status_code == 200 or visitors < IN_TOTAL // OF_A_VISITOR - 1:
            if reply.status_code == 413:
                visitors += 1
                other.cookies.clear()
                other.get("/")
        assert f"would have more than {IN_TOTAL * UPLOAD_MIB} MiB" in problem(reply, 507)
        assert sum(each.stat().st_size for each in waiting(served)) <= IN_TOTAL * UPLOAD_MIB * MIB


def test_what_is_no_form_is_refused_and_leaves_nothing(served: Target) -> None:
    before = waiting(served)
    with served.client() as client:
        for media, body in [
            ("application/json", b"{}"),
            ("multipart/form-data", b"x"),
            ("multipart/form-data; boundary=b", b"x" * 1000),
            ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--"),
            ("multipart/form-data; boundary=b; charset=\xff", b"--b\r\nContent-Disposition: form-data; name=\xff\r\n"),
            (
                "multipart/form-data; boundary=b",
                b"--b\r\nContent-Disposition: form-data; name=files; filename=a\r\n\r\nhalf",
            ),
        ]:
            reply = client.post(UPLOAD, content=body, headers=[(b"content-type", media.encode("latin-1"))])
            assert reply.status_code in (200, 400, 415, 507), (media, body, reply.text)
    assert waiting(served) == before


def test_a_file_that_is_not_added_is_deleted_in_time(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "uploads")

    async def wait() -> None:
        uploads = Uploads(scratch, UPLOAD_MIB, kept_s=0.1)
        key = await uploads.keep("one", "page.txt", UploadFile(io.BytesIO(b"words")))
        assert uploads.take("one", key, "page.txt").path.read_bytes() == b"words"
        await asyncio.sleep(0.5)
        with pytest.raises(AddingError):
            uploads.take("one", key, "page.txt")
        assert [each.name for each in scratch.path.iterdir()] == [".alive"]

    asyncio.run(wait())
    scratch.close()
    assert not scratch.path.exists()


def test_what_a_killed_server_left_is_deleted_at_the_next_start(attacked_index: Path, tmp_path: Path) -> None:
    alive = Scratch(tmp_path / "uploads")
    with serving(attacked_index, tmp_path) as killed:
        with killed.client() as client:
            assert upload(client, 1000).status_code == 200
        left = [each.parents[1] for each in waiting(killed)]
        killed.process.kill()
        killed.process.wait()
    assert len(left) == 1 and left[0].exists()
    other = Scratch(tmp_path / "uploads")  # as the next server makes it
    assert not left[0].exists()
    assert alive.path.exists()  # another process's
    other.close()
    alive.close()
    assert [each.name for each in (tmp_path / "uploads").iterdir() if each.is_dir()] == []
