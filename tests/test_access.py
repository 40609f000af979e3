"""Who may come in: users, keys, names, other sites' pages; asked over a real server, and by a real browser."""

import asyncio
import base64
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import gradio as gr
import httpx
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from playwright.sync_api import Browser, expect
from starlette.types import Message

from index.errors import UserError
from index.store import Store
from rag.engine import Engine
from rag.settings import Settings
from tests.conftest import HashingEncoder, ScriptedWriter
from ui.access import Access, Gate, Users, at_home, attempts, visitor
from ui.access.attempts import Attempts
from ui.access.door import inside
from ui.access.keys import Keys
from ui.access.refusals import colours, for_programs
from ui.access.rules import Uploads
from ui.access.sessions import IDLE_S, Sessions
from ui.page.corpus import SCRATCH
from ui.server import Server, app, listen

Made = TypeVar("Made")
ROOT = Path(__file__).parents[1]
PASSWORD, KEY = "correct horse battery", "k3y-of-a-notebook-42"
HTML = {"accept": "text/html,application/xhtml+xml"}
BEARER = {"authorization": f"Bearer {KEY}"}
ELSEWHERE = "https://notes.example"


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def users_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("users") / "users"
    Users(file).add("ada", PASSWORD)
    return file


def made(make: Callable[[], Made]) -> Made:
    """Return what is made while a loop of events runs, beside Playwright's: Gradio leaves one open where none does."""

    async def make_it() -> Made:
        return make()

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, make_it()).result()


@contextmanager
def running(server: uvicorn.Server, *sockets: socket.socket) -> Iterator[None]:
    thread = threading.Thread(target=server.run, args=([*sockets],))
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def gated(access: Access) -> Iterator[str]:
    """A small application behind a gate, on a real server."""
    app = FastAPI()

    @app.api_route("/api/who", methods=["GET", "POST", "DELETE"])
    @app.api_route("/who", methods=["GET", "POST"])
    @app.get("/healthz")
    @app.get("/metrics")
    def who(request: Request) -> dict[str, Any]:
        client = request.client.host if request.client else ""
        told = [name for name in request.headers if "forwarded" in name]
        where = {"client": client, "scheme": request.url.scheme, "told": told}
        return {"visitor": visitor(request), "at_home": at_home(request), **where}

    @app.get("/open")
    def open_to_all() -> PlainTextResponse:
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}
        return PlainTextResponse("", headers=headers)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("inside")

    with served(Gate(app, access)) as url:
        yield url


@contextmanager
def served(app: Gate) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", proxy_headers=False, lifespan="on")
    with listener, running(uvicorn.Server(config), listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(scope="module")
def open_url() -> Iterator[str]:
    """Without anything given."""
    with gated(Access.of()) as url:
        yield url


@pytest.fixture
def closed_url(users_file: Path) -> Iterator[str]:
    """With a user and a key; its attempts are counted from none."""
    with gated(Access.of(auth=users_file, keys=[KEY])) as url:
        yield url


def log_in(client: httpx.Client, password: str = PASSWORD, name: str = "ada", **more: str) -> httpx.Response:
    return client.post("/login", data={"name": name, "password": password, **more})


# Who asks


def test_browser_is_known_again_by_its_cookie_even_by_another_server(open_url: str) -> None:
    with httpx.Client() as one, httpx.Client() as other, gated(Access.of()) as restarted:
        first = one.get(f"{open_url}/who").json()["visitor"]
        assert re.fullmatch(r"visitor:[0-9a-f]{32}", first)
        assert one.get(f"{open_url}/who").json()["visitor"] == first
        assert one.get(f"{restarted}/who").json()["visitor"] == first
        assert other.get(f"{open_url}/who").json()["visitor"] != first


def test_cookie_of_a_browser_is_long_hidden_from_scripts_and_not_told_by_the_name(open_url: str) -> None:
    reply = httpx.get(f"{open_url}/who")
    (cookie,) = reply.headers.get_list("set-cookie")
    token = reply.cookies["paperchat_visitor"]
    assert len(token) == 32  # 6 bits each
    assert set(cookie.split("; ")[1:]) == {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"}
    assert token not in reply.json()["visitor"]
    again = httpx.get(f"{open_url}/who", cookies={"paperchat_visitor": token})
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("token", ["", "short", "user:ada" * 4, "x" * 65, "a b" * 10])
def test_cookie_that_we_never_set_is_replaced(open_url: str, token: str) -> None:
    reply = httpx.get(f"{open_url}/who", headers={"cookie": f"paperchat_visitor={token}"})
    assert len(reply.cookies["paperchat_visitor"]) == 32


def test_what_watches_over_us_gets_no_cookie(open_url: str) -> None:
    assert "set-cookie" not in httpx.get(f"{open_url}/healthz").headers


def test_who_sits_at_this_machine_is_told_from_who_comes_by_a_proxy_or_a_login(open_url: str, closed_url: str) -> None:
    assert httpx.get(f"{open_url}/who").json()["at_home"] is True
    for header in ("x-forwarded-for", "forwarded", "x-real-ip"):
        assert httpx.get(f"{open_url}/who", headers={header: "127.0.0.1"}).json()["at_home"] is False
    assert httpx.get(f"{closed_url}/who", auth=("ada", PASSWORD)).json()["at_home"] is False
    assert not at_home(object())


@pytest.mark.parametrize(
    ("uploads", "anybody", "by_proxy", "user"),
    [
        ("auto", True, False, True),
        ("nobody", False, False, False),
        ("users", False, False, True),
        ("everyone", True, True, True),
    ],
)
def test_uploads_are_open_to_whom_the_setting_says(
    users_file: Path, uploads: Uploads, anybody: bool, by_proxy: bool, user: bool
) -> None:
    passed_on = {"X-Forwarded-For": "192.0.2.1"}
    with gated(Access(uploads=uploads)) as url:
        assert [may_send(url), may_send(url, headers=passed_on)] == [anybody, by_proxy]
    with gated(Access.of(auth=users_file, proxies=["127.0.0.1"], uploads=uploads)) as url:
        assert may_send(url, headers=passed_on, auth=("ada", PASSWORD)) == user


def may_send(url: str, **options: Any) -> bool:  # noqa: ANN401 - those of httpx
    """Tell whether an upload passes the gate; the application behind it knows none."""
    status = httpx.post(f"{url}/gradio_api/upload", **options).status_code
    assert status in (403, 404)
    return status == 404


def test_event_handlers_of_gradio_know_the_same_visitor() -> None:
    app = made(_page_that_tells)
    with served(Gate(app, Access())) as url, httpx.Client(base_url=url) as one, httpx.Client(base_url=url) as other:
        told = []
        for client in (one, other, one):
            event = client.post("/gradio_api/call/who", json={"data": []}).json()["event_id"]
            reply = client.get(f"/gradio_api/call/who/{event}").text
            told.append(json.loads(reply.split("data: ")[-1])[0])
    assert told[0] == told[2] != told[1]
    assert told[0].startswith("visitor:")


def _page_that_tells() -> FastAPI:
    app = FastAPI()
    with gr.Blocks(analytics_enabled=False) as blocks:
        blocks.load(_who, None, gr.Textbox(), api_name="who")
    gr.mount_gradio_app(app, blocks, path="/")
    return app


def _who(request: gr.Request) -> str:
    return visitor(request)


def test_request_past_the_gate_has_no_visitor() -> None:
    with pytest.raises(ValueError, match="did not come through a Gate"):
        visitor(Request({"type": "http", "headers": []}))


def test_stream_begins_before_it_ends_and_ends_when_its_reader_goes() -> None:
    app, ended = FastAPI(), threading.Event()

    async def pieces() -> AsyncIterator[str]:
        try:
            while True:
                yield "piece"
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    @app.get("/api/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(pieces())

    with served(Gate(app, Access())) as url:
        with httpx.stream("GET", f"{url}/api/stream") as reply:
            assert next(reply.iter_text()).startswith("piece")
        assert ended.wait(20)


# By which name, from which site


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "LOCALHOST.", "127.0.0.1:7860", "127.8.9.1", "[::1]:7"])
def test_name_of_this_machine_is_ours(host: str) -> None:
    assert Access().goes_by(host)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7860", "10.0.0.7"]
)
def test_another_name_is_a_trick_where_only_this_machine_reaches_us(open_url: str, host: str) -> None:
    reply = httpx.get(f"{open_url}/api/who", headers={"host": host})
    assert (reply.status_code, reply.headers["content-type"]) == (421, "application/problem+json")
    assert reply.json()["detail"].startswith(f"This server does not go by the name {host!r}.")
    assert reply.json()["instance"] == "/api/who"


def test_names_given_are_ours_and_other_machines_have_any_name(users_file: Path) -> None:
    assert Access.of(hosts=["Papers.example"]).goes_by("papers.example:443")
    assert Access.of("0.0.0.0", auth=users_file).goes_by("box.local")
    named = Access.of("0.0.0.0", auth=users_file, hosts=["box.local"])
    assert named.goes_by("192.168.1.5:7860") and named.goes_by("box.local") and not named.goes_by("evil.example")


def test_hostile_name_is_text_on_the_page_that_refuses_it(open_url: str) -> None:
    reply = httpx.get(f"{open_url}/who", headers={**HTML, "host": "<b>evil</b>"})
    assert reply.status_code == 421
    assert "&lt;b&gt;evil" in reply.text and "<b>evil" not in reply.text
    assert "script-src" not in reply.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program
        ({"origin": "http://127.0.0.1:PORT"}, 200),
        ({"origin": "http://localhost:3000"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ELSEWHERE, "sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
    ],
)
def test_only_our_own_pages_and_programs_change_anything(open_url: str, headers: dict[str, str], status: int) -> None:
    port = open_url.rpartition(":")[2]
    sent = {name: value.replace("PORT", port) for name, value in headers.items()}
    assert httpx.post(f"{open_url}/api/who", headers=sent).status_code == status


def test_link_from_another_site_leads_to_us_but_its_scripts_and_pictures_get_nothing(open_url: str) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert httpx.get(f"{open_url}/who", headers=link).status_code == 200
    picture = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert httpx.get(f"{open_url}/who", headers=picture).status_code == 403


def test_what_an_application_behind_says_of_other_sites_is_taken_out(open_url: str) -> None:
    assert [name for name in httpx.get(f"{open_url}/open").headers if name.startswith("access-control")] == []


def test_site_that_is_named_may_call_the_service_and_not_the_page() -> None:
    with gated(Access.of(origins=[f"{ELSEWHERE}/"])) as url:
        asks = {"origin": ELSEWHERE, "access-control-request-method": "POST"}
        asks["access-control-request-headers"] = "authorization, content-type"
        before = httpx.options(f"{url}/api/who", headers=asks)
        assert before.status_code == 204
        assert before.headers["access-control-allow-origin"] == ELSEWHERE
        assert before.headers["access-control-allow-headers"] == "authorization, content-type"
        reply = httpx.post(f"{url}/api/who", headers={"origin": ELSEWHERE, "sec-fetch-site": "cross-site"})
        assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, ELSEWHERE)
        assert "access-control-allow-credentials" not in reply.headers
        assert reply.headers["vary"] == "Origin"
        assert httpx.post(f"{url}/who", headers={"origin": ELSEWHERE}).status_code == 403
        assert httpx.options(f"{url}/who", headers=asks).status_code == 403
        assert httpx.post(f"{url}/api/who", headers={"origin": f"{ELSEWHERE}.evil.example"}).status_code == 403


def test_what_proxies_say_is_believed_of_ours_alone(open_url: str, users_file: Path) -> None:
    says = {
        "x-forwarded-for": "198.51.100.9, 203.0.113.7",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "e.example",
    }
    assert httpx.get(f"{open_url}/api/who", headers=says).json()["client"] == "127.0.0.1"
    assert httpx.get(f"{open_url}/api/who", headers=says).json()["told"] == []
    with (
        gated(Access.of(keys=[KEY], auth=users_file, proxies=["127.0.0.1"])) as url,
        httpx.Client(base_url=url) as client,
    ):
        found = client.get("/api/who", headers={**says, **BEARER}).json()
        assert (found["client"], found["scheme"]) == ("203.0.113.7", "https")
        reply = client.post("/login", data={"name": "ada", "password": PASSWORD}, headers=says)
        assert "Secure" in reply.headers["set-cookie"].split("; ")


# Every answer


@pytest.mark.parametrize("path", ["/who", "/api/who", "/missing", "/broken", "/login", "/healthz"])
def test_every_answer_has_the_headers_that_guard(open_url: str, path: str) -> None:
    headers = httpx.get(f"{open_url}{path}").headers
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert path == "/login" or headers["cache-control"] == "no-store"


# Users and keys


def test_password_is_kept_as_a_hash_for_its_owners_eyes(tmp_path: Path) -> None:
    users = Users(tmp_path / "deep" / "users")
    assert users.add("ada", PASSWORD) and not users.add("ada", f"{PASSWORD}!")
    text = users.file.read_text(encoding="utf-8")
    assert text.startswith("ada:$argon2id$") and PASSWORD not in text
    assert users.file.stat().st_mode & 0o777 == 0o600
    assert users.proves("ada", f"{PASSWORD}!") and not users.proves("ada", PASSWORD)
    assert not users.proves("bob", PASSWORD) and users.stamp("bob") is None


def test_letters_are_the_same_however_they_are_composed(tmp_path: Path) -> None:
    users = Users(tmp_path / "users")
    users.add("zo\u00eb", "caf\u00e9 caf\u00e9")
    assert users.proves("zoe\u0308", "cafe\u0301 cafe\u0301")


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("a:b", PASSWORD, "'a:b' is no name for a user: 1 to 64 letters"),
        ("", PASSWORD, "'' is no name"),
        ("a\nb", PASSWORD, "is no name"),
        ("#ada", PASSWORD, "is no name"),
        ("ada", "short", "A password of 5 characters is too short: take 8 or more."),
    ],
)
def test_name_or_password_that_will_not_do_is_refused(tmp_path: Path, name: str, password: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Users(tmp_path / "users").add(name, password)
    assert not (tmp_path / "users").exists()


def test_unknown_user_costs_as_much_as_a_wrong_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = Users(tmp_path / "users")
    users.add("ada", PASSWORD)
    verified: list[str] = []
    real = users._hasher.verify

    def verify(password: str, hashed: str) -> bool:
        verified.append(hashed)
        return real(password, hashed)

    monkeypatch.setattr(users._hasher, "verify", verify)
    assert not users.proves("ada", "wrong") and not users.proves("nobody", "wrong")
    costs = [re.findall(r"m=\d+,t=\d+,p=\d+", hashed) for hashed in verified]
    assert len(costs) == 2 and costs[0] == costs[1]


def test_file_that_is_no_list_of_users_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("# ours\nada:secret\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"Line 2 of .*users is no user: NAME:HASH"):
        Users.open(tmp_path / "users")
    with pytest.raises(UserError, match=r"No user in .*none\. Add one: paperchat users add NAME --auth .*none"):
        Users.open(tmp_path / "none")


def test_file_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for users in (Users(tmp_path / "file" / "users"), Users(tmp_path)):
        with pytest.raises(UserError, match=r"Cannot (read|write) .*: .*--auth FILE"):
            users.add("ada", PASSWORD)


def test_key_is_compared_by_its_digest() -> None:
    keys = Keys([KEY, f"{KEY}!", " "])
    assert keys.name_of(KEY) and keys.name_of(KEY) != keys.name_of(f"{KEY}!")
    assert keys.name_of("") is None and keys.name_of(KEY[:-1]) is None
    assert KEY not in str(vars(keys)) and not Keys()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_this_machine_alone_reaches_its_own_addresses(address: str) -> None:
    assert Access.of(address).local


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "box.local", ""])
def test_address_that_others_reach_needs_users_or_a_key(address: str) -> None:
    message = f"Others can reach {re.escape(address)}, and nothing says who may come in. Name users: paperchat users"
    with pytest.raises(UserError, match=message):
        Access.of(address)
    assert Access.of(address, keys=[KEY]).closed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keys": ["short"]}, "A key needs 16 or more plain characters. Make one: python -c"),
        ({"origins": ["*"]}, "'\\*' is no site: an origin looks like https://notes.example"),
        ({"origins": ["notes.example"]}, "'notes.example' is no site"),
        ({"proxies": ["*"], "keys": [KEY]}, "'\\*' is no address of a proxy"),
        ({"proxies": ["127.0.0.1"]}, "Others can reach us through a proxy, and nothing says who may come in."),
    ],
)
def test_rule_that_does_not_fit_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Access.of(**options)


# Logging in


def test_nobody_passes_without_credentials_but_to_ask_whether_we_live(closed_url: str) -> None:
    page = httpx.get(f"{closed_url}/who?about=a&b=c", headers=HTML)
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/who%3Fabout%3Da%26b%3Dc")
    behind = httpx.get(f"{closed_url}/who")  # what the page asks for when the login has ended
    assert (behind.status_code, behind.json()["detail"]) == (401, "You are not logged in. Reload the page.")
    program = httpx.get(f"{closed_url}/api/who", headers=HTML)
    assert program.status_code == 401 and program.headers["content-type"] == "application/problem+json"
    assert program.headers["www-authenticate"].startswith('Bearer realm="paperchat", Basic realm=')
    assert "Bearer KEY, or Basic with a user's name and password" in program.json()["detail"]
    assert httpx.get(f"{closed_url}/healthz").status_code == 200
    assert httpx.get(f"{closed_url}/metrics").status_code == 401


def test_user_logs_in_goes_on_where_the_link_led_and_logs_out(closed_url: str) -> None:
    with httpx.Client(base_url=closed_url) as client:
        reply = log_in(client, next="/who?about=a")
        assert (reply.status_code, reply.headers["location"]) == (303, "/who?about=a")
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(reply.headers["set-cookie"].split("; "))
        assert client.get("/who").json()["visitor"] == "user:ada"
        assert client.get("/api/who").json()["visitor"] == "user:ada"
        assert "You are logged in, ada." in client.get("/logout").text
        token = client.cookies["paperchat_session"]
        assert client.post("/logout").headers["location"] == "/login"
        assert "paperchat_session" not in client.cookies
    assert httpx.get(f"{closed_url}/who", cookies={"paperchat_session": token}).status_code == 401


def test_each_login_has_a_token_of_its_own(closed_url: str) -> None:
    chosen = {"cookie": "paperchat_session=chosen-by-somebody-else"}
    first = httpx.post(f"{closed_url}/login", data={"name": "ada", "password": PASSWORD}, headers=chosen)
    token = first.cookies["paperchat_session"]
    assert token not in chosen["cookie"] and len(token) == 43  # 6 bits each
    with httpx.Client(base_url=closed_url) as client:
        client.cookies.set("paperchat_session", token, domain="127.0.0.1")
        assert client.get("/who").status_code == 200
        log_in(client)
        assert client.cookies["paperchat_session"] != token and client.get("/who").status_code == 200
    assert httpx.get(f"{closed_url}/who", headers={"cookie": f"paperchat_session={token}"}).status_code == 401


def test_wrong_password_is_told_without_telling_who_is_known(closed_url: str) -> None:
    with httpx.Client(base_url=closed_url) as client:
        known, unknown = log_in(client, "wrong"), log_in(client, "wrong", name="<i>bob")
        assert known.status_code == unknown.status_code == 401
        assert known.text.replace("ada", "") == unknown.text.replace("&lt;i&gt;bob", "")
        assert "Name or password is wrong." in known.text and "<i>bob" not in unknown.text
        assert not client.cookies


def test_guessing_is_slowed_and_the_right_password_waits_too(closed_url: str) -> None:
    with httpx.Client(base_url=closed_url) as client:
        tries = [log_in(client, "wrong") for _ in range(attempts.BOTH.at_once + 1)]
        assert [reply.status_code for reply in tries] == [401] * attempts.BOTH.at_once + [429]
        assert 1 <= int(tries[-1].headers["retry-after"]) <= attempts.BOTH.every_s
        assert "Too many attempts. Try again in" in tries[-1].text
        assert log_in(client).status_code == 429
        basic = client.get("/api/who", auth=("ada", PASSWORD))
        assert basic.status_code == 429 and "retry-after" in basic.headers
        assert log_in(client, name="bob").status_code == 401


def test_attempts_come_back_one_by_one_and_addresses_and_names_count_too() -> None:
    clock = Clock()
    counted = Attempts(clock)
    assert [counted.take("a", "ada") for _ in range(5)] == [0] * 5
    assert counted.take("a", "ada") == 30
    assert counted.take("b", "ada") == 0
    clock.now += 30
    assert counted.take("a", "ada") == 0 and counted.take("a", "ada") == 30
    assert [counted.take("c", f"user {n}") for n in range(21)] == [0] * 20 + [10]
    assert [counted.take(f"2001:db8::{n}", "eve") for n in range(6)] == [0] * 5 + [30]
    assert [counted.take(f"::ffff:192.0.2.{n}", "eve") for n in range(6)] == [0] * 6
    assert [counted.take("a", "ada", "its laptop") for _ in range(6)] == [0] * 5 + [30]


def test_strangers_who_give_a_name_wait_the_longer_the_more_they_are() -> None:
    clock = Clock()
    counted = Attempts(clock)
    assert [counted.delay_s("eve") for _ in range(90)] == [0.0] * 50 + [n / 2 for n in range(1, 20)] + [10.0] * 21
    assert counted.delay_s("ada") == 0
    clock.now += 5 * 70  # one each five seconds
    assert counted.delay_s("eve") == 0
    counted.forgive("a", "eve", stranger=True)
    assert [counted.delay_s("eve") for _ in range(51)] == [0.0] * 50 + [0.5]


def test_right_password_costs_no_attempt() -> None:
    counted = Attempts(Clock())
    for _ in range(100):
        assert counted.take("a", "ada") == 0
        counted.forgive("a", "ada")


def test_login_ends_when_it_is_unused_for_long() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    token = sessions.begin("ada", "stamp")
    clock.now += IDLE_S - 1
    assert sessions.find(token)
    clock.now += IDLE_S - 1
    assert sessions.find(token)
    clock.now += IDLE_S + 1
    assert sessions.find(token) is None


def test_user_who_logs_in_often_ends_own_logins_and_nobody_else_s() -> None:
    sessions = Sessions()
    first, own = sessions.begin("ada", "stamp"), [sessions.begin("bob", "stamp") for _ in range(10_001)]
    assert sessions.find(first) and sessions.find(own[-1]) and not sessions.find(own[0])


def test_new_password_and_removed_user_end_logins_at_once(tmp_path: Path) -> None:
    users = Users(tmp_path / "users")
    users.add("ada", PASSWORD)
    users.add("bob", PASSWORD)
    with gated(Access.of(auth=users.file)) as url, httpx.Client(base_url=url) as client:
        log_in(client)
        assert client.get("/who").status_code == 200
        users.add("ada", f"{PASSWORD}!")
        assert client.get("/who").status_code == 401
        assert client.get("/who", auth=("ada", f"{PASSWORD}!")).json()["visitor"] == "user:ada"
        users.remove("ada")
        assert client.get("/who", auth=("ada", f"{PASSWORD}!")).status_code == 401
        log_in(client, name="bob")
        users.file.unlink()
        assert client.get("/who").status_code == 401


def test_program_shows_a_key_or_a_name_and_password(closed_url: str) -> None:
    assert re.fullmatch("key:[0-9a-f]{24}", httpx.get(f"{closed_url}/api/who", headers=BEARER).json()["visitor"])
    assert httpx.get(f"{closed_url}/metrics", headers=BEARER).status_code == 200
    assert httpx.get(f"{closed_url}/who", headers=BEARER).status_code == 401
    for _ in range(2):
        assert httpx.get(f"{closed_url}/api/who", auth=("ada", PASSWORD)).json()["visitor"] == "user:ada"
    wrong = [f"Bearer {KEY}x", "Bearer", "Basic", "Basic !!", f"Basic {base64.b64encode(b'ada').decode()}", "Digest x"]
    for header in wrong:
        assert httpx.get(f"{closed_url}/api/who", headers={"authorization": header}).status_code == 401, header


def test_with_keys_alone_a_person_logs_in_with_a_key_and_browsers_stay_apart() -> None:
    with gated(Access.of(keys=[KEY])) as url, httpx.Client(base_url=url) as one, httpx.Client(base_url=url) as other:
        assert "Key</label>" in one.get("/login").text and "Name</label>" not in one.get("/login").text
        assert one.post("/login", data={"password": "guess"}).status_code == 401
        for client in (one, other):
            assert client.post("/login", data={"password": KEY}).status_code == 303
        names = {client.get("/who").json()["visitor"] for client in (one, other)}
        assert len(names) == 2 and all(name.startswith("visitor:") for name in names)


def test_login_by_a_form_of_another_site_is_refused(closed_url: str) -> None:
    for path in ("/login", "/logout"):
        reply = httpx.post(f"{closed_url}{path}", data={"name": "ada"}, headers={"origin": ELSEWHERE, **HTML})
        assert reply.status_code == 403 and "A page of another site" in reply.text


def test_form_that_is_too_long_is_not_read_to_its_end(closed_url: str) -> None:
    assert httpx.post(f"{closed_url}/login", content=b"name=" + b"a" * 100_000).status_code == 413
    assert httpx.put(f"{closed_url}/login").status_code == 405


@pytest.mark.parametrize("path", ["/", "/?view=lists", "/api/status", "/a//b"])
def test_path_of_ours_is_gone_on_to(path: str) -> None:
    assert inside(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "a", "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", " //evil.example"),
        *("javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "/login?next=/login", "/logout"),
    ],
)
def test_path_that_leads_elsewhere_is_not_gone_on_to(path: str) -> None:
    assert inside(path) == "/"


def test_login_page_has_the_colours_of_the_page() -> None:
    light, dark = colours().split("@media (prefers-color-scheme: dark)")
    for name in re.findall(r"var\((--[\w-]+)\)", (ROOT / "ui/access/shell.css").read_text(encoding="utf-8")):
        assert f"{name}:" in light and f"{name}:" in dark


# The terminal


def paperchat(*words: str, stdin: str = "", home: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from ui.cli import main; sys.argv[0] = 'paperchat'; main()"
    env = {"PAPERCHAT_HOME": str(home), "PATH": ""}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=ROOT, env=env)


def test_users_are_added_listed_and_removed(tmp_path: Path) -> None:
    added = paperchat("users", "add", "ada", stdin=f"{PASSWORD}\n", home=tmp_path)
    assert added.stdout == "ada may log in.\n" and f"paperchat serve --auth {tmp_path / 'users'}" in added.stderr
    assert paperchat("users", "add", "ada", stdin=f"{PASSWORD}!\n", home=tmp_path).stdout == "ada has a new password.\n"
    assert Users(tmp_path / "users").proves("ada", f"{PASSWORD}!")
    assert paperchat("users", "list", home=tmp_path).stdout == "ada\n"
    assert paperchat("users", "remove", "ada", home=tmp_path).stdout == "ada may no longer log in.\n"
    missing = paperchat("users", "remove", "ada", home=tmp_path)
    assert (missing.returncode, missing.stderr) == (1, f"Error: No user 'ada' in {tmp_path / 'users'}.\n")


def test_serve_refuses_an_address_that_others_reach_before_it_loads_anything(tmp_path: Path) -> None:
    done = paperchat("serve", "--host", "0.0.0.0", "--index", str(tmp_path / "none"), home=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Others can reach 0.0.0.0, and nothing says who may come in. Name users:")
    assert done.stderr.count("\n") == 1


def test_way_in_that_no_face_has_is_shut() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    asyncio.run(Gate(FastAPI(), Access())({"type": "websocket", "path": "/"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


# The whole of it


@pytest.fixture(scope="module")
def engine(index_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Keeps its store open for all tests of the module."""
    encoder = HashingEncoder()
    writer = ScriptedWriter("Pretraining takes 1.5x ", "less time on average.")
    settings = Settings(home=tmp_path_factory.mktemp("kept"))
    with Engine(settings, Store.open(index_folder, encoder), encoder, writer) as engine:
        yield engine


@contextmanager
def serving(engine: Engine, access: Access | None = None) -> Iterator[str]:
    server = made(lambda: Server(engine, listen(port=0), access))
    with running(server):
        yield server.url


@pytest.fixture(scope="module")
def url(engine: Engine) -> Iterator[str]:
    with serving(engine) as url:
        yield url


def test_server_for_others_without_rules_does_not_start(engine: Engine) -> None:
    with listen("0.0.0.0", 0) as listener, pytest.raises(UserError, match=r"Others can reach 0\.0\.0\.0"):
        Server(engine, listener)


def test_every_route_but_the_page_is_for_programs_or_open(engine: Engine) -> None:
    whole = made(lambda: app(engine))
    paths = {*whole.openapi()["paths"], *(str(getattr(route, "path", "")) for route in whole.routes)} - {"", "/look"}
    whole.state.conversations.close()
    assert "/api/ask" in paths and "/v1/chat/completions" in paths
    assert [path for path in paths if not for_programs(path)] == ["/healthz"]


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/cancel", "/api/ask"])
def test_other_sites_reach_no_route_of_the_page_or_the_service(url: str, path: str) -> None:
    for origin in ("http://localhost:3000", "null", ELSEWHERE):
        reply = httpx.post(f"{url}{path}", json={}, headers={"origin": origin})
        assert reply.status_code == 403
        assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/gradio_api/file=pyproject.toml",
        "/gradio_api/file=ui/access/users.py",
        "/gradio_api/file/pyproject.toml",
        "/gradio_api/file=C:%5Cwindows%5Cwin.ini",
        "/gradio_api/custom_component/x/client/..%2f..%2f/__init__.py",
        "/static/..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/assets/..%2f..%2froutes.py",
        "/look/..%2fdesk.py",
        "/look/%2e%2e/desk.py",
    ],
)
def test_no_file_outside_its_folder_is_read(url: str, path: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as wire:  # as it stands: a client would tidy the path
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        reply = b"".join(iter(lambda: wire.recv(65536), b""))
    assert reply.split()[1] in (b"403", b"404"), reply[:200]
    assert b"root:" not in reply and b"import " not in reply


@pytest.mark.parametrize("path", ["proxy=http://127.0.0.1:9/", "file=http://127.0.0.1:9/", "file=HTTPS://e.example/"])
def test_nothing_is_fetched_from_elsewhere_for_anybody(url: str, path: str) -> None:
    reply = httpx.get(f"{url}/gradio_api/{path}")
    assert (reply.status_code, reply.json()["title"]) == (404, "Not Found")


@pytest.mark.parametrize("name", ["../../../pwned.txt", "..\\..\\pwned.txt", "/tmp/pwned.txt", "%2e%2e%2fpwned.txt"])
def test_upload_stays_in_its_folder(url: str, engine: Engine, name: str) -> None:
    folder = engine.settings.home_folder / SCRATCH
    there = set(folder.rglob("*.txt"))
    (key,) = httpx.post(f"{url}/gradio_api/upload", files={"files": (name, b"words")}).json()
    (kept,) = set(folder.rglob("*.txt")) - there
    assert kept == kept.resolve() and kept.read_bytes() == b"words"
    assert (kept.name, kept.parent.name) == ("pwned.txt" if "%" not in name else name, key)
    assert kept.parents[2] == folder


def test_gradio_builds_no_address_from_what_anybody_says(url: str) -> None:
    config = httpx.get(f"{url}/config", headers={"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"})
    assert config.status_code == 200 and "evil.example" not in config.text


def test_page_and_every_route_of_gradio_need_a_login(engine: Engine, users_file: Path) -> None:
    with serving(engine, Access.of(auth=users_file, keys=[KEY])) as url:
        for path in (
            "/config",
            "/gradio_api/info",
            "/look/page.css",
            "/theme.css",
            "/gradio_api/queue/data",
            "/openapi.json",
        ):
            assert httpx.get(f"{url}{path}").status_code == 401, path
        for path in ("/gradio_api/queue/join", "/gradio_api/upload", "/api/ask", "/v1/chat/completions", "/mcp"):
            assert httpx.post(f"{url}{path}", json={}).status_code == 401, path
        assert httpx.get(f"{url}/config", headers=BEARER).status_code == 401
        assert httpx.get(f"{url}/api/status", headers=BEARER).json()["papers"] == 10
        assert httpx.get(f"{url}/healthz").status_code == 200


@pytest.mark.browser
def test_page_passes_its_policy_while_a_person_logs_in_asks_and_logs_out(
    browser: Browser, engine: Engine, users_file: Path
) -> None:
    said: list[str] = []
    with serving(engine, Access.of(auth=users_file)) as url, browser.new_context() as person:
        page = person.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{url}/?view=chat")
        expect(page.get_by_label("Name")).to_be_focused()
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}/?view=chat")
        page.locator("#question textarea").fill("How much less time does pretraining with Compost take?")
        page.keyboard.press("Enter")
        expect(page.locator(".sentence").first).to_contain_text("Pretraining takes 1.5x less time")
        expect(page.locator(".timings").first).to_be_visible()
        for tab in page.get_by_role("tab").all():
            tab.click()
            expect(page.get_by_role("tabpanel").filter(visible=True)).to_have_count(1)
        page.goto(f"{url}/logout")
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{url}/login")
        assert [cookie.get("name") for cookie in person.cookies()] == ["paperchat_device"]
    assert said == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_login_page_can_be_used_by_everyone(
    browser: Browser, closed_url: str, scheme: Literal["light", "dark"]
) -> None:
    with browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 700}) as person:
        page = person.new_page()
        page.goto(f"{closed_url}/who")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong.")
        expect(page.get_by_label("Password")).to_be_focused()
        expect(page.get_by_label("Name")).to_have_value("ada")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert Axe().run(page).response["violations"] == []
