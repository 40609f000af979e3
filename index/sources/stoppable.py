"""Sources read in a process of its own, which ends when somebody says so, or when it takes too long or too much.

Parsers hold on to the interpreter for as long as a text takes them; only a process can be ended at any moment.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from index.errors import SourceError, UserError
from index.paper import Paper
from index.sources import LeftOut, Reading, read
from index.sources.budget import Limits, OverBudget, over

_RUN = "import sys; sys.path[:] = sys.argv[1:]; from index.sources.stoppable import main; main()"
_CHECK_S = 0.1
_NICE = 5
_IN_GROUP = os.name == "posix"  # where a process and those that it starts can be ended together


def read_stoppably(
    paths: Sequence[Path],
    limits: Limits,
    check: Callable[[], None],
    within: Path | None = None,
    uploaded: bool = False,
) -> Reading:
    """Read files and folders as `index.sources.read` does, papers merged.

    Args:
        paths: To read.
        limits: Of all that is read.
        check: Called ten times a second, in another thread; what it raises ends the reading within a moment.
        within: As for `read`.
        uploaded: As for `read`.

    Raises:
        SourceError: As `read` raises it.
        OverBudget: There is more than `limits` allow, or reading takes longer or more memory.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},  # each thread takes address space
        start_new_session=_IN_GROUP,
    )
    assert process.stdin and process.stdout
    done = threading.Event()
    stopped: list[BaseException] = []
    latest = None if limits.read_s is None else time.monotonic() + limits.read_s

    def guard() -> None:
        while not done.wait(_CHECK_S):
            try:
                check()
                if latest is not None and time.monotonic() > latest:
                    raise over(f"take more than {limits.read_s:,.0f} s to read")
            except BaseException as error:  # raised again below
                stopped.append(error)
                _kill(process)
                return

    watcher = threading.Thread(target=guard, daemon=True)
    watcher.start()
    try:
        asked = {
            "paths": list(map(str, paths)),
            "limits": asdict(limits),
            "within": within and str(within),
            "uploaded": uploaded,
        }
        with contextlib.suppress(OSError):  # it has ended
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.flush()
        reading = _received(process.stdout)
    finally:
        done.set()
        watcher.join()
        _kill(process)
        process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
    if stopped:
        raise stopped[0]
    if reading is None and process.returncode < 0:  # by the system, where memory or time ran out
        raise over("take too much memory or time to read")
    if reading is None:
        raise RuntimeError(f"The process that reads ended with {process.returncode}; what it printed says why")
    return reading


def main() -> None:
    """Read what the one line on standard input asks for; answer with a paper a line, and at last with the rest."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a parser prints is no answer
    asked = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**asked["limits"])
    _restrict(limits)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    within = asked["within"] and Path(asked["within"])
    try:
        paths = [Path(each) for each in asked["paths"]]
        reading = read(paths, limits=limits, within=within, uploaded=asked["uploaded"])
    except MemoryError:
        answer: dict[str, Any] = {"over": str(_too_much_memory(limits))}
    except OverBudget as error:
        answer = {"over": str(error)}
    except UserError as error:
        answer = {"error": str(error)}
    else:
        for paper in reading.found:
            _say(out, {"paper": paper.to_dict()})
        left_out = [asdict(each) for each in reading.left_out]
        at = {id(paper): number for number, paper in enumerate(reading.found)}  # most are the only record of theirs
        papers = [at[id(paper)] if id(paper) in at else paper.to_dict() for paper in reading.papers]
        answer = {**vars(reading), "papers": papers, "found": [], "left_out": left_out}
    _say(out, answer)


def _received(answers: IO[bytes]) -> Reading | None:
    """Return what was read; None where the process ended before it was done.

    Raises:
        SourceError, OverBudget: That the process answered with.
    """
    found: list[Paper] = []
    for line in answers:
        if not line.endswith(b"\n"):
            break
        answer = json.loads(line)
        if "paper" in answer:
            found.append(Paper.from_dict(answer["paper"]))
        elif "over" in answer:
            raise OverBudget(answer["over"])
        elif "error" in answer:
            raise SourceError(answer["error"])
        else:
            left_out = tuple(LeftOut(**each) for each in answer["left_out"])
            papers = tuple(found[each] if isinstance(each, int) else Paper.from_dict(each) for each in answer["papers"])
            return Reading(**{**answer, "papers": papers, "left_out": left_out, "found": tuple(found)})
    return None


def _say(out: IO[bytes], answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer).encode() + b"\n")
    out.flush()


def _restrict(limits: Limits) -> None:
    """Have the system end this process where nobody else can any more, and let others go first."""
    if not _IN_GROUP:
        return
    import resource

    os.nice(_NICE)
    for kind, most in ((resource.RLIMIT_AS, limits.memory_bytes), (resource.RLIMIT_CPU, limits.read_s)):
        if most is not None:
            with contextlib.suppress(OSError, ValueError):  # a system that has no such limit
                resource.setrlimit(kind, (int(most), resource.getrlimit(kind)[1]))


def _end_with_parent() -> None:
    """End this process, and what it started, when the one that asked is no more."""
    sys.stdin.buffer.read()
    if _IN_GROUP:
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process that was not waited for, and what it started."""
    if _IN_GROUP:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _too_much_memory(limits: Limits) -> OverBudget:
    return over(f"need more than {(limits.memory_bytes or 0) >> 20:,} MiB of memory to be read")
