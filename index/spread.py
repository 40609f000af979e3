"""An encoder in, the same one at work in the processes of a Ray cluster out: texts go there, vectors come back.

Each node has paperchat and the model. Knows nothing of papers or indexes.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from index.cluster import Place, connected
from index.errors import ModelError
from index.vectors import Encoded, Encoder, Vectors, WordEncoder

BATCH_TEXTS = 64
_AHEAD = 2  # batches of each worker: one that it reads, one that waits for it
_DEATHS = 3  # of workers over the same batch
_START_S = 120.0


class SpreadEncoder:
    """An encoder whose texts are read by workers; for one thread at a time.

    What a worker that ends had in hand is read by the others, and another worker is started in its place.
    """

    texts_at_once = 2048
    """Texts that a build hands over in one call: enough for many workers, few enough to hold their word vectors."""

    def __init__(self, encoder: Encoder, load: Callable[[], Encoder], places: Sequence[Place]) -> None:
        """Start workers in the cluster that this process is connected with (`index.cluster`).

        Args:
            encoder: That of this process: all workers must have its digest.
            load: Makes it, in a worker.
            places: One for each worker.

        Raises:
            ModelError: A worker has no such model, or none came up.
        """
        import ray

        self.name, self.digest = encoder.name, encoder.digest
        self._encoder = encoder
        self._load = load
        self._workers: dict[Any, Place] = {}
        self._starting: dict[Any, tuple[Any, Place]] = {}
        self._reason = f"none came up within {_START_S:.0f} s."
        self._spare = len(places) * _DEATHS
        for place in places:
            self._start(place)
        ready, _ = ray.wait(list(self._starting), num_returns=len(places), timeout=_START_S)
        for reference in ready:
            self._welcome(reference)
        if not self._workers:
            raise self._nobody()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dim)`, rows of length 1; equal texts are read once.

        Raises:
            ModelError: No worker is left, or a batch ended several of them.
        """
        return np.stack(self._read("encode", texts)) if texts else self._encoder.encode([])

    def _read(self, method: str, texts: Sequence[str]) -> list[Any]:
        """Return what a method of the encoder gives for each text; each batch has one result, whoever made it."""
        places = {text: at for at, text in enumerate(dict.fromkeys(texts))}
        different = list(places)
        batches = [different[at : at + BATCH_TEXTS] for at in range(0, len(different), BATCH_TEXTS)]
        found: list[Sequence[Any]] = [()] * len(batches)
        for at, result in self._results(method, batches):
            found[at] = result
        rows = [row for result in found for row in result]
        return [rows[places[text]] for text in texts]

    def _results(self, method: str, batches: Sequence[list[str]]) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield the place of each batch and its result, as they come."""
        import ray

        waiting = deque(range(len(batches)))
        deaths = [0] * len(batches)
        running: dict[Any, tuple[int, Any]] = {}
        while waiting or running:
            for worker in [*self._workers] * _AHEAD:
                if waiting and sum(each is worker for _, each in running.values()) < _AHEAD:
                    at = waiting.popleft()
                    running[worker.read.remote(method, batches[at])] = at, worker
            ready, _ = ray.wait([*running, *self._starting], timeout=None if running else _START_S)
            if not ready:
                raise self._nobody()
            [reference] = ready
            if reference in self._starting:
                self._welcome(reference)
            else:
                at, worker = running.pop(reference)
                try:
                    yield at, ray.get(reference)
                except ray.exceptions.RayTaskError as error:
                    raise error.cause from error
                except ray.exceptions.RayError as error:
                    waiting.appendleft(at)
                    deaths[at] += worker in self._workers
                    self._bury(worker, error, deaths[at])
            if not self._workers and not self._starting:
                raise self._nobody()

    def _start(self, place: Place) -> None:
        """Start a worker, on the node of its place or, where that is gone, on any other."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        near = NodeAffinitySchedulingStrategy(place.node_id, soft=True)
        kind: Any = ray.remote(_Worker)
        worker = kind.options(num_cpus=place.cpus, scheduling_strategy=near).remote(self._load, self.digest)
        self._starting[worker.ready.remote()] = worker, place

    def _welcome(self, reference: Any) -> None:  # noqa: ANN401  # Ray's references and handles have no types
        """Take in a worker that has started, or note why it has not."""
        import ray

        worker, place = self._starting.pop(reference)
        try:
            ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayError as error:
            self._reason = _line(error)
        else:
            self._workers[worker] = place

    def _bury(self, worker: Any, error: Exception, deaths: int) -> None:  # noqa: ANN401
        """Let go of a worker that ended, and start another, unless too many have ended."""
        self._reason = _line(error)
        if deaths == _DEATHS:
            raise ModelError(
                f"{_DEATHS} workers ended over the same {BATCH_TEXTS} texts, at last: {self._reason} Look for want of "
                "memory on the nodes of the cluster, then run again: what is embedded is kept."
            ) from error
        place = self._workers.pop(worker, None)
        if place and self._spare:
            self._spare -= 1
            self._start(place)

    def _nobody(self) -> ModelError:
        return ModelError(
            f"No worker of the Ray cluster is left: {self._reason} Look at it with `ray status`, then run again: "
            "what is embedded is kept."
        )


class SpreadWordEncoder(SpreadEncoder):
    """The same, of an encoder that also tells what each word means."""

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        """Return each text as a whole and by its words."""
        return self._read("encode_words", texts)


class _Worker:
    """Lives in a process of the cluster, and keeps an encoder there."""

    def __init__(self, load: Callable[[], Encoder], digest: str) -> None:
        self._load = load
        self._digest = digest

    def ready(self) -> None:
        """Load the encoder.

        Raises:
            ModelError: It is not the one that the driver has, or cannot be had on this node.
        """
        import platform

        self._encoder = self._load()
        if self._encoder.digest != self._digest:
            raise ModelError(
                f"{self._encoder.name} on {platform.node()} has the digest {self._encoder.digest[:16]}…, here it has "
                f"{self._digest[:16]}…. Put the same model on each node: paperchat models pull NAME"
            )

    def read(self, method: str, texts: list[str]) -> Any:  # noqa: ANN401
        """Return what a method of the encoder gives for texts."""
        return getattr(self._encoder, method)(texts)


@contextmanager
def spread(encoder: Encoder, load: Callable[[], Encoder], address: str) -> Iterator[SpreadEncoder]:
    """Yield an encoder whose texts are read in a Ray cluster, with words where `encoder` has them.

    Args:
        encoder: That of this process.
        load: Makes the same in a worker; it travels there, so it is a function of a module or a `partial` of one.
        address: `local`, `HOST:PORT` or `ray://HOST:PORT`.

    Raises:
        UserError: The cluster cannot be used.
        ModelError: Its nodes don't have the model.
    """
    with connected(address) as places:
        kind = SpreadWordEncoder if isinstance(encoder, WordEncoder) else SpreadEncoder
        yield kind(encoder, load, places)


def _line(error: Exception) -> str:
    """Return the first line of what Ray says, which tells what happened; the others are for those who look after it."""
    return str(error).partition("\n")[0]
