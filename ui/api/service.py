"""Questions in, growing answers out, each in its turn and within its limits; what all routes share."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import anyio.to_thread

from rag.answer import Answer, Turn
from rag.engine import Engine
from rag.filters import Filter
from rag.respond import STOPPED
from rag.streams import awaited
from ui.admission import Admission, Busy
from ui.api.limits import fit
from ui.api.metrics import Metrics
from ui.api.problems import UnknownPaper

Result = TypeVar("Result")

_PROBE_S = 1.0
_SHORT_WAIT_S = 1


@dataclass(frozen=True)
class Queued:
    """A question waits: `ahead` others leave before its answer begins."""

    ahead: int


class Service:
    """An engine behind a queue, with limits, and with a record of what it did."""

    def __init__(self, engine: Engine, admission: Admission) -> None:
        self.engine = engine
        self.admission = admission
        self.metrics = Metrics(admission)
        self._threads = anyio.CapacityLimiter(engine.settings.answers_at_once)
        self._warm = threading.Event()
        self._warming = threading.Lock()

    async def answers(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        within: Collection[str] | None = None,
        filter: Filter | None = None,
        as_asked: bool = False,
        face: str = "http",
        cancel: threading.Event | None = None,
    ) -> AsyncGenerator[Queued | Answer, None]:
        """Yield how long the queue is while waiting, then the growing answer; leaving the iterator ends the answer.

        An answer that takes longer than the settings allow ends as it is, and its note says so.

        Args:
            question: Of a person.
            history: Earlier turns, oldest first.
            within: Ids of the papers that may answer; None takes all.
            filter: What the papers must be, beside what the question says.
            as_asked: Take nothing of the question for a filter.
            face: Under which the answer is counted.
            cancel: When set, the answer ends within a second, in the queue too, and keeps what was written.

        Raises:
            Busy: Too many wait.
            UnknownPaper: No paper of `within` is in the index.
            UserError: The question or the history does not fit.
        """
        settings, cancel, done = self.engine.settings, cancel or threading.Event(), False
        fit(history, settings)
        if within is not None:
            await self.aside(lambda: self.known(within))
        with self.admission.enter() as place:
            async with aclosing(place.steps(cancel)) as steps:
                async for ahead in steps:
                    yield Queued(ahead)
            overdue = threading.Event()

            def end() -> None:
                overdue.set()
                cancel.set()

            limit = asyncio.get_running_loop().call_later(settings.answer_s, end)
            given: dict[str, Any] = {"within": within, "filter": filter, "as_asked": as_asked}
            stream = awaited(lambda: self.engine.stream(question, history, cancel=cancel, **given), cancel)
            try:
                async with aclosing(stream) as answers:
                    async for answer in answers:
                        if done := answer.done:
                            self.metrics.answered(answer, face)
                        if overdue.is_set() and answer.note.endswith(STOPPED):
                            ended = f"Ended after {settings.answer_s:g} seconds, the time limit of an answer."
                            answer = replace(answer, note=answer.note.removesuffix(STOPPED) + ended)
                        yield answer
            except (asyncio.CancelledError, GeneratorExit):
                if not done:
                    self.metrics.left(face)
                raise
            finally:
                limit.cancel()

    async def aside(self, work: Callable[[], Result]) -> Result:
        """Return what a blocking call returns, while the event loop goes on; as many at once as answers.

        Raises:
            Busy: As many wait as questions may.
        """
        at_work, waiting = self._threads.borrowed_tokens, self._threads.statistics().tasks_waiting
        if at_work >= self._threads.total_tokens and waiting >= self.admission.room:
            raise Busy(at_work, waiting, _SHORT_WAIT_S)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    def known(self, within: Collection[str] | None) -> None:
        """Refuse to choose among papers none of which the index has.

        Raises:
            UnknownPaper: It has none.
        """
        if within is not None and not any(self.engine.paper(each) for each in within):
            raise UnknownPaper(*within)

    async def ready(self) -> bool:
        """Say whether questions can be answered: the embedding model is there; without a writer, answers are quoted."""
        if not self._warm.is_set():
            threading.Thread(target=self._probe, daemon=True).start()
            await asyncio.to_thread(self._warm.wait, _PROBE_S)
        return self._warm.is_set()

    def _probe(self) -> None:
        """Ask the embedding model once; one probe at a time."""
        if self._warming.acquire(blocking=False):
            try:
                with suppress(Exception):  # whatever it is, it is not ready
                    self.engine.embed(["ready"])
                    self._warm.set()
            finally:
                self._warming.release()
