"""One engine for many threads and tasks: same answers, others go on, and who leaves ends what was written for them."""

import asyncio
import re
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from index import Paper, Store, update
from rag import Answer, Engine, Settings
from rag.writer import Message, Piece, Writer
from tests.conftest import HashingEncoder

QUESTIONS = [
    "How much less time does pretraining take with Compost?",
    "How many layers does the network of TideNet have?",
    "What does DP-Moss add noise to?",
    "How does Lantern order utterances?",
    "How many pruning methods does the survey compare?",
    "What do tokens of every modality share in 4M-7?",
    "By how much does waiting time drop with Orchard?",
    "What explains the gap of large batches?",
]
SOON_S = 5


class Reads(Writer):
    """Says the last sentence of the first excerpt."""

    name = "reads"

    def count(self, text: str) -> int:
        return len(text.split())

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        excerpt = messages[-1].content.split("\n\n")[0].split("[2]")[0]
        for word in re.split(r"(?<= )", re.split(r"(?<=[.!?])\s", excerpt.strip())[-1]):
            yield Piece(word)


class Waits(Reads):
    """Says one sentence and then waits until it is told to go on, or is cancelled, or is left."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.noticed, self.left = (threading.Event() for _ in range(4))

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        try:
            yield Piece("Averaging five checkpoints works best. ")
            yield Piece("Pretraining ")
            self.begun.set()
            while not self.go_on.wait(0.02):
                if cancel.is_set():
                    self.noticed.set()
                    return
            yield Piece("takes 1.5x less time on average.")
        finally:
            self.left.set()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def waiting(store: Store, encoder: HashingEncoder, waits: Waits) -> Engine:
    """Return an engine whose writer waits."""
    return Engine(Settings(), store, encoder, waits)


def untimed(answer: Answer) -> dict[str, Any]:
    return {name: value for name, value in answer.to_dict().items() if name != "timings"}


def test_eight_threads_get_the_answers_that_one_gets(store: Store, encoder: HashingEncoder) -> None:
    engine = Engine(Settings(), store, encoder, Reads())
    one_by_one = [untimed(engine.ask(question)) for question in QUESTIONS]
    assert len({answer["text"] for answer in one_by_one}) >= 7
    start = threading.Barrier(8)

    def ask(question: str) -> dict[str, Any]:
        start.wait(SOON_S)
        return untimed(engine.ask(question))

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, QUESTIONS)) == one_by_one

    async def at_once() -> list[Answer]:
        return await asyncio.gather(*map(engine.aask, QUESTIONS))

    assert [untimed(answer) for answer in asyncio.run(at_once())] == one_by_one


def test_searches_go_on_while_the_index_is_updated(index_folder: Path, tmp_path: Path) -> None:
    folder, encoder = tmp_path / "index", HashingEncoder()
    shutil.copytree(index_folder, folder)
    new = [Paper(f"my:{at}", f"Moss Number {at}", f"Moss number {at} grows on stones.") for at in range(12)]
    over = threading.Event()

    with Engine.open(folder, encoder=encoder, model="none") as engine, ThreadPoolExecutor(5) as threads:

        def go_on_asking(question: str) -> int:
            found = 0
            while not over.is_set():
                assert engine.ask(question).answered
                assert len(engine.search(question, limit=3)) == 3
                found += 1
            return found

        asking = [threads.submit(go_on_asking, question) for question in QUESTIONS[:5]]
        try:
            for paper in new:
                update(folder, [paper], encoder)
                assert engine.search(paper.title, limit=1)[0].paper == paper
        finally:
            over.set()
        assert min(each.result(SOON_S) for each in asking) > 0
        assert engine.status().papers == 22


def test_the_event_loop_goes_on_while_an_answer_is_written(waiting: Engine, waits: Waits) -> None:
    async def both() -> Answer:
        answer = asyncio.create_task(waiting.aask(QUESTIONS[0]))
        await asyncio.to_thread(waits.begun.wait, SOON_S)
        waits.go_on.set()
        return await answer

    assert asyncio.run(both()).text.endswith("Pretraining takes 1.5x less time on average [1].")


async def time_out(engine: Engine, waits: Waits) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(engine.aask(QUESTIONS[0]), 0.3)


async def cancel_the_task(engine: Engine, waits: Waits) -> None:
    task = asyncio.create_task(engine.aask(QUESTIONS[0]))
    await asyncio.to_thread(waits.begun.wait, SOON_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def break_out(engine: Engine, waits: Waits) -> None:
    async for answer in engine.astream(QUESTIONS[0]):
        if answer.text:
            break


async def close(engine: Engine, waits: Waits) -> None:
    answers = engine.astream(QUESTIONS[0])
    async for answer in answers:
        if answer.text:
            await answers.aclose()


async def query_streaming_and_leave(engine: Engine, waits: Waits) -> None:
    response: Any = await engine.as_query_engine(streaming=True).aquery(QUESTIONS[0])
    await anext(response.response_gen)
    await response.response_gen.aclose()


@pytest.mark.parametrize("leave", [time_out, cancel_the_task, break_out, close, query_streaming_and_leave])
def test_leaving_an_awaited_answer_ends_its_generation(
    waiting: Engine, waits: Waits, leave: Callable[[Engine, Waits], Awaitable[None]]
) -> None:
    async def left() -> bool:
        await leave(waiting, waits)
        return await asyncio.to_thread(waits.left.wait, SOON_S)

    assert asyncio.run(left())
    assert not waits.go_on.is_set()


def test_leaving_a_streamed_answer_ends_its_generation(waiting: Engine, waits: Waits) -> None:
    for answer in waiting.stream(QUESTIONS[0]):
        if answer.text:
            break
    del answer
    assert waits.left.wait(SOON_S) and not waits.begun.is_set()
    response: Any = waiting.as_query_engine(streaming=True).query(QUESTIONS[0])
    waits.left.clear()
    next(response.response_gen)
    response.response_gen.close()
    assert waits.left.wait(SOON_S)


def test_cancelling_keeps_what_was_written(waiting: Engine, waits: Waits) -> None:
    cancel = threading.Event()
    answers = waiting.stream(QUESTIONS[0], cancel=cancel)
    shown = [answer for answer in answers if not answer.sentences or not cancel.set()]  # type: ignore[func-returns-value]
    assert waits.noticed.is_set()
    assert shown[-1].note == "Stopped." and shown[-1].text.startswith("Averaging five checkpoints works best [1].")
