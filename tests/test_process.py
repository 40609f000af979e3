"""Memory that is freed goes back to the system, threads that wait sleep, and a command ends without a last search."""

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FREED = """
import numpy as np
from ui.process import give_back_freed

def own_mib():
    return int(open("/proc/self/status").read().split("RssAnon:")[1].split()[0]) / 1024

print(give_back_freed() if {wanted} else None)
big = np.ones(30 * 2**20, dtype=np.uint8)  # freed, it teaches glibc to keep what is smaller
del big
before, pieces, between = own_mib(), [], []
for _ in range(200):
    pieces.append(np.ones(2**20, dtype=np.uint8))
    between.append(bytes(1000))  # what stays, and keeps a heap from shrinking
del pieces
print(own_mib() - before)
"""


def kept_mib(wanted: bool) -> tuple[str, float]:
    """Return what setting it said, and the MiB that a process keeps of 200 freed ones."""
    code = FREED.format(wanted=wanted)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    said, kept = done.stdout.split()
    return said, float(kept)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="there is nothing to set without glibc")
def test_what_is_freed_in_big_pieces_goes_back() -> None:
    said, kept = kept_mib(wanted=True)
    assert said == "True" and kept < 20
    assert kept_mib(wanted=False)[1] > 100  # else this test tells nothing


@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "5"}, "5"), ({"OMP_WAIT_POLICY": "passive"}, "0")],
)
def test_threads_that_wait_for_each_other_sleep_soon(given: dict[str, str], spins: str) -> None:
    torch = importlib.util.find_spec("torch")
    openmp = Path(torch.origin or "").parent / "lib" / "libgomp.so.1" if torch else Path()
    if not openmp.is_file():
        pytest.skip("this torch has no GNU OpenMP")
    code = f"import ctypes; from ui.process import wait_asleep; wait_asleep(); ctypes.CDLL({str(openmp)!r})"
    plain = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    environment = {**plain, "OMP_DISPLAY_ENV": "verbose", **given}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert f"GOMP_SPINCOUNT = '{spins}'" in done.stderr


@pytest.mark.parametrize(("given", "threads"), [({}, {1}), ({"OPENBLAS_NUM_THREADS": "2"}, {2})])
def test_numpy_keeps_to_the_thread_that_asks(given: dict[str, str], threads: set[int]) -> None:
    code = (
        "import numpy; from threadpoolctl import threadpool_info; from ui.process import one_core_each; "
        "one_core_each(); print({each['num_threads'] for each in threadpool_info() if each['user_api'] == 'blas'})"
    )
    plain = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment = {**plain, **given}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment)
    if done.stdout.strip() == "set()" or (os.cpu_count() or 1) < 2:
        pytest.skip("numpy has no BLAS with threads here")
    assert done.stdout.strip() == str(threads), done.stderr


def test_a_command_ends_without_a_search_for_garbage_and_does_what_is_due_at_its_end() -> None:
    code = (
        "import atexit, gc, sys; atexit.register(lambda: print(gc.get_freeze_count() > 10_000, file=sys.stderr)); "
        "from ui.cli import main; sys.argv = ['paperchat', '--help']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "papers" in done.stdout and done.stderr.strip() == "True"
