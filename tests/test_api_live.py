"""The HTTP service behind a real server: several clients at once, clients that go away, real models. Nothing sleeps."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from index import Paper, Store, update
from index.errors import ModelError
from index.vectors import SentenceEncoder, Vectors
from rag import Answer, Engine, Settings
from rag.writer import Message, Piece, open_writer
from tests.conftest import HashingEncoder, ScriptedWriter
from ui.server import Server, listen

QUESTION = "How much less time does pretraining with Compost take?"
PATIENCE_S = 20


class Waiting(ScriptedWriter):
    """Writes one sentence, then waits until it is told to go on, or its answer is ended: `ended` is set then."""

    def __init__(self) -> None:
        super().__init__("Pretraining takes 1.5x less time on average.\n")
        self.began, self.ended, self.go = threading.Event(), threading.Event(), threading.Event()

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        yield from super().write(messages, max_tokens, cancel)
        self.began.set()
        while not self.go.wait(0.02):
            if cancel.is_set():
                self.ended.set()
                return
        yield Piece("Averaging five checkpoints works best.")


@pytest.fixture
def slow() -> Waiting:
    return Waiting()


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@contextmanager
def running(folder: Path, encoder: HashingEncoder, writer: ScriptedWriter, **limits: int) -> Iterator[Server]:
    settings = Settings(**limits)  # type: ignore[arg-type]
    with Engine(settings, Store.open(folder, encoder), encoder, writer) as engine, serving(engine) as server:
        yield server


@contextmanager
def serving(engine: Engine) -> Iterator[Server]:
    async def build() -> Server:  # where no loop runs, Gradio makes one and leaves it open
        return Server(engine, listen(port=0))

    server = asyncio.run(build())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def asking(server: Server, question: str = QUESTION) -> Iterator[Iterator[tuple[str, Any]]]:
    """Ask for events, and yield them as they come; at the end the connection is closed."""
    body = {"question": question, "stream": True}
    with httpx.stream("POST", f"{server.url}/api/ask", json=body, timeout=PATIENCE_S) as response:
        assert response.status_code == 200
        yield _events(response.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def until(events: Iterator[tuple[str, Any]], wanted: str) -> Any:  # noqa: ANN401
    """Return the data of the first event of a name."""
    return next(data for name, data in events if name == wanted)


def becomes(what: Callable[[], bool]) -> bool:
    """Wait until something is so."""
    paused = threading.Event()
    return any(what() or paused.wait(0.01) for _ in range(PATIENCE_S * 100))


def test_a_listener_that_goes_away_ends_the_answer(index_folder: Path, encoder: HashingEncoder, slow: Waiting) -> None:
    with running(index_folder, encoder, slow) as server:
        with asking(server) as events:
            assert until(events, "token")["text"].startswith("Pretraining takes")
            assert server.app.state.admission.in_progress == 1
        assert slow.ended.wait(PATIENCE_S)
        assert becomes(lambda: server.app.state.admission.in_progress == 0)
        counted = httpx.get(f"{server.url}/metrics").text
    assert 'paperchat_answers_total{face="http",outcome="left"} 1.0' in counted


def test_who_waits_for_the_whole_answer_and_goes_away_ends_it_too(
    index_folder: Path, encoder: HashingEncoder, slow: Waiting
) -> None:
    async def leave(url: str) -> None:
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            request = asyncio.create_task(client.post(f"{url}/api/ask", json={"question": QUESTION}))
            await asyncio.to_thread(slow.began.wait)
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)

    with running(index_folder, encoder, slow) as server:
        asyncio.run(leave(server.url))
        assert slow.ended.wait(PATIENCE_S)


def test_who_waits_is_told_the_place_and_moves_up(index_folder: Path, encoder: HashingEncoder, slow: Waiting) -> None:
    with running(index_folder, encoder, slow, answers_at_once=1, answers_waiting=2) as server:
        place = server.app.state.admission.enter()
        with asking(server) as first, asking(server) as second:
            assert next(first) == ("queued", {"ahead": 1})
            assert next(second) == ("queued", {"ahead": 2})
            refused = httpx.post(f"{server.url}/api/ask", json={"question": QUESTION})
            assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
            slow.go.set()
            place.leave()
            assert until(second, "queued") == {"ahead": 1}
            assert until(first, "done")["done"] and until(second, "done")["done"]


def test_who_goes_away_while_waiting_leaves_the_queue(
    index_folder: Path, encoder: HashingEncoder, slow: Waiting
) -> None:
    with running(index_folder, encoder, slow, answers_at_once=1) as server:
        queue = server.app.state.admission
        with queue.enter():
            with asking(server) as events:
                assert next(events) == ("queued", {"ahead": 1})
            assert becomes(lambda: queue.waiting == 0)


def test_what_does_not_fit_after_waiting_is_an_event(
    index_folder: Path, encoder: HashingEncoder, slow: Waiting
) -> None:
    with running(index_folder, encoder, slow, answers_at_once=1, question_chars=100) as server:
        place = server.app.state.admission.enter()
        with asking(server, "x" * 101) as events:
            assert next(events) == ("queued", {"ahead": 1})
            place.leave()
            name, problem = next(events)
            assert (name, problem["status"], problem["instance"]) == ("error", 400, "/api/ask")
            assert "has 101 characters" in problem["detail"] and list(events) == []


def test_two_answers_grow_at_once_and_neither_hears_of_the_other(index_folder: Path, encoder: HashingEncoder) -> None:
    class Together(ScriptedWriter):
        """Writes only when two write."""

        both = threading.Barrier(2)

        def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
            self.both.wait(PATIENCE_S)
            for piece in super().write(messages, max_tokens, cancel):
                yield piece
                self.both.wait(PATIENCE_S)

    writer = Together("Pretraining takes 1.5x less ", "time on average.")
    questions = [QUESTION, "What does TideNet forecast from buoy data?"]
    with running(index_folder, encoder, writer) as server, ThreadPoolExecutor() as people:

        def ask(question: str) -> dict[str, Any]:
            with asking(server, question) as events:
                return dict(until(events, "done"))

        answers = list(people.map(ask, questions))
    assert [answer["question"] for answer in answers] == questions
    for messages in writer.asked:
        assert sum(question in messages[-1].content for question in questions) == 1


def test_a_slow_search_does_not_hold_up_others(index_folder: Path) -> None:
    class Held(HashingEncoder):
        entered, go = threading.Event(), threading.Event()

        def encode(self, texts: Sequence[str]) -> Vectors:
            if "hold" in texts:
                self.entered.set()
                self.go.wait(PATIENCE_S)
            return super().encode(texts)

    held = Held()
    limits = {"answers_at_once": 1, "answers_waiting": 0}
    with running(index_folder, held, ScriptedWriter(), **limits) as server, ThreadPoolExecutor() as people:
        embedding = people.submit(httpx.post, f"{server.url}/api/embed", json={"texts": ["hold"]}, timeout=PATIENCE_S)
        assert held.entered.wait(PATIENCE_S)
        assert httpx.get(f"{server.url}/healthz").json() == {"status": "alive"}
        refused = httpx.post(f"{server.url}/api/search", json={"question": "sea levels"})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        asked = httpx.post(f"{server.url}/api/ask", json={"question": QUESTION}, timeout=PATIENCE_S)
        assert asked.status_code == 200  # it has a queue of its own
        held.go.set()
        assert embedding.result().status_code == 200


def test_a_server_that_ends_ends_its_answers(index_folder: Path, encoder: HashingEncoder, slow: Waiting) -> None:
    with running(index_folder, encoder, slow) as server, asking(server) as events:
        until(events, "token")
        server.should_exit = True
        assert slow.ended.wait(PATIENCE_S)


@pytest.mark.model
def test_real_models_answer_over_http(papers: list[Paper], tmp_path: Path) -> None:
    try:
        encoder = SentenceEncoder.from_name("all-MiniLM-L6-v2", offline=True)
        writer = open_writer(Settings(model="smollm2-135m-instruct", offline=True))
    except ModelError as error:
        pytest.skip(str(error))
    update(tmp_path / "index", papers, encoder)
    store = Store.open(tmp_path / "index", encoder)
    with Engine(Settings(), store, encoder, writer) as engine, serving(engine) as server:
        whole = httpx.post(f"{server.url}/api/ask", json={"question": QUESTION}, timeout=120).json()
        with asking(server) as events:
            told = list(events)
        counted = httpx.get(f"{server.url}/metrics").text
    answer = Answer.from_dict(whole)
    assert answer.citations[0].paper.title == "Compost: Reusing Old Checkpoints for Pretraining"
    assert answer.timings.prompt_tokens > 100 and answer.timings.answer_tokens > 0
    assert told[0][0] == "papers" and told[-1][0] == "done" and told[-1][1]["text"] == answer.text
    assert 'paperchat_answers_total{face="http",outcome="answered"} 2.0' in counted
