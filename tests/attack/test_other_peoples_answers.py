"""Who knows the name of another's session or event neither reads nor stops an answer; nonsense is refused."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.attack.outside import Target, messages, new_session, serving
from ui.access.users import Users
from ui.page.guard.owners import Owners

PASSWORD = "correct horse battery"
QUESTION = "What does TideNet forecast?"
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def closed(attacked_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a server with two users."""
    home = tmp_path_factory.mktemp("closed")
    users = Users(home / "users")
    for name in ("ada", "eve"):
        users.add(name, PASSWORD)
    with serving(attacked_index, home, "--auth", str(home / "users")) as served:
        yield served


@contextmanager
def logged_in(target: Target, name: str) -> Iterator[httpx.Client]:
    with target.client() as client:
        assert client.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
        yield client


def steals(target: Target, client: httpx.Client, session: str, event: str) -> Iterator[httpx.Response]:
    """Try to read, to stop and to join another's session."""
    named = {"session_hash": session, "event_id": event}
    called = {"session_hash": session, "data": []}
    yield client.get("/gradio_api/queue/data", params=named)
    for spelt in (session.upper(), f"{session}%00", f" {session}", f"{session}%2f..%2f{session}"):
        yield client.get(f"/gradio_api/queue/data?session_hash={spelt}")
    yield client.get(f"/gradio_api/heartbeat/{session}")
    yield target.join(client, "answer", [QUESTION, None], session)
    for name in ("end", "clear"):
        yield client.post("/gradio_api/run/predict", json={**called, "fn_index": target.fn_index(client, name)})
    yield target.serve(client, "contents", {}, session)
    for path in ("cancel", "reset", f"stream/{event}", f"stream/{event}/close"):
        yield client.post(f"/gradio_api/{path}", json={**named, **called, "fn_index": 0})
    for path in (
        f"call/answer/{event}",
        f"call/v2/answer/{event}",
        "queue/status",
        f"stream/{session}/a/1/playlist.m3u8",
    ):
        yield client.get(f"/gradio_api/{path}")
    yield client.get("/gradio_api/upload_progress", params={"upload_id": session})
    yield client.get("/gradio_api/deep_link", params=named)


def answers_once_others_have_tried(target: Target, mine: httpx.Client, theirs: httpx.Client) -> None:
    session = new_session()
    event = str(target.join(mine, "answer", [QUESTION, None], session).raise_for_status().json()["event_id"])
    for reply in steals(target, theirs, session, event):
        assert reply.status_code == 404, reply.url
        assert reply.headers["content-type"] == PROBLEM
        assert "TideNet" not in reply.text
    told = [*messages(mine, session)]
    assert told[-1]["msg"] == "close_stream" and "buoy" in str(told)
    for logged in (session, event, "Traceback"):
        assert logged not in target.printed()


def test_another_user_neither_reads_nor_stops_an_answer(closed: Target) -> None:
    with logged_in(closed, "ada") as ada, logged_in(closed, "eve") as eve:
        answers_once_others_have_tried(closed, ada, eve)


def test_another_browser_neither_reads_nor_stops_an_answer_where_nobody_logs_in(target: Target) -> None:
    with target.client() as one, target.client() as other:
        one.get("/")
        other.get("/")
        answers_once_others_have_tried(target, one, other)


def test_same_user_may_go_on_in_another_browser_and_nobody_without_a_login(closed: Target) -> None:
    session = new_session()
    with logged_in(closed, "ada") as one, logged_in(closed, "ada") as other, closed.client() as nobody:
        closed.join(one, "answer", [QUESTION, None], session).raise_for_status()
        assert nobody.get("/gradio_api/queue/data", params={"session_hash": session}).status_code == 401
        assert "buoy" in str([*messages(other, session)])


def test_session_that_only_reads_gets_nothing_until_it_has_asked(target: Target) -> None:
    session = new_session()
    with target.client() as client:
        with client.stream("GET", f"/gradio_api/heartbeat/{session}") as beats:
            assert next(beats.iter_lines()) == "data: ALIVE"
            reply = client.get("/gradio_api/queue/data", params={"session_hash": session})
            assert (reply.status_code, reply.json()["detail"]) == (404, "No such session. Reload the page.")
        assert client.get("/gradio_api/queue/data").status_code == 404
    assert "Traceback" not in target.printed()


def status_of(client: httpx.Client, path: str, named: dict[str, str]) -> int:
    """Return the status of a stream, and read no more of it."""
    with client.stream("GET", path, params=named) as stream:
        return stream.status_code


def test_stream_that_is_dropped_or_opened_twice_leaves_no_traceback(target: Target) -> None:
    session = new_session()
    with target.client() as client:
        target.join(client, "answer", [QUESTION, None], session).raise_for_status()
        data, named = "/gradio_api/queue/data", {"session_hash": session}
        with ThreadPoolExecutor() as aside, client.stream("GET", data, params=named) as one:
            assert one.status_code == 200 and next(one.iter_lines())
            other = aside.submit(status_of, client, data, named)
            time.sleep(0.2)
            one.close()
            assert other.result() in (200, 404)  # there is something left to read, or not
        assert target.responsive_s() < 30
    assert "Traceback" not in target.printed()


def nonsense(target: Target, client: httpx.Client) -> Iterator[tuple[str, Any]]:
    """Yield paths and bodies, each with one thing in it that no page sends."""
    answer, find, end = (target.fn_index(client, name) for name in ("answer", "find", "end"))
    good: dict[str, Any] = {"data": [QUESTION, None], "fn_index": answer, "session_hash": new_session()}
    listing = {"data": [], "fn_index": find, "session_hash": new_session()}
    called = {"data": [], "fn_index": end, "session_hash": new_session()}
    each: Any
    join, run, serve = "queue/join", "run/predict", "component_server/"
    for each in (-1, -(2**70), 999, 2**70, "0", "x", 1.5, True, None, [], {}):
        yield join, {**good, "fn_index": each}
    for each in (-1, 999, None, answer):
        yield run, {**called, "fn_index": each}
    for name in good:
        yield join, {key: value for key, value in good.items() if key != name}
    for each in (
        {},
        "x",
        None,
        7,
        [],
        [QUESTION],
        [QUESTION, None, None],
        [7, None],
        [[], None],
        [True, None],
        [{}] * 2,
    ):
        yield join, {**good, "data": each}
    for text in ("\0", "a\0b", "\ud800"):
        yield join, {**good, "data": [text, None]}
        yield join, {**listing, "event_data": {"request": text, "count": ""}}
    for each in (None, "", 7, "\0", "x" * 65, "../x", "a b", "é", []):
        yield join, {**good, "session_hash": each}
    for each in (-1, "x", 1.5, 2**70, [], 999_999, True):
        yield join, {**good, "trigger_id": each}
    for more in ("event_id", "batched", "simple_format", "oauth_token", "request", "batch_trigger_ids"):
        yield join, {**good, more: True}
    for each in (7, "\0", [], {"request": ["x"]}, {"request": {}}, {"a\0": "x"}, {str(at): "x" for at in range(100)}):
        yield join, {**listing, "event_data": each}
    asked = {"component_id": target.component(client, "corpus"), "session_hash": new_session()}
    for name in ("", "nothing", "__init__", "preprocess", "as_example", "get_config", "card\0"):
        yield serve, {**asked, "fn_name": name, "data": {"paper": "x"}}
    for each in (None, [], "x", {"paper": 7}, {"paper": "\0"}, {"paper": ["x"]}):
        yield serve, {**asked, "fn_name": "card", "data": each}
    for component in (-1, 0, 999, "x", None, 2**70):
        yield serve, {**asked, "component_id": component, "fn_name": "card", "data": {"paper": "x"}}
    for path in (join, run, serve):
        for body in (b"", b"{", b"[]", b"null", b"7", b"\xff", b"[" * 100_000, b'{"data":' * 5000, b"1" * 5000, b"NaN"):
            yield path, body
        yield path, b'{"data": ["' + b"x" * (1024 * 1024) + b'"]}'


def test_what_no_page_sends_is_refused_as_a_problem_and_leaves_no_traceback(target: Target) -> None:
    with target.client() as client:
        for path, body in nonsense(target, client):
            content = body if isinstance(body, bytes) else json.dumps(body)
            reply = client.post(f"/gradio_api/{path}", content=content, headers={"content-type": "application/json"})
            assert 400 <= reply.status_code < 500, (path, str(body)[:200], reply.text)
            assert reply.headers["content-type"] == PROBLEM
            assert len(reply.text) < 1000 and "Traceback" not in reply.text
        for kind in ("text/plain", "multipart/form-data; boundary=x", ""):
            reply = client.post("/gradio_api/queue/join", content=b"{}", headers={"content-type": kind})
            assert reply.status_code == 415
        target.join(client, "answer", [QUESTION, None]).raise_for_status()
    assert "Traceback" not in target.printed()


def test_names_belong_to_who_first_used_them_until_they_are_forgotten() -> None:
    time = [0.0]
    owners = Owners(most=2, lasts_s=10, now=lambda: time[0])
    assert owners.claim("a", "ada") and owners.claim("a", "ada") and not owners.claim("a", "eve")
    assert owners.owns("a", "ada") and not owners.owns("a", "eve") and not owners.owns("b", "ada")
    assert owners.claim("b", "eve") and owners.claim("a", "ada") and owners.claim("c", "eve")
    assert owners.owns("a", "ada") and not owners.owns("b", "eve")  # the least recently used
    time[0] = 9
    assert owners.claim("a", "ada")
    time[0] = 15
    assert owners.owns("a", "ada") and not owners.owns("c", "eve")
    time[0] = 19
    assert owners.claim("a", "eve")
