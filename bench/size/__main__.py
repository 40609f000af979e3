"""`python -m bench.size COUNT…`: build an index of so many made-up papers, and search it. Prints JSON, a line a step.

Build and search are our own code end to end. Vectors are made up (`bench/size/encoder.py`), so that what is timed is
everything but the embedding model; `--real` embeds with the real one, `--real NAME` with another.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench.size.corpus import papers
from bench.size.encoder import MadeUpEncoder
from index.store import Store
from index.update import update
from index.vectors import Encoder, SentenceEncoder
from rag.retrieve import search
from ui.process import one_core_each

ENCODER, QUESTIONS, READERS = "all-MiniLM-L6-v2", 200, 8


def main() -> None:
    """Measure what the command line asks for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("counts", type=int, nargs="+")
    options.add_argument("--folder", type=Path, required=True, help="Where the indexes are built.")
    options.add_argument("--starter", type=Path, required=True, help="Index of the starter corpus.")
    options.add_argument("--real", nargs="?", const=ENCODER, metavar="NAME", help="Embed with a real encoder.")
    options.add_argument("--search-only", action="store_true", help="Search what an earlier run built.")
    options.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    for count in given.counts:
        if given.inside:
            _say(count, **_searched(given.folder / str(count), _encoder(given.starter, given.real), count))
            continue
        if not given.search_only:
            _say(count, **_built(given.folder / str(count), _encoder(given.starter, given.real), count))
        again = [sys.executable, "-m", "bench.size", *sys.argv[1:], "--inside"]
        at = again.index(str(given.counts[0]))
        again[at : at + len(given.counts)] = [str(count)]
        subprocess.run(again, check=True)


def _encoder(starter: Path, real: str | None) -> Encoder:
    encoder = SentenceEncoder.from_name(real or ENCODER, offline=True)
    if real:
        return encoder
    store = Store.open(starter, encoder)
    made = MadeUpEncoder(store)
    store.close()
    return made


def _built(folder: Path, encoder: Encoder, count: int) -> dict[str, Any]:
    """Build an index, then add a thousand papers to it."""
    marks, cpu = [time.perf_counter()], time.process_time()
    told: list[float] = []
    done = update(folder, papers(count), encoder, progress=lambda done, total: told.append(time.perf_counter()))
    marks.append(time.perf_counter())
    found: dict[str, Any] = {"papers": done.papers, "build_s": marks[1] - marks[0], "cpu_s": time.process_time() - cpu}
    if told:
        found |= {
            "before_embedding_s": told[0] - marks[0],
            "embedding_s": told[-1] - told[0],
            "writing_s": marks[1] - told[-1],
        }
    more = list(islice(papers(1000, first=count), 1000))
    start = time.perf_counter()
    added = update(folder, more, encoder)
    found |= {"add_1000_s": time.perf_counter() - start, "added": added.new}
    found["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return found | {"bytes": _sizes(folder)}


def _searched(folder: Path, encoder: Encoder, count: int) -> dict[str, Any]:
    """Open an index and search it, by one reader and by several, everywhere and within a year."""
    texts = [paper.abstract.split() for paper in islice(papers(count), QUESTIONS)]
    rng = np.random.default_rng(1)
    questions = [" ".join(words[at : at + 8]) for words in texts if (at := int(rng.integers(len(words) - 8))) >= 0]
    one_core_each()  # as `paperchat serve` does
    before = _memory()
    start = time.perf_counter()
    store = Store.open(folder, encoder)
    opened = time.perf_counter() - start
    _timed(store, encoder, questions[0], None)
    found: dict[str, Any] = {
        "papers": len(store.papers),
        "open_s": opened,
        "first_search_s": time.perf_counter() - start,
    }
    one = [_timed(store, encoder, question, None) for question in questions]
    again = [_timed(store, encoder, question, None) for question in questions]
    with ThreadPoolExecutor(READERS) as pool:
        many = list(pool.map(lambda question: _timed(store, encoder, question, None), questions * 2))
    years = store.published() // 10_000
    lately = np.flatnonzero(years >= 2024).astype(np.int32)
    for _ in range(2):  # the first time round reads other papers from the disk
        within = [_timed(store, encoder, question, lately) for question in questions[:100]]
    found |= {**_of("cold", one), **_of("search", again), **_of(f"search_{READERS}", many), **_of("since_2024", within)}
    found["since_2024_papers"] = len(lately)
    found["recall@10"] = float(np.mean([_recall(store, encoder, question) for question in questions[:50]]))
    found["memory_mib"] = {name: (value - before[name]) / 1024 for name, value in _memory().items()}
    store.close()
    return found


def _timed(store: Store, encoder: Encoder, question: str, within: Any) -> float:  # noqa: ANN401
    start = time.perf_counter()
    search(store, encoder, question, 10, 100, 0.7, within=within)
    return time.perf_counter() - start


def _recall(store: Store, encoder: Encoder, question: str) -> float:
    """Return the share of the ten nearest papers by exact cosine that the search by meaning finds."""
    vector = encoder.encode([question])[0]
    cosines = np.zeros(len(store.papers), dtype=np.float32)
    for start in range(0, len(cosines), 50_000):
        part = range(start, min(start + 50_000, len(cosines)))
        only = store.manifest.chunks == len(cosines)  # each paper is one chunk
        exact = store.wholes(part) @ vector if only else store.similarities(part, vector).max(axis=1)
        cosines[part.start : part.stop] = exact
    best = np.argsort(-cosines)[:10]
    return len({*best.tolist()} & {*store.nearest(vector, 300)[:10]}) / 10


def _of(name: str, seconds: list[float]) -> dict[str, float]:
    return {f"{name}_{part}_ms": float(np.percentile(seconds, part) * 1000) for part in (50, 95)}


def _memory() -> dict[str, int]:
    """Return KiB of this process: its own, that of mapped files in memory, and both."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return {name: int(values[name].split()[0]) for name in ("RssAnon", "RssFile", "VmRSS")}


def _sizes(folder: Path) -> dict[str, int]:
    """Return the bytes of each part of an index."""
    sizes: dict[str, int] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            parts = path.relative_to(folder).parts
            name = "chroma" if "chroma" in parts else parts[-1] if parts[0].startswith("vectors") else parts[0]
            name = name.split("-")[0]
            sizes[name] = sizes.get(name, 0) + path.stat().st_size
    return sizes


def _say(count: int, **found: Any) -> None:  # noqa: ANN401
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in found.items()}
    print(json.dumps({"count": count, **rounded, "cores": os.cpu_count()}), flush=True)


if __name__ == "__main__":
    main()
