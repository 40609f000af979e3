"""Strangers who guess passwords, and what they do to the user whose name they give."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from tests.attack.outside import Target, serving

PASSWORD = "correct horse battery"
NAMES = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus")
_addresses = (f"198.51.{high}.{low}" for high, low in itertools.product(range(100, 256), range(1, 255)))


@pytest.fixture(scope="module")
def closed(attacked_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Return a server with users whose hashes cost little, behind a proxy: this machine, which says who asks."""
    home, cheap = tmp_path_factory.mktemp("closed"), PasswordHasher(1, 64, 1)
    users = home / "users"
    users.write_text("".join(f"{name}:{cheap.hash(PASSWORD)}\n" for name in NAMES), encoding="utf-8")
    with serving(attacked_index, home, "--auth", str(users), "--proxy", "127.0.0.1") as served:
        yield served


def fresh() -> str:
    """Return an address that nobody has asked from."""
    return next(_addresses)


def by(address: str) -> dict[str, str]:
    return {"x-forwarded-for": address}


def log_in(client: httpx.Client, name: str, address: str, password: str = PASSWORD) -> int:
    return client.post("/login", data={"name": name, "password": password}, headers=by(address)).status_code


async def guess(target: Target, name: str, count: int) -> list[int]:
    """Guess at a user's password, all at once, each time from another address."""
    async with httpx.AsyncClient(base_url=target.url, timeout=60, limits=httpx.Limits(max_connections=count)) as client:
        form = {"name": name, "password": "guess"}
        tries = [client.post("/login", data=form, headers=by(fresh())) for _ in range(count)]
        return [reply.status_code for reply in await asyncio.gather(*tries)]


def guessed(target: Target, name: str, count: int = 56) -> None:
    """Guess until strangers who give a name are delayed."""
    for _ in range(count // 14):
        assert set(asyncio.run(guess(target, name, 14))) == {401}


def test_strangers_who_guess_from_many_addresses_lock_nobody_out(closed: Target) -> None:
    guessed(closed, "ada")
    with closed.client() as elsewhere:
        start = time.monotonic()
        assert log_in(elsewhere, "ada", fresh()) == 303
        assert time.monotonic() - start > 0.5  # a stranger waits
        assert elsewhere.get("/config").status_code == 200
    with closed.client() as program:
        reply = program.get("/api/status", auth=("ada", PASSWORD), headers=by(fresh()))
        assert reply.status_code == 200


def test_a_place_and_a_browser_of_the_user_are_not_delayed_by_strangers(closed: Target) -> None:
    home = fresh()
    with closed.client() as browser, closed.client() as other:
        assert log_in(browser, "bob", home) == 303
        assert log_in(browser, "bob", home) == 303
        guessed(closed, "bob", 70)
        waited = {}
        for who, client, address in (("browser", browser, fresh()), ("place", other, home), ("else", other, fresh())):
            client.cookies.delete("paperchat_session") if who == "browser" else client.cookies.clear()
            start = time.monotonic()
            assert log_in(client, "bob", address) == 303
            waited[who] = time.monotonic() - start
        assert waited["else"] > 5 > max(waited["browser"], waited["place"])


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


def test_answers_that_wait_cost_nobody_else_anything_and_are_bounded(closed: Target) -> None:
    home = fresh()
    with closed.client() as client:
        assert log_in(client, "fay", home) == 303
        guessed(closed, "eve", 70)

        async def flood() -> list[int]:
            many = asyncio.create_task(guess(closed, "eve", 120))
            await asyncio.sleep(2)  # by then all of them have come
            begun = time.monotonic()
            assert await asyncio.to_thread(log_in, client, "fay", home) == 303
            assert await asyncio.to_thread(log_in, client, "gus", fresh()) == 303  # a stranger with another name
            assert await asyncio.to_thread(closed.responsive_s) < 5
            assert time.monotonic() - begun < 7 and not many.done()
            return await many

        replies = asyncio.run(flood())
        assert set(replies) == {401, 429} and replies.count(401) >= 50


def test_strangers_never_hold_every_place_where_passwords_are_hashed(closed: Target) -> None:
    home = fresh()
    with closed.client() as client:
        assert log_in(client, "gus", home) == 303

        async def flood() -> int:
            names = [asyncio.create_task(guess(closed, f"nobody {n}", 1)) for n in range(16)]
            await asyncio.sleep(0.5)
            assert await asyncio.to_thread(log_in, client, "gus", home, "guess") == 401  # it is hashed
            waiting = sum(not task.done() for task in names)
            await asyncio.gather(*names)
            return waiting

        assert asyncio.run(flood()) >= 4
