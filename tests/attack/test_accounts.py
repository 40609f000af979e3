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
NAMES = ("ada", "bob", "cyd", "dan", "eve", "gus")
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
            begun = time.monotonic()
            by_form = asyncio.create_task(guess(closed, "ada", 1, PASSWORD))
            by_header = asyncio.create_task(
                asyncio.to_thread(other.get, "/api/status", auth=("ada", PASSWORD), headers=by(fresh()))
            )
            await asyncio.sleep(0.5)
            flood.append(asyncio.create_task(guess(closed, "ada", 40)))  # more than may wait
            for name, address in (("ada", fresh()), ("ada", home), ("bob", fresh())):  # its browser, its place, others
                if address == home:
                    browser.cookies.clear()
                assert await asyncio.to_thread(log_in, browser, name, address) == 303
            await asyncio.to_thread(closed.responsive_s)
            assert not by_form.done() and not by_header.done() and time.monotonic() - begun < 9
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
            names = [asyncio.create_task(guess(closed, f"nobody {n}", 1)) for n in range(8)]
            await asyncio.sleep(0.5)
            assert await asyncio.to_thread(log_in, client, "gus", home, "guess") == 401  # it is hashed
            waiting = sum(not task.done() for task in names)
            await asyncio.gather(*names)
            return waiting

        assert asyncio.run(flood()) >= 2
