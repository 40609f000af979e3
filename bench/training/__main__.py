"""Train the reader: `python -m bench.training --shared ../shared --out FOLDER`; run again, it goes on where it stopped.

Batches of about 4,096 tokens, AdamW with a linear warm-up and decay, the encoder in bfloat16. On two cores
an epoch takes about an hour; the network is saved every 300 steps. `bench.training.export` makes of it what ships.
"""

import argparse
import json
import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from bench.training.examples import Abstracts, Example, epoch, read
from bench.training.network import Encoded, Network, collate, encode
from index import models
from index.encoders import as_encoder
from rag.judges.pairs import PairTokenizer

ENCODER, INT8 = "all-MiniLM-L6-v2", "all-MiniLM-L6-v2-int8"
QUESTIONS = Path(__file__).parent / "questions.jsonl"
CHECKPOINT = "checkpoint.pt"
_POOL, _EVERY = 512, 300
Batch = list[tuple[Encoded, Example]]


def batches(examples: Iterable[Example], tokenizer: PairTokenizer, budget: int) -> Iterator[Batch]:
    """Yield batches of pairs of about the same length, at most `budget` tokens each, sorted within `_POOL` examples."""
    waiting: Batch = []
    for example in examples:
        encoded = encode(tokenizer, example.question, example.title, example.sentences)
        if example.labels and min(example.labels) >= len(encoded.features):
            continue  # what answers does not fit
        waiting.append((encoded, example))
        if len(waiting) == _POOL:
            yield from _cut(waiting, budget)
            waiting = []
    yield from _cut(waiting, budget)


def _cut(waiting: Batch, budget: int) -> list[Batch]:
    made: list[Batch] = [[]]
    for each in sorted(waiting, key=lambda pair: len(pair[0].pair.ids)):
        if made[-1] and len(each[0].pair.ids) * (len(made[-1]) + 1) > budget:
            made.append([])
        made[-1].append(each)
    random.Random(len(made)).shuffle(made)
    return [batch for batch in made if batch]


def loss_of(network: Network, batch: Batch) -> torch.Tensor:
    """Return the loss of a batch: whether each sentence answers, whether the passage does, which sentence is best."""
    inputs = collate([encoded for encoded, _ in batch])
    sentences, papers = network(inputs)
    there = inputs["sentences"]
    target = torch.zeros_like(sentences)
    for row, (encoded, example) in enumerate(batch):
        target[row, [at for at in example.labels if at < len(encoded.features)]] = 1.0
    answered = torch.tensor([float(example.answered) for _, example in batch])
    known = torch.tensor([float(example.known) for _, example in batch])
    marked = target.sum(1) > 0
    each = functional.binary_cross_entropy_with_logits(sentences.clamp(min=-30), target, reduction="none")
    loss = ((each * there).sum(1).div(there.sum(1)) * known).mean()
    loss = loss + 0.5 * functional.binary_cross_entropy_with_logits(papers, answered)
    if marked.any():
        chances = functional.log_softmax(sentences[marked], 1)
        wanted = target[marked] / target[marked].sum(1, keepdim=True)
        loss = loss + 0.5 * -(chances * wanted).sum(1).mean()
    return loss


def main() -> None:
    """Train, or go on training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--budget", type=int, default=4096, help="Tokens of a batch")
    parser.add_argument("--rate", type=float, default=6e-5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    folder = models.fetch(ENCODER)
    public = read(options.shared / "judges/answers_train.jsonl.gz")
    wanted = {json.loads(line)["title"] for line in QUESTIONS.open(encoding="utf-8")}
    corpus = options.shared / "corpus/ml_papers.jsonl.gz"
    abstracts = Abstracts(corpus, wanted, as_encoder(INT8), options.out / f"abstracts-{options.seed}.npy", options.seed)
    seeds = range(options.seed, options.seed + options.epochs)
    stream = [each for seed in seeds for each in epoch(public, QUESTIONS, abstracts, seed)]
    planned = list(batches(stream, PairTokenizer(folder / "tokenizer.json"), options.budget))
    print(f"{len(stream)} examples, {len(planned)} steps", flush=True)
    plan = [options.epochs, options.budget, options.rate, options.seed]
    _train(Network(folder), planned, plan, options.out / CHECKPOINT)


def _train(network: Network, planned: list[Batch], plan: list[float], checkpoint: Path) -> None:
    rate = plan[2]
    network.train()
    network.encoder.embeddings.requires_grad_(False)
    heads = [*network.sentence.parameters(), *network.paper.parameters()]
    groups = [
        {"params": network.encoder.encoder.parameters(), "lr": rate},
        {"params": heads, "lr": 10 * rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    warm = max(1, len(planned) // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.02, 1 - step / len(planned)))
    )
    kept: dict[str, Any] = {"network": network, "optimizer": optimizer, "schedule": schedule}
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        done = state["done"]
        if state["plan"] != plan:
            raise SystemExit(f"{checkpoint} is of another training. Choose another --out, or remove it.")
        for name, each in kept.items():
            each.load_state_dict(state[name])
    start, losses = time.monotonic(), []
    for step, batch in enumerate(planned[done:], done + 1):
        optimizer.zero_grad()
        loss = loss_of(network, batch)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if step % 50 == 0:
            print(f"step {step}, loss {np.mean(losses[-200:]):.3f}, {time.monotonic() - start:.0f} s", flush=True)
        if step % _EVERY == 0 or step == len(planned):
            part = checkpoint.with_suffix(".part")
            torch.save({name: each.state_dict() for name, each in kept.items()} | {"done": step, "plan": plan}, part)
            part.replace(checkpoint)


if __name__ == "__main__":
    main()
