"""Encoding in the processes of a real Ray cluster of this machine, one of which is killed on the way."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from index.cluster import CPUS_OF_WORKER, _places, connected
from index.errors import ModelError, UserError
from index.papers import Paper
from index.spread import BATCH_TEXTS, SpreadWordEncoder, spread
from index.store import Store
from index.update import update
from index.vectors import Vectors
from tests.conftest import HashingEncoder
from tests.test_wordvectors import HashingWordEncoder

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'paperchat[ray]'")
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning",  # Ray leaves the log files of its processes open
    "ignore:subprocess .* is still running:ResourceWarning",
    "ignore::FutureWarning:ray",
)

TEXTS = [f"abstract {number} on moss" for number in range(5 * BATCH_TEXTS + 7)]
WAIT_S = 60.0


class TracedEncoder(HashingWordEncoder):
    """Writes down which process reads how much; the first one waits, in the middle of a batch, until it is killed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def encode(self, texts: Sequence[str]) -> Vectors:
        try:
            with (self.folder / "victim").open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            with (self.folder / "read").open("a") as file:
                file.write("".join(text.replace("\n", " ") + "\n" for text in texts))
            return super().encode(texts)
        time.sleep(WAIT_S)
        raise AssertionError("nobody killed this worker")


class DeadlyEncoder(HashingEncoder):
    """Ends its process at the first text."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        os._exit(1)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield cluster.address
    cluster.shutdown()  # type: ignore[no-untyped-call]


def test_vectors_come_back_in_the_order_of_the_texts(address: str) -> None:
    encoder = HashingEncoder()
    with spread(encoder, HashingEncoder, address) as workers:
        assert np.array_equal(workers.encode(TEXTS), encoder.encode(TEXTS))
        assert np.array_equal(workers.encode(["b", "a", "b"]), encoder.encode(["b", "a", "b"]))
        assert workers.encode([]).shape == (0, 256)
        assert not isinstance(workers, SpreadWordEncoder)


def test_a_killed_worker_loses_nothing_and_nothing_is_read_twice(address: str, tmp_path: Path) -> None:
    encoder, load = TracedEncoder(tmp_path), partial(TracedEncoder, tmp_path)
    papers = [Paper(f"p{at}", f"Paper {at}", text, sources=("many.jsonl",)) for at, text in enumerate(TEXTS)]
    with ThreadPoolExecutor() as threads, spread(encoder, load, address) as workers:
        building = threads.submit(update, tmp_path / "index", papers, workers)
        victim = tmp_path / "victim"
        until(lambda: victim.exists() and victim.read_text() != "")
        os.kill(int(victim.read_text()), signal.SIGKILL)
        assert building.result(WAIT_S).embedded == len(papers)
    read = (tmp_path / "read").read_text().splitlines()
    assert len(read) == len(set(read)) == len(papers)
    with closing(Store.open(tmp_path / "index", HashingWordEncoder())) as store:
        assert len(store.papers) == len(papers)


def test_texts_that_end_every_worker_are_named(address: str) -> None:
    with (
        spread(HashingEncoder(), DeadlyEncoder, address) as workers,
        pytest.raises(
            ModelError,
            match=r"workers ended over the same 64 texts, at last: The actor died .* what is embedded is kept",
        ),
    ):
        workers.encode(TEXTS)


def test_a_worker_with_another_model_is_refused(address: str) -> None:
    with (
        pytest.raises(ModelError, match=r"hashing on .* has the digest hashing-2…, here it has hashing-1…"),
        spread(HashingEncoder(), partial(HashingEncoder, "hashing-2"), address),
    ):
        pass


def test_a_worker_without_the_model_says_so(address: str) -> None:
    with pytest.raises(ModelError, match="no disk on this node"), spread(HashingEncoder(), _no_model, address):
        pass


def test_a_cluster_that_is_not_there_is_named_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(UserError, match=f"No Ray cluster answers at {address} .*ray start --head"), connected(address):
        pass


@pytest.mark.parametrize("address", ["", "cluster", "http://127.0.0.1:1", "127.0.0.1:x", "ray://"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UserError, match=r"is no address of a Ray cluster. Give local, HOST:PORT"), connected(address):
        pass


def test_without_ray_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install 'paperchat\[ray\]'"), connected("local"):
        pass


@pytest.mark.parametrize(("cpus", "workers"), [(0, []), (1, [1]), (3, [3]), (8, [4, 4]), (11, [5, 5])])
def test_a_node_has_a_place_for_each_few_processors(cpus: int, workers: list[int]) -> None:
    assert CPUS_OF_WORKER == 4
    assert [place.cpus for place in _places("node", cpus)] == workers


def _no_model() -> HashingEncoder:
    raise ModelError("no disk on this node")


def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened, at most `WAIT_S`."""
    end = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)
