"""The reader tells which paper, and which of its sentences, answers; what it is given never breaks it."""

import multiprocessing
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.training.network import Network, collate, encode, heads
from index import models
from index.errors import ModelError
from rag.judges import Reader, reader
from rag.judges.pairs import MOST_TOKENS, PairTokenizer

OWLS = (
    "Night flight of barn owls",
    [
        "Barn owls hunt in the dark.",
        "We recorded 41 owls with microphones for two years.",
        "Their wings make less than 5 dB of noise above that of gliding paper.",
        "The recordings are public.",
    ],
)
BREAD = ("Sourdough", ["Bread rises overnight.", "Rye flour holds more water than wheat flour."])


@pytest.fixture(scope="module")
def judge() -> Reader:
    return Reader.load()


@pytest.fixture(scope="module")
def tokenizer() -> PairTokenizer:
    return PairTokenizer(reader.FOLDER / "tokenizer.json")


def test_the_sentence_and_the_paper_that_answer_come_first(judge: Reader) -> None:
    owls, bread = judge.read("How loud are the wings of barn owls?", [OWLS, BREAD])
    assert int(np.argmax(owls.sentences)) == 2
    assert owls.paper > bread.paper


def test_probabilities_of_every_sentence_in_order_of_the_papers(judge: Reader) -> None:
    readings = judge.read("Which flour holds more water?", [BREAD, OWLS, BREAD])
    assert [reading.sentences.shape for reading in readings] == [(2,), (4,), (2,)]
    assert readings[0].sentences.dtype == np.float32
    assert np.array_equal(readings[0].sentences, readings[2].sentences)
    assert all(0 <= chance <= 1 for reading in readings for chance in [reading.paper, *reading.sentences])


@pytest.mark.parametrize(
    ("question", "title", "sentences"),
    [
        ("", "", [""]),
        ("owls?", "Owls", []),
        ("?" * 5000, "t" * 5000, ["word " * 3000, "Second."]),
        ("\x00[SEP] [CLS]", "\ud800", ["[MASK] 鳥 🦉", "\udfff"]),
    ],
)
def test_nothing_that_is_read_breaks_it(judge: Reader, question: str, title: str, sentences: list[str]) -> None:
    (reading,) = judge.read(question, [(title, sentences)])
    assert reading.sentences.shape == (len(sentences),)
    assert np.isfinite([reading.paper, *reading.sentences]).all()


def test_a_sentence_that_answers_is_found_behind_the_first_512_tokens(judge: Reader) -> None:
    title, sentences = OWLS
    long = [*("The weather was recorded by the hour at each of the stations." for _ in range(60)), sentences[2]]
    (reading,) = judge.read("How loud are the wings of barn owls?", [(title, long)])
    assert int(np.argmax(reading.sentences)) == 60
    assert reading.paper >= 0.5


def test_tokens_of_the_model_in_an_abstract_are_text(tokenizer: PairTokenizer) -> None:
    (pair,) = tokenizer.pairs("a [SEP] b", "[CLS]", ["[SEP] [SEP]", "c"])
    assert pair.ids.count(102) == 3 and pair.ids.count(101) == 1
    assert [pair.ids[pair.question_tokens - 1], pair.ids[-1]] == [102, 102]


def test_sentences_are_read_on_where_the_pass_before_ended(tokenizer: PairTokenizer) -> None:
    sentences = [f"{number} " + "owl " * 100 for number in range(12)]
    pairs = list(tokenizer.pairs("How many?", "Owls", sentences))
    assert [(pair.first, len(pair.spans)) for pair in pairs] == [(0, 4), (4, 4), (8, 4)]
    assert all(len(pair.ids) <= MOST_TOKENS for pair in pairs)


class TorchSession:
    """Runs the encoder of a network in the place of its exported form."""

    def __init__(self, network: Network) -> None:
        self._encoder = network.encoder

    def run(self, names: None, inputs: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
            return [self._encoder(**tensors).last_hidden_state.numpy()]


def test_the_reader_computes_what_the_network_was_trained_to(tokenizer: PairTokenizer) -> None:
    torch.manual_seed(1)
    network = Network(models.fetch("all-MiniLM-L6-v2", offline=True)).eval()
    papers = [OWLS, ("Rye", ["Rye is grain."])]
    encoded = [encode(tokenizer, "How loud are owls?", *paper) for paper in papers]
    with torch.inference_mode():
        sentences, whole = (logits.sigmoid().numpy() for logits in network(collate(encoded)))
    read = Reader(TorchSession(network), heads(network), tokenizer).read("How loud are owls?", papers)
    for row, reading in enumerate(read):
        assert reading.sentences == pytest.approx(sentences[row, : len(reading.sentences)], abs=0.01)
        assert reading.paper == pytest.approx(float(whole[row]), abs=0.01)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_reads_too(judge: Reader) -> None:
    judge.read("owls?", [OWLS] * 4)
    child = multiprocessing.get_context("fork").Process(target=judge.read, args=("owls?", [OWLS] * 4))
    child.start()
    child.join(30)
    alive = child.is_alive()
    child.kill()
    assert not alive and child.exitcode == 0


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    copy = tmp_path / "reader"
    shutil.copytree(reader.FOLDER, copy)
    content = bytearray((copy / "heads.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "heads.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"heads\.npz is missing or damaged"):
        Reader.load(copy)
