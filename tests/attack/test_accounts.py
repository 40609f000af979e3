"""A server with logins: strangers who guess, pages of other sites, and users who want to be others."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from tests.attack.outside import Target, serving

PASSWORD = "correct horse battery"
NAMES = ("ada", "bob", "cyd", "dan", "eve", "gus", "hal", "ida")
KEY, SITE = "k3y-of-a-notebook-42", "https://notes.example"
BEARER = {"authorization": f"Bearer {KEY}"}
MCP = {"accept": "application/json, text/event-stream"}
_addresses = (f"198.51.{high}.{low}" for high, low in itertools.product(range(100, 256), range(1, 255)))


@pytest.fixture(scope="module")
def closed(attacked_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a server with users whose hashes cost little, behind a proxy: this machine, which says who asks."""
    home, cheap = tmp_path_factory.mktemp("closed"), PasswordHasher(1, 64, 1)
    users = home / "users"
    users.write_text("".join(f"{name}:{cheap.hash(PASSWORD)}\n" for name in NAMES), encoding="utf-8")
    options = ("--auth", str(users), "--proxy", "127.0.0.1", "--api-key", KEY, "--allow-origin", SITE)
    with serving(attacked_index, home, *options) as served:
        yield served


def fresh() -> str:
    """Return an address that nobody has asked from."""
    return next(_addresses)


def by(address: str) -> dict[str, str]:
    return {"x-forwarded-for": address}


def log_in(client: httpx.Client, name: str, address: str, password: str = PASSWORD) -> int:
    return client.post("/login", data={"name": name, "password": password}, headers=by(address)).status_code


async def guess(target: Target, name: str, count: int, password: str = "guess") -> list[int]:
    """Log in as a user, all at once, each time from another address; return how each try ended."""
    async with httpx.AsyncClient(base_url=target.url, timeout=60, limits=httpx.Limits(max_connections=count)) as client:
        form = {"name": name, "password": password}
        tries = [client.post("/login", data=form, headers=by(fresh())) for _ in range(count)]
        return [reply.status_code for reply in await asyncio.gather(*tries)]


def test_strangers_who_guess_from_many_addresses_delay_strangers_and_lock_nobody_out(closed: Target) -> None:
    home = fresh()
    with closed.client() as browser, closed.client() as other:
        assert log_in(browser, "ada", home) == 303
        assert set(asyncio.run(guess(closed, "ada", 50))) == {401}

        async def meanwhile() -> list[int]:
            flood = [asyncio.create_task(guess(closed, "ada", 44))]
            await asyncio.sleep(1)  # by then they have come
            by_form = asyncio.create_task(guess(closed, "ada", 1, PASSWORD))
            by_header = asyncio.create_task(
                asyncio.to_thread(other.get, "/api/status", auth=("ada", PASSWORD), headers=by(fresh()))
            )
            await asyncio.sleep(0.5)
            for name, address in (("ada", fresh()), ("ada", home), ("bob", fresh())):  # its browser, its place, others
                if address == home:
                    browser.cookies.clear()
                assert await asyncio.to_thread(log_in, browser, name, address) == 303
            await asyncio.to_thread(closed.responsive_s)
            assert not by_form.done() and not by_header.done()
            flood.append(asyncio.create_task(guess(closed, "ada", 40)))  # more than may wait
            assert await by_form == [303] and (await by_header).status_code == 200
            return [status for each in flood for status in await each]

        replies = asyncio.run(meanwhile())
        assert set(replies) == {401, 429} and replies.count(401) >= 44


def test_who_guesses_at_the_address_of_the_user_does_not_use_up_the_tries_of_its_browser(closed: Target) -> None:
    shared = fresh()
    with closed.client() as browser, closed.client() as stranger:
        assert log_in(browser, "cyd", shared) == 303
        tries = [log_in(stranger, "cyd", shared, f"guess {n}") for n in range(7)]
        assert tries == [401] * 5 + [429] * 2
        assert log_in(stranger, "cyd", shared) == 429  # else the right guess would tell itself apart from a wrong one
        assert stranger.get("/api/status", auth=("cyd", PASSWORD), headers=by(shared)).status_code == 429
        assert log_in(browser, "cyd", shared) == 303


def test_cookie_of_a_browser_is_hidden_and_of_no_use_for_others_or_to_guess_with(closed: Target) -> None:
    with closed.client() as browser:
        reply = browser.post("/login", data={"name": "dan", "password": PASSWORD}, headers=by(fresh()))
        (cookie,) = [each for each in reply.headers.get_list("set-cookie") if each.startswith("paperchat_device=")]
        assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
        token = reply.cookies["paperchat_device"]
    with closed.client(cookies={"paperchat_device": token}) as thief:
        assert thief.get("/api/status").status_code == 401
        assert [log_in(thief, "dan", fresh(), "guess") for _ in range(6)] == [401] * 5 + [429]
        assert [log_in(thief, "eve", fresh(), "guess") for _ in range(6)] == [401] * 6
    for forged in ("", ".", "a.b", token[:-1], f"x{token}", f"{token}\xe9"):
        cookie = f"paperchat_device={forged}"
        with closed.client(headers={"cookie": cookie.encode("latin-1")}) as forger:
            assert log_in(forger, "dan", fresh(), "guess") == 401


def test_strangers_never_hold_every_place_where_passwords_are_hashed(closed: Target) -> None:
    home = fresh()
    with closed.client() as client:
        assert log_in(client, "gus", home) == 303

        async def flood() -> int:
            async with httpx.AsyncClient(base_url=closed.url, timeout=60) as many:
                forms = [{"name": f"nobody {n}", "password": "guess"} for n in range(12)]
                tries = [asyncio.create_task(many.post("/login", data=form, headers=by(fresh()))) for form in forms]
                await asyncio.sleep(1)  # by then all of them have come
                assert await asyncio.to_thread(log_in, client, "gus", home, "guess") == 401  # it is hashed
                waiting = sum(not task.done() for task in tries)
                await asyncio.gather(*tries)
                return waiting

        assert asyncio.run(flood()) >= 3


# Pages of other sites


@pytest.mark.parametrize(
    "origin",
    [
        *("null", "", "https://evil.example", f"{SITE}.evil.example", "https://evil-notes.example", f"{SITE}:444"),
        *(
            "http://notes.example",
            "https://sub.notes.example",
            f"{SITE}.",
            f"{SITE}@evil.example",
            "http://[",
            "[",
            "://",
        ),
        *("https://notes", f"{SITE}\xe9", f"{SITE},https://evil.example", f"{SITE} https://evil.example", "file://"),
    ],
)
def test_origin_that_is_not_quite_ours_or_named_reaches_nothing(closed: Target, origin: str) -> None:
    asks = {b"origin": origin.encode("latin-1"), b"access-control-request-method": b"POST"}
    cross = {b"origin": asks[b"origin"], b"sec-fetch-site": b"cross-site"}
    with closed.client(headers={**by(fresh()), **BEARER}) as client:
        for reply in (
            client.post("/api/search", json={"question": "pretraining"}, headers={b"origin": asks[b"origin"]}),
            client.options("/api/search", headers=asks),
            client.get("/api/status", headers=cross),
        ):
            assert reply.status_code == 403
            assert not [name for name in reply.headers if name.startswith("access-control")]


def test_site_that_is_named_gets_answers_without_anybody_s_credentials_and_nothing_of_the_page(closed: Target) -> None:
    asks = {"origin": SITE, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    with closed.client(headers=by(fresh())) as client:
        reply = client.post("/api/search", json={"question": "pretraining"}, headers={"origin": SITE, **BEARER})
        assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, SITE)
        assert "access-control-allow-credentials" not in reply.headers
        for path in ("/", "/gradio_api/queue/join", "/gradio_api/upload", "/login", "/config"):
            assert client.options(path, headers=asks).status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
        {"origin": "null", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_does_nothing_with_what_a_browser_knows_of_its_user(closed: Target, sent: dict[str, str]) -> None:
    with closed.client(headers=by(fresh()), auth=("hal", PASSWORD)) as client:
        assert client.get("/config").status_code == 200
        assert log_in(client, "hal", fresh()) == 303
        text = {**sent, "content-type": "text/plain"}
        for path in ("/api/ask", "/api/papers", "/v1/chat/completions", "/mcp", "/gradio_api/queue/join"):
            assert client.post(path, content=b'{"question": "pretraining"}', headers=text).status_code == 403, path
        for path in ("/login", "/logout", "/gradio_api/upload", "/gradio_api/cancel", "/gradio_api/component_server"):
            assert client.post(path, data={"name": "hal"}, headers=sent).status_code == 403, path
        assert client.get("/config").status_code == 200  # logged in still


def test_what_anybody_says_of_a_request_s_way_here_counts_for_nothing(closed: Target, target: Target) -> None:
    evil = {"x-forwarded-host": "evil.example", "x-gradio-server": "http://evil.example", "x-forwarded-port": "1"}
    for served, more in ((target, by("203.0.113.9")), (closed, {"x-forwarded-proto": "https", **by(fresh())})):
        with served.client(auth=("hal", PASSWORD) if served is closed else None) as client:
            reply = client.get("/config", headers={**evil, **more})
            assert reply.status_code == 200 and "evil.example" not in reply.text
    last = fresh()
    with closed.client() as client:
        for number in range(6):  # the last hop is whom the proxy saw, whatever stands before it and beside it
            way = f"{fresh()}, {fresh()}, {last}:{50000 + number}, 127.0.0.1"
            says = {"x-forwarded-for": way, "x-real-ip": fresh(), "forwarded": f"for={fresh()}"}
            reply = client.post("/login", data={"name": "nobody", "password": "guess"}, headers=says)
            assert reply.status_code == (401 if number < 5 else 429)


# Users who want to be others


@pytest.mark.parametrize(
    "path",
    [
        *(
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "\\\\evil.example",
            "/%0d%0aX: y",
        ),
        *(
            "/\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "/login?next=/login",
            "///evil.example",
            "\u2215\u2215evil.example",
        ),
    ],
)
def test_login_leads_to_no_other_site(closed: Target, path: str) -> None:
    with closed.client(headers=by(fresh())) as client:
        reply = client.post("/login", data={"name": "hal", "password": PASSWORD, "next": path})
        assert reply.status_code == 303 and "set-cookie: a" not in str(reply.headers).lower()
        assert reply.next_request is not None and str(reply.next_request.url).startswith(f"{closed.url}/")


def test_session_is_made_by_the_server_and_ends_with_the_logout_the_password_and_the_user(closed: Target) -> None:
    users, cheap = closed.home / "users", PasswordHasher(1, 64, 1)
    before = users.read_text(encoding="utf-8")
    chosen = {"cookie": f"paperchat_session={'x' * 43}"}
    with closed.client(headers=by(fresh())) as thief, closed.client(headers=by(fresh())) as user:
        reply = user.post("/login", data={"name": "ida", "password": PASSWORD}, headers=chosen)
        token = reply.cookies["paperchat_session"]
        assert token != "x" * 43 and thief.get("/config", headers=chosen).status_code == 401
        session = {"cookie": f"paperchat_session={token}"}
        assert thief.get("/config", headers=session).status_code == 200
        user.post("/logout")
        assert thief.get("/config", headers=session).status_code == 401
        for after in (f"ida:{cheap.hash('another password')}\n", ""):  # changed, removed
            users.write_text(before, encoding="utf-8")
            user.cookies.clear()
            assert log_in(user, "ida", fresh()) == 303
            others = "".join(line for line in before.splitlines(True) if not line.startswith("ida:"))
            users.write_text(others + after, encoding="utf-8")
            assert user.get("/config").status_code == 401
    users.write_text(before, encoding="utf-8")


def test_session_of_an_agent_is_its_user_s_alone(closed: Target) -> None:
    def call(client: httpx.Client, method: str, session: str = "", **params: Any) -> httpx.Response:  # noqa: ANN401
        headers = {**MCP, **({"mcp-session-id": session} if session else {})}
        return client.post(
            "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, headers=headers
        )

    about: dict[str, Any] = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "a", "version": "1"},
    }
    with (
        closed.client(headers=by(fresh()), auth=("hal", PASSWORD)) as hal,
        closed.client(headers=by(fresh()), auth=("ida", PASSWORD)) as ida,
        closed.client(headers=by(fresh())) as nobody,
    ):
        session = call(hal, "initialize", **about).headers["mcp-session-id"]
        assert call(hal, "tools/list", session).status_code == 200
        for other, status in ((ida, 404), (nobody, 401)):
            assert call(other, "tools/list", session).status_code == status
            assert other.get("/mcp", headers={**MCP, "mcp-session-id": session}).status_code == status
            assert other.delete("/mcp", headers={**MCP, "mcp-session-id": session}).status_code == status
        assert call(hal, "tools/list", session).status_code == 200
        for body in (b"{", b"[]", b"null", b"\xff\xfe", b"[" * 50_000, b'[{"jsonrpc": "2.0"}]', b'{"jsonrpc": "1.0"}'):
            reply = hal.post("/mcp", content=body, headers={**MCP, "content-type": "application/json"})
            assert 400 <= reply.status_code < 500, body[:20]
        for arguments in (
            {},
            {"question": 1},
            {"question": "a", "within": "b"},
            {"question": "\ud800"},
            {"question": ""},
        ):
            params = {"name": "ask", "arguments": arguments}
            asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            sent = {**MCP, "mcp-session-id": session, "content-type": "application/json"}
            reply = hal.post("/mcp", content=json.dumps(asked), headers=sent)
            assert reply.status_code in (200, 400) and "rror" in reply.text, arguments
    assert "Traceback" not in closed.printed()
