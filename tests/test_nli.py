"""A cross-encoder has its say where one is configured."""

import json
from pathlib import Path

import pytest

from index.errors import UserError
from index.papers import Paper
from rag.check import attribute
from rag.evidence import embedded, gather
from rag.judges import Reader
from rag.nli import CrossEncoderInferrer, Inference
from rag.retrieve import Ranked
from tests.conftest import HashingEncoder

TRUE = "Pretraining takes 1.5x less time on average."
NEAR = "Compost averages checkpoints."
WRONG = "Pretraining takes 9x less time on average."


class Fixed:
    """Says one thing of everything, and keeps what it was asked."""

    def __init__(self, says: Inference) -> None:
        self.says: Inference = says
        self.asked: list[tuple[str, str]] = []

    def infer(self, premise: str, sentence: str) -> Inference:
        self.asked.append((premise, sentence))
        return self.says


@pytest.mark.parametrize(
    ("sentence", "says", "support"),
    [
        (TRUE, "entailment", "supported"),
        (TRUE, "neutral", "partial"),
        (TRUE, "contradiction", "unsupported"),
        (NEAR, "entailment", "supported"),
        (WRONG, "entailment", "unsupported"),
    ],
)
def test_inference_moves_the_status_but_no_wrong_number(
    papers: list[Paper], encoder: HashingEncoder, sentence: str, says: Inference, support: str
) -> None:
    sources = embedded(encoder, gather(Reader.load(), "checkpoints", [Ranked(papers[1], 1.0)]))
    fixed = Fixed(says)
    assert attribute(sentence, encoder.encode([sentence])[0], sources, inferrer=fixed).support == support
    assert all(premise.startswith("Compost: Reusing") for premise, _ in fixed.asked)


def tiny(folder: Path, labels: list[str]) -> Path:
    """Write a randomly initialised cross-encoder, always the same one, whose outputs differ by far."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "owls", "hunt", "at", "night"]
    tokenizer = Tokenizer(WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)  # type: ignore[no-untyped-call]
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        initializer_range=1.0,
        id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
    )
    torch.manual_seed(0)
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_labels_are_read_in_the_order_of_the_model(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "nli", ["CONTRADICTION", "ENTAILMENT", "NEUTRAL"])
    before = CrossEncoderInferrer.from_name(str(folder)).infer("Owls hunt at night", "Owls hunt")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {"0": "entailment", "1": "neutral", "2": "contradiction"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    after = CrossEncoderInferrer.from_name(str(folder)).infer("Owls hunt at night", "Owls hunt")
    assert after == {"contradiction": "entailment", "entailment": "neutral", "neutral": "contradiction"}[before]


def test_a_model_of_something_else_is_refused(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "other", ["good", "bad"])
    with pytest.raises(UserError, match="good, bad"):
        CrossEncoderInferrer.from_name(str(folder)).infer("Owls hunt", "Owls hunt")
