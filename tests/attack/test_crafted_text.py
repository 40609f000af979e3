"""Texts made to slow the rules down, in questions and in earlier turns: answered or refused soon, others go on."""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from tests.attack.outside import Target

MOST_S = 20.0
"""Seconds of what took minutes."""
QUESTION = "And how many of them?"
RUNS = {
    "blanks": " " * 190_000,
    "hyphens": "a-" * 95_000,
    "line breaks": "\n" * 190_000,
    "digits": "1" * 190_000,
    "quotes": "“" * 190_000,
    "tags": "<a " * 60_000,
    "notes": "\n\n#" * 60_000,
    "periods": "papers in 2020 " * 12_000,
}


def ask(target: Target, before: str) -> httpx.Response:
    half = len(before) // 2
    history = [{"question": f"Compost{before[:half]}.", "answer_text": f"It{before[half:]}."}]
    return target.client().post("/api/ask", json={"question": QUESTION, "history": history})


def complete(target: Target, before: str) -> httpx.Response:
    half = len(before) // 2
    said = [("user", f"Compost{before[:half]}."), ("assistant", f"It{before[half:]}."), ("user", QUESTION)]
    messages = [{"role": role, "content": text} for role, text in said]
    return target.client().post("/v1/chat/completions", json={"messages": messages})


def call(target: Target, tool: str, **arguments: object) -> CallToolResult:
    async def called() -> CallToolResult:
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as direct:
            async with Client(streamable_http_client(f"{target.url}/mcp", http_client=direct)) as client:
                return await client.call_tool(tool, arguments)

    return asyncio.run(called())


def while_others_ask(target: Target, attack: Callable[[], Any]) -> tuple[Any, float]:
    """Return what an attack gets, and the longest that somebody else waits for an answer meanwhile."""
    got: list[Any] = []
    thread = threading.Thread(target=lambda: got.append(attack()))
    thread.start()
    longest = 0.0
    while True:
        at_work = thread.is_alive()
        began = time.monotonic()
        target.responsive_s()
        target.client().post("/api/search", json={"question": "Which paper averages checkpoints?"}).raise_for_status()
        longest = max(longest, time.monotonic() - began)
        if not at_work:
            return got[0], longest
        time.sleep(0.05)


@pytest.mark.parametrize("run", RUNS)
def test_an_earlier_turn_made_to_slow_the_rules_down_is_answered_soon(target: Target, run: str) -> None:
    began = time.monotonic()
    for way in (ask, complete):
        reply, waited = while_others_ask(target, partial(way, target, RUNS[run]))
        assert reply.status_code == 200, reply.text
        assert waited < MOST_S
    assert time.monotonic() - began < MOST_S


def test_agents_earlier_turns_made_to_slow_the_rules_down_are_answered_soon(target: Target) -> None:
    began = time.monotonic()
    earlier = [{"question": f"Compost{' ' * 90_000}.", "answer": "a-" * 50_000}]
    reply, waited = while_others_ask(target, lambda: call(target, "ask", question=QUESTION, earlier=earlier))
    assert not reply.is_error
    assert waited < MOST_S
    assert time.monotonic() - began < MOST_S


def test_a_hundred_turns_that_lean_on_each_other_are_answered_soon(target: Target) -> None:
    words = " ".join(f"w{number}" for number in range(400))
    history = [{"question": "How many UL2?", "answer_text": f"UL2 {at} {words}"} for at in range(100)]
    began = time.monotonic()
    reply, waited = while_others_ask(
        target, lambda: target.client().post("/api/ask", json={"question": "How many UL2?", "history": history})
    )
    assert reply.status_code == 200, reply.text
    assert waited < MOST_S
    assert time.monotonic() - began < MOST_S


def test_a_text_beyond_its_limit_is_refused_with_the_limit(target: Target) -> None:
    client = target.client()
    long, turn = "a-" * 150_000, {"question": "What is Compost?", "answer_text": "a-" * 150_000}
    refused = {
        "2000": client.post("/api/ask", json={"question": "a-" * 2000}),
        "20000 ": client.post("/api/ask", json={"question": long}),
        "200000": client.post("/api/ask", json={"question": QUESTION, "history": [turn]}),
        " 200000": complete(target, long),
        "20000": client.post("/api/papers", json={"request": long}),
        "200": client.post("/api/search", json={"question": QUESTION, "author": [long]}),
        "50": client.post("/api/search", json={"question": QUESTION, "source": ["a"] * 51}),
        "500": client.post("/api/search", json={"question": QUESTION, "within": [long]}),
        "10000": client.post("/v1/embeddings", json={"input": [long]}),
    }
    for limit, reply in refused.items():
        assert 400 <= reply.status_code < 500, reply.text
        assert limit.strip() in reply.text.replace(",", ""), reply.text
        assert len(reply.text) < 2000


@pytest.mark.parametrize(
    ("tool", "arguments", "limit"),
    [
        ("ask", {"question": "a-" * 15_000}, 20_000),
        ("ask", {"question": QUESTION, "within": ["a-" * 500]}, 500),
        ("ask", {"question": QUESTION, "since": "1" * 1000}, 200),
        ("ask", {"question": QUESTION, "earlier": [{"question": "a", "answer": "a-" * 150_000}]}, 200_000),
        ("find_papers", {"request": "a-" * 15_000}, 20_000),
        ("find_papers", {"request": "pruning", "author": ["a-" * 500]}, 200),
        ("get_paper", {"paper_id": "a-" * 500}, 500),
    ],
)
def test_an_argument_of_a_tool_beyond_its_limit_is_refused_with_the_limit(
    target: Target, tool: str, arguments: dict[str, Any], limit: int
) -> None:
    reply = call(target, tool, **arguments)
    [said] = reply.content
    assert reply.is_error and isinstance(said, TextContent)
    assert str(limit) in said.text and len(said.text) < 2000
