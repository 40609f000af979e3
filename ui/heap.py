"""How glibc keeps freed memory, set for a process that serves for long; elsewhere nothing is to be set."""

import ctypes
from contextlib import suppress

BIG_BYTES = 256 * 1024
"""Pieces from this size on are the system's again as soon as they are freed."""

_M_MMAP_THRESHOLD = -3  # of <malloc.h>


def give_back_freed() -> bool:
    """Let big pieces of memory go back to the system once they are freed; return whether that could be set.

    By itself glibc learns from the first big piece that is freed to keep all others, in a heap for each of many
    threads: every thread in which a batch was embedded then holds on to what the largest batch took.
    """
    with suppress(AttributeError, OSError, TypeError):  # no glibc
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, BIG_BYTES))
    return False
