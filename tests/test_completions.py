"""The service that programs made for OpenAI's API work with, asked by the official client over a real server."""

import asyncio
import base64
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from index.errors import ModelError
from index.papers import Paper
from index.store import Store
from index.update import update
from index.vectors import SentenceEncoder
from rag.answer import CANNOT_ANSWER, Answer, Citation, Quote, Sentence, Turn
from rag.engine import Engine
from rag.settings import Settings
from rag.writer import Message, Piece, open_writer
from tests.conftest import HashingEncoder, ScriptedWriter
from ui.compatible.conversation import Conversation
from ui.compatible.faults import Fault
from ui.compatible.records import Message as Said
from ui.compatible.references import Growth, bare, written
from ui.server import Server, listen

QUESTION = "How much less time does pretraining with Compost take?"
ANSWER = (
    "Pretraining takes 1.5x less time on average [1].\n\nReferences\n\n"
    "1. **Compost: Reusing Old Checkpoints for Pretraining**"
)
ASKED: Any = [{"role": "user", "content": QUESTION}]


class HeldWriter(ScriptedWriter):
    """Writes its first sentence, then waits until it is told to go on or to end."""

    def __init__(self, *pieces: str) -> None:
        super().__init__(*pieces)
        self.begun, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        self.asked.append(list(messages))
        for at, piece in enumerate(self.pieces):
            yield Piece(str(piece))
            self.begun.set()
            while at == 1 and not self.go.wait(0.01) and not cancel.is_set():
                pass
            if cancel.is_set():
                self.ended.set()
                return


@contextmanager
def serving(engine: Engine) -> Iterator[str]:
    server = asyncio.run(_made(engine))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.url
    finally:
        server.should_exit = True
        thread.join()


async def _made(engine: Engine) -> Server:
    """Return a server made while an event loop runs: Gradio leaves one open where none does."""
    return Server(engine, listen(port=0))


@contextmanager
def client_of(url: str) -> Iterator[openai.OpenAI]:
    with (
        httpx.Client(trust_env=False) as direct,
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", http_client=direct, max_retries=0) as client,
    ):
        yield client


@asynccontextmanager
async def async_client_of(url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with (
        httpx.AsyncClient(trust_env=False) as direct,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", http_client=direct, max_retries=0) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture(scope="module")
def store(index_folder: Path, encoder: HashingEncoder) -> Iterator[Store]:
    with closing(Store.open(index_folder, encoder)) as store:
        yield store


@pytest.fixture(scope="module")
def writer() -> ScriptedWriter:
    return ScriptedWriter("Pretraining takes 1.5x ", "less time on average.")


@pytest.fixture(scope="module")
def engine(store: Store, encoder: HashingEncoder, writer: ScriptedWriter) -> Engine:
    return Engine(Settings(), store, encoder, writer)


@pytest.fixture(scope="module")
def url(engine: Engine) -> Iterator[str]:
    with serving(engine) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with client_of(url) as client:
        yield client


def text_of(chunks: Sequence[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def error_of(call: Callable[[], object], kind: type[openai.APIStatusError]) -> dict[str, Any]:
    with pytest.raises(kind) as caught:
        call()
    return cast("dict[str, Any]", caught.value.body)


def test_one_model_is_listed_with_who_writes(client: openai.OpenAI) -> None:
    [model] = client.models.list().data
    assert (model.id, model.owned_by) == ("paperchat", "scripted")
    assert client.models.retrieve("paperchat") == model
    assert error_of(lambda: client.models.retrieve("gpt-9"), openai.NotFoundError)["code"] == "model_not_found"


def test_an_answer_is_a_completion_with_references_and_citations(client: openai.OpenAI, engine: Engine) -> None:
    reply = client.chat.completions.create(model="paperchat", messages=ASKED)
    said = cast("Any", reply.choices[0].message)
    assert said.content == ANSWER and reply.choices[0].finish_reason == "stop"
    assert reply.usage and (reply.usage.completion_tokens, reply.usage.total_tokens) == (2, 2)
    assert [(cited["number"], cited["quote"]) for cited in said.citations] == [
        (1, "On average, pretraining takes 1.5x less time.")
    ]
    whole = Answer.from_dict(said.paperchat)
    assert replace(whole, timings=Answer("", "").timings) == replace(
        engine.ask(QUESTION), timings=Answer("", "").timings
    )


def test_a_stream_sends_sentences_as_they_are_checked(store: Store, encoder: HashingEncoder) -> None:
    writer = HeldWriter("Pretraining takes 1.5x less time on average. ", "Averaging five ", "checkpoints works best.")
    with serving(Engine(Settings(), store, encoder, writer)) as url, client_of(url) as client:
        chunks: list[ChatCompletionChunk] = []
        for chunk in client.chat.completions.create(model="paperchat", messages=ASKED, stream=True):
            chunks.append(chunk)
            if "[1]" in text_of(chunks):  # the first sentence is here while the second is being written
                writer.go.set()
    assert text_of(chunks).startswith(
        "Pretraining takes 1.5x less time on average [1]. Averaging five checkpoints works best [1].\n\nReferences\n\n"
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    last = cast("Any", chunks[-1].choices[0])
    assert last.finish_reason == "stop"
    assert [cited["number"] for cited in last.delta.citations] == [1] and last.delta.paperchat["done"]


def test_a_stream_tells_the_tokens_where_that_is_asked_for_and_ends_in_done(url: str, client: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(model="paperchat", messages=ASKED, stream=True, stream_options=options)
    )
    assert chunks[-1].choices == [] and chunks[-1].usage and chunks[-1].usage.completion_tokens == 2
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert text_of(chunks) == ANSWER
    body = {"model": "paperchat", "messages": ASKED, "stream": True}
    raw = httpx.post(f"{url}/v1/chat/completions", json=body, trust_env=False)
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert raw.text.endswith("data: [DONE]\n\n")


def test_the_async_client_gets_the_same(url: str) -> None:
    async def both() -> tuple[str | None, str]:
        async with async_client_of(url) as client:
            reply = await client.chat.completions.create(model="paperchat", messages=ASKED)
            stream = await client.chat.completions.create(model="paperchat", messages=ASKED, stream=True)
            return reply.choices[0].message.content, text_of([chunk async for chunk in stream])

    assert asyncio.run(both()) == (ANSWER, ANSWER)


def test_what_the_papers_do_not_say_is_declined_with_the_reason(client: openai.OpenAI) -> None:
    asked: Any = [{"role": "user", "content": "Who won the Zweibrücken chess tournament?"}]
    said = cast("Any", client.chat.completions.create(model="paperchat", messages=asked).choices[0].message)
    assert said.content.startswith(f"{CANNOT_ANSWER}\n\nNote: ") and said.citations == []
    stream = client.chat.completions.create(model="paperchat", messages=asked, stream=True)
    assert text_of(list(stream)) == said.content


def test_a_conversation_carries_the_earlier_turns(client: openai.OpenAI, writer: ScriptedWriter) -> None:
    messages: Any = [
        {"role": "system", "content": "You are a pirate."},
        *ASKED,
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": [{"type": "text", "text": "And what works best?"}]},
    ]
    said = cast("Any", client.chat.completions.create(model="paperchat", messages=messages).choices[0].message)
    assert said.paperchat["standalone"] == f"{QUESTION} And what works best?"
    assert "pirate" not in str(writer.asked)


def test_parameters_that_mean_nothing_here_are_passed_over(client: openai.OpenAI) -> None:
    tool: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    reply = client.chat.completions.create(
        model="paperchat", messages=ASKED, temperature=0.2, max_tokens=5, tools=[tool], seed=1, stop=["."], user="me"
    )
    assert reply.choices[0].message.content == ANSWER


@pytest.mark.parametrize(
    ("body", "status", "param", "message"),
    [
        ({"messages": []}, 400, "messages", "messages: List should have at least 1 item"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, 400, "messages.0.role", "messages.0.role: Input should"),
        (
            {"messages": [{"role": "system", "content": "x"}]},
            400,
            "messages",
            "No message of the role 'user' holds text.",
        ),
        (
            {"messages": [{"role": "user", "content": " "}]},
            400,
            "messages",
            "No message of the role 'user' holds text.",
        ),
        ({"messages": [{"role": "user", "content": "x" * 3000}]}, 400, None, "The question has 3000 characters"),
        ({"messages": ASKED, "model": "gpt-9"}, 404, "model", "No model 'gpt-9' here. There is paperchat."),
        ({"messages": ASKED, "n": 3}, 400, "n", "n: Input should be less than or equal to 1."),
        (
            {"messages": ASKED, "response_format": {"type": "json_object"}},
            400,
            "response_format.type",
            "response_format.type: ",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
            400,
            "messages.0.content",
            "Part of type 'image_url': only text is read.",
        ),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_answered_is_an_error_in_the_shape_of_openai(
    url: str, body: dict[str, Any], status: int, param: str | None, message: str, stream: bool
) -> None:
    reply = httpx.post(f"{url}/v1/chat/completions", json={**body, "stream": stream}, trust_env=False)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"]) == (status, param)
    assert error["message"].startswith(message) and error["type"] == "invalid_request_error"
    assert set(error) == {"message", "type", "param", "code"}


def test_a_body_that_is_no_json_and_an_address_that_is_not_there_are_errors_too(url: str) -> None:
    broken = httpx.post(
        f"{url}/v1/chat/completions", content="{", headers={"content-type": "application/json"}, trust_env=False
    )
    assert broken.status_code == 400 and "JSON" in broken.json()["error"]["message"]
    nowhere = httpx.post(f"{url}/v1/images/generations", json={}, trust_env=False)
    assert nowhere.status_code == 404 and nowhere.json()["error"]["code"] == "unknown_url"
    wrong = httpx.get(f"{url}/v1/embeddings", trust_env=False)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_a_crash_tells_nothing_of_itself(
    store: Store, encoder: HashingEncoder, writer: ScriptedWriter, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Engine):
        def stream(self, *args: object, **options: object) -> Iterator[Answer]:
            yield Answer(QUESTION, QUESTION)
            raise RuntimeError("a secret")

    with serving(Broken(Settings(), store, encoder, writer)) as url, client_of(url) as client:
        body = error_of(
            lambda: client.chat.completions.create(model="paperchat", messages=ASKED), openai.InternalServerError
        )
        assert body["type"] == "server_error" and "secret" not in str(body)
        stream = client.chat.completions.create(model="paperchat", messages=ASKED, stream=True)
        with pytest.raises(openai.APIError, match="Something went wrong"):
            list(stream)
    assert "a secret" in caplog.text


def test_too_many_at_once_get_429_with_the_time_to_wait(store: Store, encoder: HashingEncoder) -> None:
    writer = HeldWriter("Pretraining takes 1.5x less time on average. ", "Averaging five ", "checkpoints works best.")
    engine = Engine(Settings(answers_at_once=1, answers_waiting=0), store, encoder, writer)
    with serving(engine) as url, client_of(url) as client:
        first = client.chat.completions.create(model="paperchat", messages=ASKED, stream=True)
        assert writer.begun.wait(30)
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(model="paperchat", messages=ASKED)
        assert int(caught.value.response.headers["retry-after"]) >= 1
        assert cast("Any", caught.value.body)["code"] == "rate_limit_exceeded"
        writer.go.set()
        assert "works best [1]." in text_of(list(first))
        assert client.chat.completions.create(model="paperchat", messages=ASKED).choices


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_ends_its_answer_and_leaves_the_queue(
    store: Store, encoder: HashingEncoder, stream: bool
) -> None:
    writer = HeldWriter("Pretraining takes 1.5x less time on average. ", "Averaging five ", "checkpoints works best.")
    engine = Engine(Settings(answers_at_once=1, answers_waiting=0), store, encoder, writer)

    async def leave(url: str) -> None:
        async with async_client_of(url) as client:
            asking = asyncio.ensure_future(read(client))
            await asyncio.to_thread(writer.begun.wait, 30)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def read(client: openai.AsyncOpenAI) -> None:
        if stream:
            async for _ in await client.chat.completions.create(model="paperchat", messages=ASKED, stream=True):
                pass
        else:
            await client.chat.completions.create(model="paperchat", messages=ASKED)

    with serving(engine) as url:
        asyncio.run(leave(url))
        assert writer.ended.wait(30)
        writer.pieces, writer.go = ["Averaging five checkpoints works best."], writer.ended
        with client_of(url) as client:
            while True:  # the place is free again as soon as the server has seen it
                try:
                    reply = client.chat.completions.create(model="paperchat", messages=ASKED)
                    break
                except openai.RateLimitError:
                    continue
    assert "[1]" in (reply.choices[0].message.content or "")


def test_embeddings_are_those_of_the_engine(client: openai.OpenAI, engine: Engine) -> None:
    texts = ["old checkpoints", "sea levels"]
    expected = engine.embed(texts)
    as_base64 = client.embeddings.create(model="paperchat", input=texts)  # what the client asks for by itself
    as_floats = client.embeddings.create(model="hashing", input=texts[0], encoding_format="float")
    assert np.array_equal(np.asarray([each.embedding for each in as_base64.data], dtype=np.float32), expected)
    assert np.allclose(as_floats.data[0].embedding, expected[0])
    assert [each.index for each in as_base64.data] == [0, 1] and as_base64.model == "hashing"
    raw = client.embeddings.with_raw_response.create(model="paperchat", input="sea levels", encoding_format="base64")
    packed = json.loads(raw.text)["data"][0]["embedding"]
    assert np.array_equal(np.frombuffer(base64.b64decode(packed), "<f4"), expected[1])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"input": [[1, 2]]}, "input: Value error, these are tokens of another model; send text."),
        ({"input": ["a", " "]}, "input: Value error, text 1 is empty; leave it out."),
        ({"input": 3}, "input: Value error, these are tokens of another model; send text."),
        ({"input": "a", "dimensions": 7}, "hashing has 256 dimensions, not 7."),
        ({"input": "a", "model": "ada"}, "No model 'ada' here. There is paperchat and hashing."),
    ],
)
def test_texts_that_cannot_be_embedded_are_refused(url: str, asked: dict[str, Any], message: str) -> None:
    reply = httpx.post(f"{url}/v1/embeddings", json=asked, trust_env=False)
    assert reply.status_code in (400, 404) and reply.json()["error"]["message"].startswith(message)


def test_the_reference_list_comes_off_again() -> None:
    paper = Paper("arxiv:2205.05131", "UL2 [x](javascript:y)", "It works.", url="https://arxiv.org/abs/2205.05131")
    quote = Quote("It works.", 0, 9)
    answer = Answer("q", "q", "It works [1].", sentences=(Sentence("It works.", (1,), "supported", (quote,)),))
    answer = replace(answer, citations=(Citation(1, paper, quote),), note="1 sentence left out.", done=True)
    text = written(answer)
    assert text == (
        "It works [1].\n\nNote: 1 sentence left out.\n\nReferences\n\n"
        r"1. [UL2 \[x\](javascript:y)](https://arxiv.org/abs/2205.05131)"
    )
    assert bare(text) == bare(text.replace("\n", "\r\n")) == "It works [1]."
    assert bare("References matter.\n\nNote that it works.") == "References matter.\n\nNote that it works."


def test_what_a_corpus_says_of_links_and_pictures_stays_text() -> None:
    hostile = Sentence("See ![i](http://e.example/i.png) and <img src=x> if p<0.05.", (), "supported")
    answer = Answer("q", "q", hostile.marked, sentences=(hostile,), done=True)
    assert written(answer) == r"See ![i]\(http://e.example/i.png) and \<img src=x> if p<0.05."


def test_an_answer_that_is_declined_after_all_says_so_below_what_was_sent() -> None:
    sentence = Sentence("It works.", (), "supported")
    growth = Growth()
    assert growth.add(Answer("q", "q", "It works.", sentences=(sentence,))) == "It works."
    assert growth.add(Answer("q", "q", "")) == ""
    declined = Answer("q", "q", CANNOT_ANSWER, answered=False, note="Nobody says.", done=True)
    assert growth.add(declined) == f"\n\n{CANNOT_ANSWER}\n\nNote: Nobody says."


def test_messages_become_a_question_and_turns() -> None:
    roles = ["system", "user", "user", "assistant", "tool", "assistant", "user", "assistant", "user"]
    texts: list[str | None] = ["s", "a?", "b?", "B [1].\n\nReferences\n\n1. **B**", "t", "c", "d?", None, "e?"]
    messages = [Said.model_validate({"role": r, "content": t}) for r, t in zip(roles, texts, strict=True)]
    assert Conversation.of(messages) == Conversation("e?", (Turn("b?", "B [1]."),))
    with pytest.raises(Fault, match="No message of the role 'user' holds text"):
        Conversation.of(messages[:1])


@pytest.mark.model
def test_real_models_answer_over_openais_api(papers: list[Paper], tmp_path: Path) -> None:
    try:
        encoder = SentenceEncoder.from_name("all-MiniLM-L6-v2", offline=True)
        writer = open_writer(Settings(model="smollm2-135m-instruct", offline=True))
    except ModelError as error:
        pytest.skip(str(error))
    update(tmp_path / "index", papers, encoder)
    store = Store.open(tmp_path / "index", encoder)
    with Engine(Settings(), store, encoder, writer) as engine, serving(engine) as url, client_of(url) as client:
        assert writer and client.models.list().data[0].owned_by == writer.name
        reply = client.chat.completions.create(model="paperchat", messages=ASKED)
        said = cast("Any", reply.choices[0].message)
        assert [cited["title"] for cited in said.citations][:1] == ["Compost: Reusing Old Checkpoints for Pretraining"]
        assert "\n\nReferences\n\n1. **Compost" in said.content and reply.usage and reply.usage.total_tokens > 0
        stream = client.chat.completions.create(model="paperchat", messages=ASKED, stream=True)
        assert text_of(list(stream)).startswith(said.content.split(" [1]")[0])
        assert len(client.embeddings.create(model="paperchat", input="sea levels").data[0].embedding) == 384
