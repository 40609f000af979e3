"""People by locust, in a process of their own: importing this patches Python's sockets and threads (gevent).

    python -m bench.load.people URL USERS SECONDS [MOST]

Each asks the next as soon as the last is answered; who is told to come back later does so then. Nobody begins anything
after SECONDS, or once MOST wishes were begun in all. Prints a `Run` as a line of JSON.
"""

import sys
import time
from collections.abc import Iterator
from itertools import count
from json import loads
from typing import Any

import gevent
from locust import FastHttpUser, task
from locust.env import Environment
from locust.exception import StopUser

from bench.load.samples import BUSY, DONE, LEFT, Run, Sample
from bench.load.wishes import HANG_UP, LIST, SEARCH, SEARCHED, STREAMED, Wish, wishes

PATIENCE_S = 300.0
_POLL_S = 0.02


class Person(FastHttpUser):
    """Asks, searches, lists, and sometimes hangs up."""

    network_timeout = connection_timeout = PATIENCE_S
    numbers = count()
    begun_s = ends_s = 0.0
    left = 0  # wishes that may still be begun
    samples: list[Sample]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.wishes = wishes(next(self.numbers))

    @task
    def wish(self) -> None:
        """Have one wish answered and note what came of it."""
        kind = type(self)
        if time.perf_counter() >= self.ends_s or kind.left <= 0:
            raise StopUser
        kind.left -= 1
        wish, start = next(self.wishes), time.perf_counter()
        first_s, outcome, wait_s = self._answered(wish, start)
        now = time.perf_counter()
        self.samples.append(Sample(wish.kind, start - self.begun_s, now - start, first_s, outcome))
        gevent.sleep(max(min(wait_s, self.ends_s - now), 0))

    def _answered(self, wish: Wish, start: float) -> tuple[float | None, str, float]:
        """Return when the papers came, the outcome, and how long to wait before the next wish."""
        path, body = _request(wish)
        streams = body.get("stream", False)
        with self.client.post(path, json=body, stream=streams, catch_response=True) as response:
            response.success()  # what counts as one is noted here
            if response.status_code == 429:
                seconds = response.headers.get("retry-after", "")
                good = seconds.isdigit() and int(seconds) > 0 and response.json()["status"] == 429
                return None, BUSY if good else "429 without Retry-After", float(seconds) if good else 1.0
            if response.status_code != 200:
                return None, f"status {response.status_code} {getattr(response, 'error', '') or ''}".strip(), 1.0
            if not streams:
                return None, _judged(wish, response.json()), 0.0
            first_s = None
            for name, data in _events(response.stream):
                if name == "papers" and first_s is None:
                    first_s = time.perf_counter() - start
                    if wish.kind == HANG_UP:
                        response.release()
                        return first_s, LEFT, 0.0
                elif name == "error":
                    return first_s, f"event {data['status']}", 1.0
                elif name == "done":
                    return first_s, _judged(wish, data), 0.0
            return first_s, "the stream was cut", 1.0


def run(url: str, users: int, seconds: float, most: int = sys.maxsize) -> Run:
    """Let a crowd ask the service at an address."""
    environment = Environment(user_classes=[Person], host=url)
    Person.samples, Person.left = [], most
    Person.begun_s = time.perf_counter()
    Person.ends_s = Person.begun_s + seconds
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=users)
    while time.perf_counter() < Person.ends_s and Person.left > 0:
        gevent.sleep(_POLL_S)
    began_s = time.perf_counter() - Person.begun_s
    while runner.user_count:
        gevent.sleep(_POLL_S)
    runner.quit()
    return Run(users, began_s, time.process_time(), tuple(Person.samples))


def _request(wish: Wish) -> tuple[str, dict[str, Any]]:
    if wish.kind == LIST:
        return "/api/papers", {"request": wish.text}
    if wish.kind == SEARCH:
        return "/api/search", {"question": wish.text, "limit": SEARCHED}
    history = [{"question": each, "answer_text": ""} for each in wish.history]
    return "/api/ask", {
        "question": wish.text,
        "history": history,
        "stream": wish.kind in (STREAMED, HANG_UP),
    }


def _events(stream: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - geventhttpclient has no types
    while frame := stream.readline(b"\n\n"):
        fields = dict(line.split(b": ", 1) for line in frame.strip().splitlines() if b": " in line)
        if b"event" in fields:
            yield fields[b"event"].decode(), loads(fields[b"data"])


def _judged(wish: Wish, data: dict[str, Any]) -> str:
    """Say whether a body is the whole answer to this wish and no one else's."""
    if wish.kind == SEARCH:
        return DONE if len(data["matches"]) == SEARCHED else "too few papers"
    if wish.kind == LIST:
        return DONE if data["request"] == wish.text else "another's list"
    if data["question"] != wish.text:
        return "another's answer"
    return DONE if data["done"] and data["text"] and bool(data["citations"]) == data["answered"] else "half an answer"


if __name__ == "__main__":
    print(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), *map(int, sys.argv[4:])).written())
