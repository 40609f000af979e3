"""An update that is killed at any moment: the index is the old one or the new one, and going on loses nothing."""

import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from tests.crashing import SCENARIOS, Worker, embedded_twice, worth_dying_at

MOMENTS = 13
"""Random ones of each scenario."""

WORKERS = 2
MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Rounds:
    """Rounds of one scenario.

    Attributes:
        workers: Those that are free.
        name: Of the scenario.
        before: The index that it begins with.
        whole: What `undisturbed` says of it.
        seconds: That it takes undisturbed.
    """

    workers: "SimpleQueue[Worker]"
    name: str
    before: Path
    whole: dict[str, Any]
    seconds: float

    def each(self, deaths: Iterable[Mapping[str, object]]) -> None:
        """Let an update die in each of some ways, then see that all is as it should be; some rounds at once."""
        with ThreadPoolExecutor(WORKERS) as pool:
            for _ in pool.map(self.one, deaths):
                pass

    def one(self, *deaths: Mapping[str, object]) -> None:
        """Let an update die, and again when it goes on; then see that all is as it should be."""
        folder = self.before.with_name(f"copy-{threading.get_ident()}")
        log = folder.with_suffix(".log")
        shutil.rmtree(folder, ignore_errors=True)
        log.unlink(missing_ok=True)
        if self.before.exists():
            shutil.copytree(self.before, folder)
        worker = self.workers.get()
        try:
            for how in deaths:
                worker("update", self.name, folder, log=str(log), **how)
            after = worker("go on", self.name, folder, log=str(log))
        finally:
            self.workers.put(worker)
        old, new = after["meanwhile"]["old"], after["meanwhile"]["new"]
        if new != self.whole["new"]:
            assert isinstance(new, str) or new == self.whole["old"]
            assert old == self.whole["old"] or (self.whole["old"] is None and old.startswith("No index in ")), deaths
        assert after["new"] == self.whole["new"], deaths
        assert after["inside"] == self.whole["inside"], deaths
        assert embedded_twice(log) == [], deaths


@pytest.fixture(scope="module")
def workers() -> "Iterator[SimpleQueue[Worker]]":
    """Return processes whose children die."""
    with ExitStack() as stack:
        free: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(WORKERS):
            free.put(stack.enter_context(closing(Worker())))
        yield free


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Return a folder in memory where there is one: what a killed process wrote is there on any disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module", params=SCENARIOS)
def rounds(request: pytest.FixtureRequest, workers: "SimpleQueue[Worker]", place: Path) -> Rounds:
    """Return the rounds of a scenario."""
    name, before = request.param, place / request.param / "index"
    before.parent.mkdir()
    worker = workers.get()
    worker("prepare", name, before)
    copies = [before.with_name(f"whole-{number}") for number in range(2)]
    if before.exists():
        for copy in copies:
            shutil.copytree(before, copy)
    whole = worker("undisturbed", name, copies[0])
    began = time.monotonic()
    worker("update", name, copies[1], log=str(place / "log"))
    seconds = time.monotonic() - began
    workers.put(worker)
    assert whole["new"] != whole["old"]
    return Rounds(workers, name, before, whole, seconds)


def test_killed_at_random_moments_an_index_is_the_old_or_the_new_one_and_goes_on(rounds: Rounds) -> None:
    draw = random.Random(f"moments of {rounds.name}")
    rounds.each([{"kill_after": draw.uniform(0, rounds.seconds)} for _ in range(MOMENTS)])


@pytest.mark.parametrize("rounds", ["build", "all at once", "another encoder"], indirect=True)
def test_killed_before_each_kind_of_step_an_index_is_the_old_or_the_new_one_and_goes_on(rounds: Rounds) -> None:
    rounds.each([{"die": step} for step in worth_dying_at(rounds.whole["steps"])])


def test_killed_again_and_again_an_update_still_ends(rounds: Rounds) -> None:
    draw = random.Random(f"again and again {rounds.name}")
    rounds.one(*({"die": draw.randrange(len(rounds.whole["steps"]))} for _ in range(4)))
