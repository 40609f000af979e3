"""Memory that is freed goes back to the system."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FREED = """
import numpy as np
from ui.heap import give_back_freed

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
