"""How a process of ours treats its machine: waiting threads sleep, freed memory goes back, and its end is quick."""

import atexit
import ctypes
import gc
import os
from contextlib import suppress

SPINS = "1000"
"""So often a thread of torch or llama.cpp looks whether the others are done, some microseconds, before it sleeps."""

BIG_BYTES = 256 * 1024
"""Pieces of memory from this size on are the system's again as soon as they are freed."""

_M_MMAP_THRESHOLD = -3  # of <malloc.h>


def wait_asleep() -> None:
    """Let threads that wait for each other sleep soon; call it before torch or llama.cpp are loaded.

    By itself GNU OpenMP has them look for milliseconds, at every step of a model: where others want the cores too, an
    embedded question then takes ten times as long and ten times the CPU. What the environment says of it stands.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def end_quickly() -> None:
    """Let the process end without a search for garbage, which takes seconds on a busy machine once torch is loaded.

    By itself Python looks through half a million objects of its libraries, several times, after the last line is
    printed. The system takes back their memory anyway; what is to be done at the end of a program is still done.
    """
    atexit.register(gc.freeze)


def one_core_each() -> None:
    """Let numpy multiply small matrices in the thread that asks; call it once numpy is loaded.

    By itself OpenBLAS wakes a thread for each core, which looks for work long after: many answers at once keep the
    cores busy anyway. What the environment says of it stands.
    """
    from threadpoolctl import threadpool_limits

    if "OPENBLAS_NUM_THREADS" not in os.environ:
        threadpool_limits(1, user_api="blas")


def give_back_freed() -> bool:
    """Let big pieces of memory go back to the system once they are freed; return whether that could be set.

    By itself glibc learns from the first big piece that is freed to keep all others, in a heap for each of many
    threads: every thread in which a batch was embedded then holds on to what the largest batch took.
    """
    with suppress(AttributeError, OSError, TypeError):  # no glibc
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, BIG_BYTES))
    return False
