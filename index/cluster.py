"""The address of a Ray cluster in, a connection and the places for workers on its nodes out."""

import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass

from index.errors import UserError

LOCAL = "local"
"""The address of a cluster of this machine alone, which ends with the connection."""

CPUS_OF_WORKER = 4
"""More threads than that hardly make a small encoder faster: a second worker does."""

_REACH_S = 3.0
_ADDRESS = re.compile(r"(?:ray://)?([\w.-]+):(\d{1,5})")


@dataclass(frozen=True)
class Place:
    """Room for one worker: the node it begins on, and the processors that it takes."""

    node_id: str
    cpus: int


@contextmanager
def connected(address: str) -> Iterator[list[Place]]:
    """Connect with a cluster, and yield its places for workers; nothing about its use is reported to anybody.

    Args:
        address: `local`, `HOST:PORT` on a node of the cluster, or `ray://HOST:PORT` from outside.

    Raises:
        UserError: Ray is not installed, the address is none, nothing answers there, or there is no processor.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError as error:
        raise UserError(
            f"--ray needs Ray ({error}). Install it here and on each node: pip install 'paperchat[ray]'"
        ) from error
    _knock(address)
    own = False if address == LOCAL else None  # a cluster that is there has its dashboard or has none
    try:
        ray.init(address=address, include_dashboard=own, configure_logging=False, log_to_driver=False)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        ray.shutdown()
        raise UserError(
            f"No Ray cluster at {address}: {error} On a node of the cluster give HOST:PORT as `ray status` shows it, "
            "from outside ray://HOST:10001; or --ray local; a cluster with a token wants it in RAY_AUTH_TOKEN."
        ) from error
    try:
        alive = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        nodes = [(node["NodeID"], int(node["Resources"].get("CPU", 0))) for node in alive]
        places = [place for node_id, cpus in nodes for place in _places(node_id, cpus)]
        if not places:
            raise UserError(f"The Ray cluster at {address} offers no processor. Start nodes: ray start --address …")
        with redirect_stdout(sys.stderr):  # Ray prints what befalls its nodes
            yield places
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """See within seconds that somebody listens at an address; Ray itself would wait for long."""
    if address == LOCAL:
        return
    if not (parts := _ADDRESS.fullmatch(address)):
        raise UserError(f"{address!r} is no address of a Ray cluster. Give local, HOST:PORT or ray://HOST:PORT.")
    try:
        socket.create_connection((parts[1], int(parts[2])), timeout=_REACH_S).close()
    except (OSError, OverflowError) as error:
        raise UserError(
            f"No Ray cluster answers at {address} ({error}). Start one: ray start --head, or give --ray local."
        ) from error


def _places(node_id: str, cpus: int) -> list[Place]:
    """Return the places of a node: as many as get `CPUS_OF_WORKER` each, one on a smaller node."""
    workers = max(min(cpus, 1), cpus // CPUS_OF_WORKER)
    return [Place(node_id, cpus // workers) for _ in range(workers)]
