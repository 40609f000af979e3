"""A cross-encoder has half a say over the first papers, where one is configured."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.errors import UserError
from index.papers import Paper
from index.store import Store
from rag.engine import Engine
from rag.rerank import DEPTH, CrossEncoderReranker, rerank
from rag.retrieve import Ranked
from rag.settings import Settings
from tests.conftest import HashingEncoder


class Fixed:
    """Rates a text by the number that it ends with, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def rate(self, question: str, texts: Sequence[str]) -> NDArray[np.float64]:
        self.asked += texts
        return np.array([float(text.split()[-1]) for text in texts])


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


def ranked(scores: Sequence[float], ratings: Sequence[float]) -> list[Ranked]:
    pairs = enumerate(zip(scores, ratings, strict=True))
    return [Ranked(Paper(f"title:{at}", "Moss", f"Moss {rating}"), score, 0.5, 0.4) for at, (score, rating) in pairs]


def ids(hits: Sequence[Ranked]) -> list[str]:
    return [hit.paper.id.removeprefix("title:") for hit in hits]


def test_scores_and_ratings_count_half_each() -> None:
    result = rerank(Fixed(), "?", ranked([0.8, 0.7, 0.4], [0, 10, 5]))
    # ratings stretched over .4 to .8: .4, .8, .6
    assert ids(result) == ["1", "0", "2"]
    assert [hit.score for hit in result] == pytest.approx([(0.7 + 0.8) / 2, (0.8 + 0.4) / 2, (0.4 + 0.6) / 2])
    assert {(hit.similarity, hit.match) for hit in result} == {(0.5, 0.4)}


def test_only_the_first_papers_are_read_and_scores_go_on_falling() -> None:
    hits = ranked(np.linspace(0.9, 0.1, DEPTH + 5).tolist(), list(range(DEPTH + 5)))
    reader = Fixed()
    result = rerank(reader, "?", hits)
    assert len(reader.asked) == DEPTH and list(result[DEPTH:]) == hits[DEPTH:]
    assert sorted(ids(result)) == sorted(ids(hits))
    assert [hit.score for hit in result] == sorted((hit.score for hit in result), reverse=True)


def test_a_title_that_was_asked_stays_first() -> None:
    assert ids(rerank(Fixed(), "?", ranked([1.0, 0.7, 0.6, 0.5], [0, 1, 9, 1]))) == ["0", "2", "1", "3"]


def test_equal_ratings_keep_the_order() -> None:
    assert ids(rerank(Fixed(), "?", ranked([0.7, 0.7, 0.6], [2, 2, 2]))) == ["0", "1", "2"]


@pytest.mark.parametrize("count", [0, 1])
def test_there_is_nothing_to_order_in_fewer_than_two(count: int) -> None:
    assert len(rerank(Fixed(), "?", ranked([0.5] * count, [1] * count))) == count


def test_a_model_in_a_folder_orders_the_papers_that_it_is_given(
    tmp_path: Path, store: Store, encoder: HashingEncoder
) -> None:
    folder = tiny(tmp_path / "reranker", ["relevance"])
    rated = CrossEncoderReranker.from_name(str(folder)).rate("owls hunt", ["Owls hunt at night", "night"])
    assert rated.shape == (2,) and rated[0] != rated[1]
    plain, reranking = (Engine(Settings(reranker=name), store, encoder, None) for name in ("", str(folder)))
    question = "training with less noise"
    before, after = (engine.search(question) for engine in (plain, reranking))
    assert {match.paper.id for match in before} == {match.paper.id for match in after}
    assert [match.score for match in after] == sorted((match.score for match in after), reverse=True)
    assert [match.score for match in before] != [match.score for match in after]


def test_a_model_for_something_else_is_told(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "other", ["contradiction", "entailment", "neutral"])
    with pytest.raises(UserError, match="3 outputs, a reranker has one"):
        CrossEncoderReranker.from_name(str(folder)).rate("owls", ["night"])
