"""How long a search takes where vectors lie in the folder of an index, and where a Chroma server keeps them.

`PAPERCHAT_STORE=http://127.0.0.1:8000 python -m bench.remote STARTER [PAPERS]` searches the index STARTER, or one of so
many made-up papers: questions are titles of its papers, read by the encoder beforehand, one at a time.
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench.size.corpus import papers
from bench.size.encoder import MadeUpEncoder
from index import Store, update
from index.vectors import Encoded, SentenceEncoder, Vectors, WordEncoder
from rag import Settings
from rag.retrieve import search

QUESTIONS = 60


class Read:
    """Gives what an encoder read before, at no cost."""

    def __init__(self, encoder: WordEncoder, texts: Sequence[str]) -> None:
        self.name, self.digest = encoder.name, encoder.digest
        self._read = dict(zip(texts, encoder.encode_words(texts), strict=True))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dim)`."""
        return np.stack([self._read[text].vector for text in texts])

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        """Return each text as a whole and by its words."""
        return [self._read[text] for text in texts]


def main() -> None:
    """Measure, and print a JSON line for each place where vectors are kept."""
    starter, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server = Settings().server
    if server is None:
        sys.exit("Set PAPERCHAT_STORE to the address of a Chroma server: chroma run --path FOLDER")
    encoder: WordEncoder = SentenceEncoder.from_name(Settings().encoder)
    with tempfile.TemporaryDirectory() as temporary:
        here, there = Path(temporary) / "here", Path(temporary) / "there"
        if count:
            store = Store.open(starter, encoder)
            encoder = MadeUpEncoder(store)
            update(here, papers(count), encoder)
        else:
            shutil.copytree(starter, here)
        shutil.copytree(here, there)
        begun = time.perf_counter()
        update(there, (), encoder, server=server)
        brought_s = time.perf_counter() - begun
        local, remote = Store.open(here, encoder), Store.open(there, encoder, server)
        step = max(1, len(local.papers) // QUESTIONS)
        questions = [paper.title for paper in local.papers[::step]][:QUESTIONS]
        read = Read(encoder, questions)
        found = {}
        for name, store in (("folder", local), ("server", remote), ("server, asked again", remote)):
            found[name], told = _measured(store, read, questions)
            told |= {"papers": len(store.papers), "chunks": store.manifest.chunks, "brought_s": round(brought_s, 1)}
            told["same_first_ten"] = round(_same(found["folder"], found[name]), 4)
            print(json.dumps({"vectors": name, **told}))


def _measured(store: Store, read: Read, questions: Sequence[str]) -> tuple[list[list[str]], dict[str, float]]:
    """Return the ids found for each question, and milliseconds."""
    search(store, read, questions[0], 10, 100, 0.7)  # files are mapped, connections made
    found: list[list[str]] = []
    whole = [
        _ms(lambda q=q: found.append([hit.paper.id for hit in search(store, read, q, 10, 100, 0.7).ranked]))  # type: ignore[misc]
        for q in questions
    ]
    words = [_ms(lambda q=q: store.words(q)) for q in questions]  # type: ignore[misc]
    near = [_ms(lambda q=q: store.nearest(read.encode([q])[0], 300)) for q in questions]  # type: ignore[misc]
    p95 = float(np.percentile(whole, 95))
    told = {"p50_ms": statistics.median(whole), "p95_ms": p95}
    told |= {"words_p50_ms": statistics.median(words), "nearest_p50_ms": statistics.median(near)}
    return found, {name: round(value, 2) for name, value in told.items()}


def _same(first: Sequence[Sequence[str]], second: Sequence[Sequence[str]]) -> float:
    """Return the share of papers found first that are found second too."""
    return statistics.mean(len(set(a) & set(b)) / len(a) for a, b in zip(first, second, strict=True))


def _ms(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
