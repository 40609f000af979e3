"""What another process does with an index in a server: `python -m tests.remoteprocess ROLE FOLDER URL`.

`read` opens an engine, then prints a JSON line for each search until stdin ends. `update` adds ten papers, four texts
at a time, and ends as `kill -9` does after the second four.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from index.errors import UserError
from index.papers import Paper, paper_id
from index.server import Server
from index.store import Store
from index.update import update
from index.vectors import Vectors
from rag.engine import Engine
from rag.settings import Settings
from tests.conftest import TEXTS, HashingEncoder


class DyingEncoder(HashingEncoder):
    """Ends the process at the third call."""

    texts_at_once = 4

    def encode(self, texts: Sequence[str]) -> Vectors:
        if len(self.asked) >= 8:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts)


def read(folder: Path, server: Server) -> None:
    """Search as long as stdin is open."""
    encoder, ended = HashingEncoder(), threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    with Engine(Settings(index=folder), Store.open(folder, encoder, server), encoder, None) as engine:
        while not ended.is_set():
            try:
                found = [match.paper.id for match in engine.search("zebra stripes against flies", 3)]
                said = {"papers": engine.status().papers, "found": found}
            except UserError as error:
                said = {"error": str(error)}
            print(json.dumps(said), flush=True)


def main() -> None:
    """Play a role."""
    role, folder, url = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if role == "read":
        read(folder, Server(url))
    else:
        papers = [Paper(paper_id(title), title, text, sources=("ten.jsonl",)) for title, text in TEXTS.items()]
        update(folder, papers, DyingEncoder(), server=Server(url))


if __name__ == "__main__":
    main()
