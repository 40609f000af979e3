"""Abstracts in, papers encoded each second out: our encoders beside a bare `SentenceTransformer.encode`.

    python -m bench.encode ../shared/eval/ir/cranfield
    python -m bench.encode --papers 200 --sweep

The ways take turns within each round, so that what else the machine does meets all of them; a ratio is the median over
the rounds of papers/s beside the bare one's of the same round.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING

from index import models, vectors
from index.sources import read
from index.vectors import INT8, SentenceEncoder
from rag.evaluation.collection import read_collection

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

ENCODER = "all-MiniLM-L6-v2"
BARE = "SentenceTransformer.encode"
Clock = Callable[[], float]
TOKENS = (2048, 4096, 8192, 16384)


def main() -> None:
    """Print a table of papers/s and ratios; with --sweep, one over threads and batches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collections", nargs="*", type=Path, help="folders in BEIR layout, beside the starter corpus")
    parser.add_argument("--papers", type=int, default=500, help="so many, drawn at random; 0 takes all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true", help="count processor time, where others use the machine too")
    parser.add_argument("--sweep", action="store_true", help="try threads and tokens of a batch")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    texts = abstracts(options.collections, options.papers)
    print(
        f"{len(texts)} abstracts, {sum(len(text.split()) for text in texts) / len(texts):.0f} words each; medians of "
        f"{options.rounds} rounds, {'processor' if options.cpu else 'wall'} time\n"
    )
    if options.sweep:
        sweep(texts, options.rounds, clock)
        return
    rates = measure(ways(), texts, options.rounds, clock)
    print(f"{'':28}{'papers/s':>10}{'ratio':>8}{'least':>8}")
    for name, row in rates.items():
        ratios = [ours / bare for ours, bare in zip(row, rates[BARE], strict=True)]
        print(f"{name:28}{statistics.median(row):10.1f}{statistics.median(ratios):8.2f}{min(ratios):8.2f}")


def abstracts(collections: Sequence[Path], most: int) -> list[str]:
    """Return what a build embeds of whole papers: title and abstract."""
    papers = [*read(None).papers, *(paper for folder in collections for paper in read_collection(folder).papers)]
    texts = [f"{paper.title}\n{paper.abstract}" for paper in papers]
    return random.Random(5).sample(texts, most) if 0 < most < len(texts) else texts


def ways() -> dict[str, Callable[[list[str]], object]]:
    """Return everything that is measured by name: a bare encode first."""
    from sentence_transformers import SentenceTransformer

    bare = SentenceTransformer(str(models.fetch(ENCODER)), local_files_only=True)
    found: dict[str, Callable[[list[str]], object]] = {BARE: lambda texts: _bare(bare, texts)}
    for kind, name in (("float32", ENCODER), ("int8", ENCODER + INT8)):
        encoder = SentenceEncoder.from_name(name)
        found[f"{kind}, whole texts"] = _sliced(encoder.encode, encoder.texts_at_once)
        found[f"{kind}, with their words"] = _sliced(encoder.encode_words, encoder.texts_at_once)
    return found


def measure(
    named: dict[str, Callable[[list[str]], object]], texts: list[str], rounds: int, clock: Clock
) -> dict[str, list[float]]:
    """Return texts/s of each way in each round; each has a round to warm up that does not count."""
    rates: dict[str, list[float]] = {name: [] for name in named}
    for way in named.values():
        way(texts[:16])
    for turn in range(rounds):
        names = list(named)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = clock()
            named[name](texts)
            rates[name].append(len(texts) / (clock() - start))
    return rates


def sweep(texts: list[str], rounds: int, clock: Clock) -> None:
    """Print texts/s of `encode_words` by threads and by the tokens of a batch."""
    import torch

    print(f"{'':20}" + "".join(f"{tokens:>10}" for tokens in TOKENS) + "  tokens in a batch")
    for threads in range(1, torch.get_num_threads() + 1):
        torch.set_num_threads(threads)
        for name in (ENCODER, ENCODER + INT8):
            encoder = SentenceEncoder.from_name(name)
            rates = measure({str(tokens): _with_tokens(encoder, tokens) for tokens in TOKENS}, texts, rounds, clock)
            kind = "int8" if name.endswith(INT8) else "float32"
            medians = "".join(f"{statistics.median(row):10.1f}" for row in rates.values())
            print(f"{kind:8} {threads} threads {medians}", flush=True)


def _bare(model: "SentenceTransformer", texts: list[str]) -> object:
    return model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def _sliced(encode: Callable[[Sequence[str]], Sized], at_once: int) -> Callable[[list[str]], object]:
    """Return what a build does: the longest texts first, some at once."""

    def run(texts: list[str]) -> object:
        ordered = sorted(texts, key=len, reverse=True)
        return [len(encode(ordered[at : at + at_once])) for at in range(0, len(ordered), at_once)]

    return run


def _with_tokens(encoder: SentenceEncoder, tokens: int) -> Callable[[list[str]], object]:
    def run(texts: list[str]) -> object:
        vectors.BATCH_TOKENS = tokens
        return encoder.encode_words(texts)

    return run


if __name__ == "__main__":
    main()
