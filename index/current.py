"""An open index in, its newest state out: opened anew once somebody has updated it. Knows nothing of updating."""

import threading
from contextlib import suppress

from index.errors import StoreError
from index.store import Store
from index.vectors import Encoder

OPENING_S = 1.0
"""So long a search waits for the thread that opens the newest state; then it goes on with the one before."""


class CurrentStore:
    """An index that goes with its updates; safe to share between threads."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder
        self._opening = threading.Lock()

    def get(self) -> Store:
        """Return the index as it is now; one thread opens the newest one, and the others wait `OPENING_S` for it.

        Where the newest one cannot be opened, or takes longer, the index stays what it was.
        """
        with suppress(StoreError):
            if self._store.stale() and self._opening.acquire(timeout=OPENING_S):
                try:
                    self._renew()
                finally:
                    self._opening.release()
        return self._store

    def close(self) -> None:
        """Let go of the files."""
        self._store.close()

    def _renew(self) -> None:
        before = self._store
        if before.stale():
            self._store = Store.open(before.folder, self._encoder, before.server)
            before.close_when_unused()
