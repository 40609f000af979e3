"""The HTTP service, asked as one application: real engine and index, only encoder and writer are doubles."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from index import Paper, Store, update
from index.vectors import Vectors
from rag import CANNOT_ANSWER, Answer, Engine, Settings
from rag.writer import Message, Piece
from tests.conftest import HashingEncoder, ScriptedWriter
from ui import api
from ui.access.arriving import BODY_MIB, MIB
from ui.admission import Admission
from ui.api.events import Step, frames
from ui.api.listening import EventStream
from ui.api.service import Queued
from ui.server import app

HOST = "http://127.0.0.1"
COMPOST = "title:compost-reusing-old-checkpoints-for-pretraining"
QUESTION = "How much less time does pretraining with Compost take?"
KELP = Paper(
    "doi:10.1000/sea/kelp",
    "Kelp: Counting Seaweed from Boats",
    "Kelp counts seaweed from boats. It needs one camera and =SUM(A1) of patience.",
    authors=("Ada Fucus",),
    published="2025-03-01",
    topics=("vision", "sea"),
)


@pytest.fixture(scope="module")
def folder(papers: list[Paper], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an index of the ten papers and one with everything that may be known of a paper."""
    folder = tmp_path_factory.mktemp("eleven") / "index"
    update(folder, [*papers, KELP], HashingEncoder())
    return folder


def engine_of(
    folder: Path, *pieces: str | Exception, encoder: HashingEncoder | None = None, settings: Settings | None = None
) -> Engine:
    encoder = encoder or HashingEncoder()
    writer = ScriptedWriter(*pieces) if pieces else None
    return Engine(settings or Settings(), Store.open(folder, encoder), encoder, writer)


def served(engine: Engine) -> FastAPI:
    """Return the service without the other faces."""
    alone = FastAPI()
    api.mount(alone, engine, Admission(engine.settings.answers_at_once, engine.settings.answers_waiting))
    api.close(alone)
    return alone


@pytest.fixture(scope="module")
def whole(folder: Path) -> FastAPI:
    """Return all faces."""
    engine = engine_of(folder, "Pretraining takes 1.5x ", "less time on average.\n", "It eats 99 apples.")

    async def build() -> FastAPI:  # where no loop runs, Gradio makes one and leaves it open
        return app(engine)

    return asyncio.run(build())


@pytest.fixture
def client(whole: FastAPI) -> Iterator[TestClient]:
    with TestClient(whole, HOST, raise_server_exceptions=False) as client:
        yield client


def events(response: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 - of the test client, whose library is its own
    """Return the events of a response: their names and data."""
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def problem(response: Any, status: int) -> dict[str, Any]:  # noqa: ANN401
    """Return the problem of a response that has this status."""
    assert response.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = response.json()
    assert response.status_code == told["status"] == status
    assert (told["type"], told["instance"]) == ("about:blank", response.request.url.path)
    return told


def test_an_answer_comes_whole_with_its_citations(client: TestClient, whole: FastAPI) -> None:
    answer = Answer.from_dict(client.post("/api/ask", json={"question": QUESTION}).json())
    assert answer.done and answer.text.startswith("Pretraining takes 1.5x less time on average [1].")
    assert answer.citations[0].paper.id == COMPOST
    assert answer.citations[0].quote.text == "On average, pretraining takes 1.5x less time."
    assert answer.text == whole.state.service.engine.ask(QUESTION).text


def test_events_tell_papers_then_text_then_checked_sentences_then_the_whole(client: TestClient) -> None:
    told = events(client.post("/api/ask", json={"question": QUESTION, "stream": True}))
    names = [name for name, _ in told]
    assert names[0] == "papers" and names[-1] == "done"
    assert names.index("token") < names.index("sentence")
    text, done = "", told[-1][1]
    for name, data in told:
        text = text[: data["at"]] + data["text"] if name == "token" else text
    assert text == done["text"]
    sentences = {data["index"]: data["sentence"] for name, data in told if name == "sentence"}
    assert [sentences[at] for at in sorted(sentences)] == done["sentences"]
    assert [citation for name, data in told if name == "sentence" for citation in data["citations"]] == done[
        "citations"
    ]
    assert [data for name, data in told if name == "papers"][-1]["matches"] == done["matches"]


def test_the_accept_header_decides_where_the_body_does_not(client: TestClient) -> None:
    wants_events = {"Accept": "text/event-stream"}
    assert events(client.post("/api/ask", json={"question": QUESTION}, headers=wants_events))
    whole = client.post("/api/ask", json={"question": QUESTION, "stream": False}, headers=wants_events)
    assert whole.json()["done"]


def test_earlier_turns_make_a_follow_up_stand_alone(client: TestClient) -> None:
    history = [{"question": "What does Lantern order?", "answer_text": "Lantern orders utterances [1]."}]
    told = client.post("/api/ask", json={"question": "Does it help on noisy speech?", "history": history}).json()
    assert "Lantern" in told["standalone"]


def test_chosen_papers_alone_may_answer(client: TestClient) -> None:
    told = client.post("/api/ask", json={"question": QUESTION, "within": [KELP.id, "title:gone"]}).json()
    assert [match["paper"]["id"] for match in told["matches"]] == [KELP.id]


def test_an_answer_that_declines_is_no_error(client: TestClient) -> None:
    told = client.post("/api/ask", json={"question": "Who won the football cup?"}).json()
    assert (told["answered"], told["text"], told["citations"]) == (False, CANNOT_ANSWER, [])


def test_values_that_do_not_fit_are_named(client: TestClient) -> None:
    told = problem(client.post("/api/ask", json={"question": " ", "history": [{"question": "?"}], "limt": 1}), 422)
    assert [(fault["where"], fault["name"]) for fault in told["errors"]] == [
        ("body", "question"),
        ("body", "history.0.answer_text"),
        ("body", "limt"),
    ]
    assert problem(client.get("/api/papers?request=x&limit=0"), 422)["errors"][0]["name"] == "limit"
    assert problem(client.post("/api/ask", content=b'{"question": '), 422)


def test_what_a_person_can_put_right_says_how(folder: Path) -> None:
    engine = engine_of(folder, settings=Settings(question_chars=100, history_turns=1, history_chars=50))
    with TestClient(served(engine), HOST) as client:

        def why(history: Sequence[str] = (), question: str = "x") -> str:
            turns = [{"question": text, "answer_text": ""} for text in history]
            return str(problem(client.post("/api/ask", json={"question": question, "history": turns}), 400)["detail"])

        assert "has 101 characters, at most 100 are taken" in why(question="x" * 101)
        assert "2 earlier turns, at most 1 are taken" in why(["a", "b"])
        assert "have 51 characters, at most 50 are taken" in why(["a" * 51])
        stream = client.post("/api/ask", json={"question": "x" * 101, "stream": True})
        assert problem(stream, 400)["title"] == "Bad Request"


def test_a_paper_that_the_index_does_not_have_is_not_found(client: TestClient) -> None:
    for response in (
        client.get("/api/papers/arxiv:2205.05131"),
        client.get("/api/papers/arxiv:2205.05131/similar"),
        client.post("/api/ask", json={"question": "x", "within": ["arxiv:2205.05131"]}),
        client.post("/api/search", json={"question": "x", "within": ["arxiv:2205.05131"]}),
    ):
        assert problem(response, 404)["detail"].startswith("No paper 'arxiv:2205.05131' in the index.")


def test_unknown_paths_and_methods_do_not_reach_the_page(client: TestClient) -> None:
    assert problem(client.get("/api/nowhere"), 404)["detail"].startswith("Nothing at /api/nowhere.")
    assert problem(client.put("/api"), 404)
    for method, path, allowed in (
        ("GET", "/api/ask", "POST"),
        ("DELETE", "/api/papers", "GET, POST"),
        ("POST", "/healthz", "GET"),
        ("PUT", f"/api/papers/{KELP.id}/similar", "GET"),
    ):
        response = client.request(method, path)
        assert problem(response, 405) and response.headers["allow"] == allowed
    assert "<html" in client.get("/").text
    assert client.get("/docs").status_code == 404


def test_what_nobody_foresaw_says_nothing_about_the_inside(folder: Path) -> None:
    class Broken(HashingEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            if "secret" in texts:
                raise RuntimeError("at /home/somebody/secret.py")
            return super().encode(texts)

    whole = served(engine_of(folder, encoder=Broken()))
    with TestClient(whole, HOST, raise_server_exceptions=False) as client:
        told = problem(client.post("/api/embed", json={"texts": ["secret"]}), 500)
    assert told["detail"] == "Something went wrong; the log of the server says what."
    with TestClient(whole, HOST) as client, pytest.raises(RuntimeError):  # into the log
        client.post("/api/embed", json={"texts": ["secret"]})


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    large = b" " * (BODY_MIB * MIB + 1)
    assert (
        problem(client.post("/api/embed", content=large), 413)["detail"]
        == "The body is larger than 1 MiB. Send less at a time."
    )
    pieces = (large[at : at + MIB] for at in range(0, len(large), MIB))  # sent without its length
    assert problem(client.post("/api/embed", content=pieces), 413)


def test_too_many_questions_are_told_when_to_come_back(folder: Path) -> None:
    whole = served(engine_of(folder, "Never.", settings=Settings(answers_at_once=1, answers_waiting=0)))
    queue = whole.state.service.admission
    with TestClient(whole, HOST) as client, queue.enter():
        for stream in (False, True):
            response = client.post("/api/ask", json={"question": QUESTION, "stream": stream})
            assert problem(response, 429)["detail"].startswith("Too many questions at once: 1 in progress, 0 waiting.")
            assert response.headers["retry-after"] == "10"
    assert queue.in_progress == 0


def test_an_answer_ends_at_the_time_limit_and_keeps_what_was_written(folder: Path) -> None:
    class Endless(ScriptedWriter):
        def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
            yield from super().write(messages, max_tokens, cancel)
            cancel.wait()

    encoder, writer = HashingEncoder(), Endless("Pretraining takes 1.5x less time on average. And")
    engine = Engine(Settings(answer_s=1), Store.open(folder, encoder), encoder, writer)
    with TestClient(served(engine), HOST) as client:
        told = client.post("/api/ask", json={"question": QUESTION}).json()
    assert told["text"].startswith("Pretraining takes 1.5x less time on average [1].")
    assert told["note"] == "Ended after 1 seconds, the time limit of an answer."


def test_a_stream_that_is_silent_for_long_says_that_it_lives() -> None:
    async def play() -> list[bytes]:
        go, sent = asyncio.Event(), list[bytes]()

        async def frames() -> AsyncGenerator[bytes, None]:
            await go.wait()
            yield b"data: 1\n\n"

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message.get("body", b""))
            if sent.count(b": ping\n\n") == 2:
                go.set()

        async def receive() -> MutableMapping[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError

        await EventStream(frames(), ping_s=0.01)({"type": "http"}, receive, send)
        return sent

    sent = asyncio.run(play())
    assert sent.count(b": ping\n\n") >= 2 and sent[-2:] == [b"data: 1\n\n", b""]


def test_what_fails_on_the_way_is_an_event_and_stands_in_the_log() -> None:
    async def steps() -> AsyncGenerator[Step, None]:
        yield Queued(1)
        raise RuntimeError("at /home/somebody/secret.py")

    async def play() -> list[bytes]:
        all_steps, sent = steps(), list[bytes]()
        with pytest.raises(RuntimeError):
            async for each in frames(await anext(all_steps), all_steps, "/api/ask"):
                sent.append(each)
        return sent

    queued, error = asyncio.run(play())
    assert queued == b'event: queued\ndata: {"ahead": 1}\n\n'
    assert error.startswith(b"event: error\n") and b'"status": 500' in error and b"secret" not in error


def test_a_search_returns_the_nearest_papers_first(client: TestClient) -> None:
    found = client.post("/api/search", json={"question": "pretraining from old checkpoints", "limit": 3}).json()
    assert len(found["matches"]) == 3
    assert found["matches"][0]["paper"]["id"] == COMPOST
    assert found["matches"][0]["sentences"][0]["text"].startswith("Compost starts pretraining")


@pytest.mark.parametrize(
    ("wanted", "media", "begins"),
    [
        ("json", "application/json", '{"request":"counting seaweed from boats"'),
        ("markdown", "text/markdown; charset=utf-8", "# counting seaweed from boats"),
        ("bibtex", "application/x-bibtex", "@misc{fucus2025kelp,"),
        ("ris", "application/x-research-info-systems", "TY  - GEN\r\nTI  - Kelp"),
        ("csv", "text/csv; charset=utf-8", "rank,title,why"),
    ],
)
def test_a_list_comes_in_the_format_that_is_asked_for(client: TestClient, wanted: str, media: str, begins: str) -> None:
    asked: dict[str, str | int] = {"request": "counting seaweed from boats", "limit": 2}
    posted = client.post("/api/papers", json={**asked, "format": wanted})
    assert posted.headers["content-type"] == media
    assert posted.text.startswith(begins)
    assert client.get("/api/papers", params={**asked, "format": wanted}).text == posted.text
    bare = media.partition(";")[0]
    accepted = client.get("/api/papers", params=asked, headers={"Accept": f"text/html, {bare};q=0.9"})
    assert accepted.text == posted.text


def test_one_paper_comes_by_its_id_whatever_signs_are_in_it(client: TestClient) -> None:
    assert client.get(f"/api/papers/{KELP.id}").json() == KELP.to_dict()
    assert client.get("/api/papers/doi%3A10.1000%2Fsea%2Fkelp").json() == KELP.to_dict()
    cited = client.get(f"/api/papers/{KELP.id}?format=bibtex")
    assert cited.text.startswith("@misc{fucus2025kelp,")
    similar = client.get(f"/api/papers/{KELP.id}/similar?limit=2").json()["matches"]
    assert len(similar) == 2 and KELP.id not in [match["paper"]["id"] for match in similar]


def test_topics_and_status_say_what_the_index_holds(client: TestClient) -> None:
    assert client.get("/api/topics").json() == {
        "topics": [{"topic": "sea", "papers": 1}, {"topic": "vision", "papers": 1}]
    }
    status = client.get("/api/status").json()
    assert (status["papers"], status["encoder"], status["writer_state"]) == (11, "hashing", "ready")


def test_vectors_come_in_the_order_of_the_texts(client: TestClient) -> None:
    told = client.post("/api/embed", json={"texts": ["sea levels", "old checkpoints"]}).json()
    assert (told["encoder"], told["dim"]) == ("hashing", 256)
    assert told["vectors"] == HashingEncoder().encode(["sea levels", "old checkpoints"]).astype(float).round(6).tolist()
    assert problem(client.post("/api/embed", json={"texts": []}), 422)
    assert problem(client.post("/api/embed", json={"texts": ["x"] * 257}), 422)
    assert problem(client.post("/api/embed", json={"texts": ["x" * 10_001]}), 422)


def test_the_service_is_ready_once_the_embedding_model_is_loaded(folder: Path) -> None:
    class Loading(HashingEncoder):
        loaded = threading.Event()

        def encode(self, texts: Sequence[str]) -> Vectors:
            self.loaded.wait()
            return super().encode(texts)

    encoder = Loading()
    encoder.loaded.set()
    whole = served(engine_of(folder, encoder=encoder))
    encoder.loaded.clear()
    with TestClient(whole, HOST) as client:
        assert client.get("/healthz").json() == {"status": "alive"}
        response = client.get("/readyz")
        assert problem(response, 503) and response.headers["retry-after"] == "2"
        encoder.loaded.set()
        ready = client.get("/readyz").json()
    assert (ready["status"], ready["papers"], ready["writer_state"]) == ("ready", 11, "No language model is set.")


def test_metrics_count_requests_answers_sentences_and_seconds(folder: Path) -> None:
    whole = served(engine_of(folder, "Pretraining takes 1.5x less time on average."))
    with TestClient(whole, HOST) as client:
        client.post("/api/ask", json={"question": QUESTION})
        client.post("/api/ask", json={"question": "Who won the football cup?", "stream": True})
        client.get(f"/api/papers/{KELP.id}")
        client.get("/api/nowhere")
        client.get("/elsewhere")
        response = client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=1.0.0; charset=utf-8"
    lines = set(response.text.splitlines())
    assert {
        'paperchat_requests_total{method="POST",route="/api/ask",status="200"} 2.0',
        'paperchat_requests_total{method="GET",route="/api/papers/{paper_id}",status="200"} 1.0',
        'paperchat_requests_total{method="GET",route="none",status="404"} 1.0',
        'paperchat_requests_total{method="GET",route="page",status="404"} 1.0',
        'paperchat_answers_total{face="http",outcome="answered"} 1.0',
        'paperchat_answers_total{face="http",outcome="declined"} 1.0',
        'paperchat_sentences_total{support="unverified"} 1.0',
        "paperchat_papers_seconds_count 2.0",
        "paperchat_first_token_seconds_count 1.0",
        "paperchat_answer_seconds_count 2.0",
        "paperchat_answers_in_progress 0.0",
        "paperchat_answers_waiting 0.0",
    } <= lines


def test_two_services_in_one_process_count_apart(folder: Path) -> None:
    one, other = served(engine_of(folder)), served(engine_of(folder))
    with TestClient(one, HOST) as client:
        client.get("/healthz")
    assert b'route="/healthz"' in one.state.metrics.text()
    assert b'route="/healthz"' not in other.state.metrics.text()
