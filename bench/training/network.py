"""The reader's network: an encoder, a score for each sentence and one for the paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel

from rag.judges.overlap import FEATURES, overlap
from rag.judges.pairs import Pair, PairTokenizer


@dataclass(frozen=True)
class Encoded:
    """One question and the sentences of an abstract that fit, as token ids, with their lexical features."""

    pair: Pair
    features: Any


def encode(tokenizer: PairTokenizer, question: str, title: str, sentences: Sequence[str]) -> Encoded:
    """Return what the network reads of a question and an abstract; sentences that do not fit are left out."""
    pair = next(tokenizer.pairs(question, title, sentences))
    return Encoded(pair, overlap(question, title, sentences)[: len(pair.spans)])


class Network(nn.Module):
    """Encoder and heads."""

    def __init__(self, folder: Path, dropout: float = 0.1, inner: int = 128) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(
            folder, local_files_only=True, add_pooling_layer=False, attention_probs_dropout_prob=0.0
        )  # with dropout of attention a step takes twice as long
        width = self.encoder.config.hidden_size
        self.sentence = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(3 * width + FEATURES, inner), nn.GELU(), nn.Linear(inner, 1)
        )
        self.paper = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(width + 2 + 2 * FEATURES, inner), nn.GELU(), nn.Linear(inner, 1)
        )

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the logits of sentences `(pairs, sentences)`, where there are none -1e4, and of papers `(pairs,)`."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            states = self.encoder(
                input_ids=batch["ids"], attention_mask=batch["mask"], token_type_ids=batch["types"]
            ).last_hidden_state
        states = states.float()
        pairs, _, width = states.shape
        count = batch["features"].shape[1]
        at = batch["sentence_of"].clamp(min=0)
        inside = batch["sentence_of"].ge(0).unsqueeze(-1)
        index = at.unsqueeze(-1).expand(-1, -1, width)
        summed = states.new_zeros(pairs, count, width).scatter_add(1, index, states * inside)
        tokens = states.new_zeros(pairs, count).scatter_add(1, at, inside.squeeze(-1).float())
        most = states.new_full((pairs, count, width), -1e4).scatter_reduce(
            1, index, states.masked_fill(~inside, -1e4), "amax"
        )
        there = tokens.gt(0)
        mean = summed / tokens.clamp(min=1).unsqueeze(-1)
        most = most.masked_fill(~there.unsqueeze(-1), 0.0)
        whole = states[:, 0]
        joined = torch.cat([mean, most, whole.unsqueeze(1).expand(-1, count, -1), batch["features"]], -1)
        sentences = self.sentence(joined).squeeze(-1).masked_fill(~batch["sentences"], -1e4)
        none = sentences.new_full((pairs, 1), -20.0)
        best = torch.cat([sentences, none], 1).topk(2, 1).values.clamp(min=-20)
        features = batch["features"]
        lexical = torch.cat([features.amax(1), features.sum(1) / batch["sentences"].sum(1, keepdim=True)], -1)
        return sentences, self.paper(torch.cat([whole, best, lexical], -1)).squeeze(-1)


def heads(network: Network) -> dict[str, Any]:
    """Return the weights of the two heads as arrays, by the names under which they ship."""
    return {
        f"{name}.{key}": value.numpy()
        for name in ("sentence", "paper")
        for key, value in getattr(network, name).state_dict().items()
    }


def collate(pairs: Sequence[Encoded]) -> dict[str, Tensor]:
    """Return a padded batch."""
    length = max(len(each.pair.ids) for each in pairs)
    count = max(len(each.features) for each in pairs)
    batch = {
        "ids": torch.zeros(len(pairs), length, dtype=torch.long),
        "types": torch.zeros(len(pairs), length, dtype=torch.long),
        "mask": torch.zeros(len(pairs), length, dtype=torch.long),
        "sentence_of": torch.full((len(pairs), length), -1, dtype=torch.long),
        "features": torch.zeros(len(pairs), count, FEATURES),
        "sentences": torch.zeros(len(pairs), count, dtype=torch.bool),
    }
    for row, each in enumerate(pairs):
        pair, size = each.pair, len(each.pair.ids)
        batch["ids"][row, :size] = torch.tensor(pair.ids)
        batch["types"][row, pair.question_tokens : size] = 1
        batch["mask"][row, :size] = 1
        for number, (start, end) in enumerate(pair.spans):
            batch["sentence_of"][row, start:end] = number
        batch["features"][row, : len(each.features)] = torch.from_numpy(each.features)
        batch["sentences"][row, : len(each.features)] = True
    return batch
