"""A process id in, what the process takes of this machine out. Linux: it reads /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024  # kB


@dataclass(frozen=True)
class Footprint:
    """What a process takes at a moment.

    Attributes:
        rss_mib: Memory that is present, files that it maps included.
        anon_mib: Of that, its own memory: what a leak makes grow.
        pss_mib: Present memory, what it shares with other processes divided among them.
        threads: How many it has.
        files: How many files and sockets it has open.
        cpu_s: Seconds of CPU since it began.
    """

    rss_mib: float
    anon_mib: float
    pss_mib: float
    threads: int
    files: int
    cpu_s: float

    @classmethod
    def of(cls, pid: int) -> "Footprint":
        """Read it.

        Raises:
            OSError: There is no such process, or no /proc.
        """
        folder = Path("/proc") / str(pid)
        status = _fields(folder / "status")
        pss = _fields(folder / "smaps_rollup")["Pss"]
        times = (folder / "stat").read_text().rpartition(")")[2].split()
        return cls(
            rss_mib=_kb(status["VmRSS"]) / _MIB,
            anon_mib=_kb(status["RssAnon"]) / _MIB,
            pss_mib=_kb(pss) / _MIB,
            threads=int(status["Threads"]),
            files=len(os.listdir(folder / "fd")),
            cpu_s=(int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
        )


def _fields(path: Path) -> dict[str, str]:
    return dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)


def _kb(value: str) -> int:
    return int(value.split()[0])
