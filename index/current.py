"""An open index in, its newest state out: opened anew once somebody has updated it. Knows nothing of updating."""

import threading
from contextlib import suppress

from index.errors import StoreError
from index.store import Store
from index.vectors import Encoder


class CurrentStore:
    """An index that goes with its updates; safe to share between threads."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder
        self._before: Store | None = None  # still open for those who were searching it
        self._opening = threading.Lock()

    def get(self) -> Store:
        """Return the index as it is now; in the moment of an update, as it was."""
        if self._store.stale():
            with self._opening, suppress(StoreError):
                if self._store.stale():
                    fresh = Store.open(self._store.folder, self._encoder, self._store.server)
                    if self._before:
                        self._before.close()
                    self._before, self._store = self._store, fresh
        return self._store

    def close(self) -> None:
        """Let go of the files."""
        for store in filter(None, (self._before, self._store)):
            store.close()
