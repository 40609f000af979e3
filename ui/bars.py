"""How far a command is, as bars on stderr."""

import sys
from typing import Any

_WORTH_A_LINE = 1000


class Bar:
    """A progress bar on stderr with rate and time left, shown once there is something to do."""

    def __enter__(self) -> "Bar":
        self._bar: Any = None
        return self

    def __call__(self, done: int, total: int) -> None:
        """Move to `done` of `total` chunks."""
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit=" chunks", desc="Embedding", file=sys.stderr)
        self._bar.update(done - self._bar.n)

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()


class ReadingBar:
    """A line on stderr for each source that takes a while: records read so far, and papers taken."""

    def __enter__(self) -> "ReadingBar":
        self._bar: Any = None
        return self

    def __call__(self, source: str, records: int, taken: int) -> None:
        """Say how far a source is."""
        from tqdm import tqdm

        from index.sources.live import is_live
        from ui.terminal.printable import printable

        if self._bar is not None and self._bar.n > records:
            self.__exit__()
        if self._bar is None:
            if records < _WORTH_A_LINE and not is_live(source):
                return
            self._bar = tqdm(unit=" records", file=sys.stderr)
        self._bar.set_description_str(printable(source), refresh=False)
        self._bar.set_postfix_str(f"{taken} taken", refresh=False)
        self._bar.update(records - self._bar.n)

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None
