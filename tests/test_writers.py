"""Each kind of language model with the real SmolLM2 weights: llama.cpp, transformers, an OpenAI-compatible server."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from index import models
from index.errors import ModelError
from rag.settings import Settings
from rag.streams import stoppable
from rag.writer import Message, Writer, open_writer

NAME = "smollm2-135m-instruct"
PATH = models.find(NAME)
needs_weights = pytest.mark.skipif(PATH is None, reason=f"no weights: paperchat models pull {NAME}")
MESSAGES = [Message("system", "Be brief."), Message("user", "Name the capital of France in one sentence.")]


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    """Yield the address of xllamacpp's own OpenAI-compatible server, on loopback."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(PATH)
    params.n_ctx, params.verbosity, params.warmup = 2048, -1, False
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"


@pytest.fixture(scope="module", params=["llama.cpp", "transformers", "server"])
def real_writer(request: pytest.FixtureRequest) -> Writer:
    """Return a real model, opened by each form that the setting takes."""
    assert PATH is not None
    setting = {"llama.cpp": NAME, "transformers": str(PATH.parent)}.get(request.param)
    writer = open_writer(Settings(model=setting or request.getfixturevalue("server_url"), parallel=1))
    assert writer is not None
    return writer


def written(writer: Writer, max_tokens: int = 24) -> list[str]:
    return [piece.text for piece in writer.write(MESSAGES, max_tokens, threading.Event())]


@needs_weights
@pytest.mark.model
def test_a_real_model_answers_in_pieces_and_twice_the_same(real_writer: Writer) -> None:
    pieces = written(real_writer)
    assert len([piece for piece in pieces if piece]) > 2
    assert "Paris" in "".join(pieces) or "France" in "".join(pieces)
    assert "".join(written(real_writer)) == "".join(pieces)


@needs_weights
@pytest.mark.model
def test_a_real_model_that_ends_by_itself_was_not_cancelled(real_writer: Writer) -> None:
    cancel = threading.Event()
    assert list(real_writer.write(MESSAGES, 3, cancel))
    assert not cancel.is_set()


@needs_weights
@pytest.mark.model
def test_a_server_counts_as_its_model_does(server_url: str) -> None:
    own, served = (open_writer(Settings(model=model, parallel=1)) for model in (NAME, server_url))
    assert own and served
    text = "Low-rank adapters, e.g. DP-LoRA, cut memory by 37 %."
    assert own.count(text) == served.count(text) != -(-len(text) // 4)


@needs_weights
@pytest.mark.model
def test_a_real_model_keeps_to_its_limit_and_counts_tokens(real_writer: Writer) -> None:
    text = "".join(written(real_writer, max_tokens=4))
    assert 0 < real_writer.count(text) <= 6
    assert real_writer.count(text * 20) > 20


@needs_weights
@pytest.mark.model
def test_cancelling_a_real_model_ends_it_soon(real_writer: Writer) -> None:
    cancel, pieces = threading.Event(), []
    for piece in real_writer.write([Message("user", "Count from 1 to 500.")], 900, cancel):
        pieces.append(piece.text)
        if len(pieces) == 3:
            cancel.set()
            stopped = time.monotonic()
    assert len(pieces) <= 4
    assert time.monotonic() - stopped < 1
    assert written(real_writer, max_tokens=4)


@needs_weights
@pytest.mark.model
def test_two_answers_are_written_side_by_side() -> None:
    writer = open_writer(Settings(model=NAME, parallel=2))
    assert writer is not None
    order: list[int] = []

    def read(number: int) -> None:
        for _ in writer.write(MESSAGES, 40, threading.Event()):
            order.append(number)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, last = order.index(1 - order[0]), len(order) - order[::-1].index(order[0])
    assert first < last


def test_none_is_no_writer() -> None:
    assert open_writer(Settings(model="none")) is None


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("no-such-model", "Unknown model 'no-such-model'"),
        ("http://127.0.0.1:9/v1", "does not load with an OpenAI-compatible server"),
    ],
)
def test_a_model_that_cannot_be_had_is_one_clear_error(model: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        open_writer(Settings(model=model, offline=True))


def test_a_file_that_is_no_model_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF but not really")
    with pytest.raises(ModelError, match=r"broken\.gguf does not load with llama\.cpp"):
        open_writer(Settings(model=str(tmp_path / "broken.gguf")))


def test_stoppable_raises_what_the_work_raises() -> None:
    def run(hand_over: object) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(stoppable(run, threading.Event()))


def test_stoppable_ends_while_the_next_item_is_awaited() -> None:
    cancel, never = threading.Event(), threading.Event()
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    assert list(stoppable(lambda hand_over: never.wait(5), cancel)) == []
    assert time.monotonic() - started < 2
    never.set()
