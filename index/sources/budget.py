"""What one reading of sources may take at most: `Limits`, and the `Budget` that counts. Knows no form of a file."""

from dataclasses import dataclass, fields

from index.errors import SourceError

MIB = 1 << 20
_WAY_OUT = "Send less at a time, or add the files where paperchat runs: paperchat index FILE"
_UNITS = {"lines": "lines", "documents": "files, those in archives counted,", "records": "records"}


class OverBudget(SourceError):
    """Sources take more than they may; the message names the limit and the way out."""


@dataclass(frozen=True)
class Limits:
    """What one reading may take, all of its files together; None is no limit.

    Attributes:
        unpacked_bytes: Read from files and archives.
        lines: Line ends among these bytes.
        documents: Files, and members of archives.
        records: Papers, repeats counted, and what was left out.
        memory_bytes: Of the process that reads.
        read_s: Seconds until all is read.
        total_s: Seconds until all is added to the index.
    """

    unpacked_bytes: int | None = None
    lines: int | None = None
    documents: int | None = None
    records: int | None = None
    memory_bytes: int | None = None
    read_s: float | None = None
    total_s: float | None = None

    @classmethod
    def of_upload(cls, allowed_mib: float, sent_mib: float) -> "Limits":
        """Return the limits of an upload.

        They leave room for the largest one that is allowed: abstracts as JSON are packed to a third or a fourth, an
        entry of BibTeX has 500 bytes and ten lines or more, a PDF of 200 KiB takes up to two seconds.

        Args:
            allowed_mib: What any upload may have.
            sent_mib: What this one has.
        """
        allowed_mib = max(1.0, allowed_mib)
        return cls(
            unpacked_bytes=int(8 * allowed_mib * MIB),
            lines=int(100_000 * allowed_mib),
            documents=int(100 * allowed_mib),
            records=int(4_000 * allowed_mib),
            memory_bytes=4 << 30,
            read_s=120 + 10 * sent_mib,
            total_s=6 * 3600,
        )


class Budget:
    """Counts what a reading takes.

    Args:
        limits: None for none.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._used = {field.name: 0 for field in fields(Limits)}

    def spend_bytes(self, read: bytes) -> None:
        """Count what was read, and its line ends.

        Raises:
            OverBudget: That is too much.
        """
        self._used["unpacked_bytes"] += len(read)
        if self._limits.unpacked_bytes is not None and self._used["unpacked_bytes"] > self._limits.unpacked_bytes:
            raise over(f"have more than {self._limits.unpacked_bytes / MIB:,.0f} MiB unpacked")
        self._spend("lines", read.count(b"\n") + read.count(b"\r"), self._limits.lines)

    def spend_documents(self, count: int = 1) -> None:
        """Count files or members of an archive.

        Raises:
            OverBudget: These are too many.
        """
        self._spend("documents", count, self._limits.documents)

    def spend_record(self) -> None:
        """Count one paper, or one complaint in its place.

        Raises:
            OverBudget: That is one too many.
        """
        self._spend("records", 1, self._limits.records)

    def _spend(self, name: str, count: int, most: int | None) -> None:
        self._used[name] += count
        if most is not None and self._used[name] > most:
            raise over(f"have more than {most:,} {_UNITS[name]}")


def over(what: str) -> OverBudget:
    """Return the error of sources that "have" or "take" more than an upload may."""
    return OverBudget(f"These files {what.rstrip(',')}, more than an upload may. {_WAY_OUT}")
