"""What a server takes while requests come in, out comes by how much each thousand of them makes it grow."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.load.footprint import Footprint
from bench.load.samples import DONE, LEFT
from bench.load.serving import Serving

_EVERY_S = 1.0


@dataclass(frozen=True)
class Moment:
    """What a server took after so many answered requests."""

    requests: int
    footprint: Footprint


@dataclass(frozen=True)
class Drift:
    """How a server grew over many requests.

    Attributes:
        requests: How many came.
        seconds: How long they took.
        anon_kb: What its own memory grew by a thousand requests, by a straight line through the second half, in kB.
        pss_kb: The same of its present memory.
        anon_error_kb: Standard error of the first.
        outcomes: How many requests ended how.
        moments: What it took on the way.
    """

    requests: int
    seconds: float
    anon_kb: float
    pss_kb: float
    anon_error_kb: float
    outcomes: dict[str, int]
    moments: tuple[Moment, ...]

    def __str__(self) -> str:
        """Return lines for people."""
        quarters = [self.moments[min(len(self.moments) * at // 4, len(self.moments) - 1)] for at in range(5)]
        rows = [
            f"after {moment.requests:6} requests: {each.anon_mib:7.1f} MiB of its own, {each.pss_mib:7.1f} MiB PSS, "
            f"{each.threads} threads, {each.files} files"
            for moment in quarters
            for each in [moment.footprint]
        ]
        ended = ", ".join(f"{times} {name}" for name, times in self.outcomes.items())
        grew = f"{self.anon_kb:+.0f} ± {self.anon_error_kb:.0f} kB of its own and {self.pss_kb:+.0f} kB PSS"
        first = f"{self.requests} requests in {self.seconds:.0f} s: {ended}"
        return "\n".join([first, *rows, f"Over the second half it grew by {grew} a thousand requests."])


def drift(server: Serving, users: int, requests: int, seconds: float) -> Drift:
    """Let people make so many requests, at most for so long, and look at the server every second.

    How many were answered is read from the server's own counts.
    """
    start = time.perf_counter()
    moments = [Moment(0, server.footprint())]
    before = server.requests()
    crowd = server.crowd(users, seconds, requests)
    while crowd.asks(_EVERY_S):
        moments.append(Moment(server.requests() - before, server.footprint()))
    run = crowd.run()
    outcomes: dict[str, int] = {DONE: 0, LEFT: 0}
    for sample in run.samples:
        outcomes[sample.outcome] = outcomes.get(sample.outcome, 0) + 1
    anon_kb, error_kb = slope([(each.requests, each.footprint.anon_mib) for each in moments])
    pss_kb, _ = slope([(each.requests, each.footprint.pss_mib) for each in moments])
    taken_s = time.perf_counter() - start
    return Drift(len(run.samples), taken_s, anon_kb, pss_kb, error_kb, outcomes, tuple(moments))


def slope(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Return kB a thousand requests, and the standard error, of (requests, MiB) by least squares over the second half.

    The second half is that of the requests; fewer than three different points in it have no slope: 0, with an error
    without end.
    """
    half = [point for point in points if point[0] >= points[-1][0] / 2]
    x, y = np.asarray(half, dtype=np.float64).T
    x, y = x / 1000, y * 1024
    spread = float(((x - x.mean()) ** 2).sum())
    if len(half) < 3 or not spread:
        return 0.0, float("inf")
    rise = float(((x - x.mean()) * (y - y.mean())).sum() / spread)
    left = y - y.mean() - rise * (x - x.mean())
    return rise, float(np.sqrt((left**2).sum() / (len(half) - 2) / spread))
