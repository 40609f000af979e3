"""The reader tells which paper, and which of its sentences, answers; what it is given never breaks it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from index.errors import ModelError
from rag.judges import Reader, reader

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
        ("\x00[SEP] [CLS]", "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"), ["[MASK] 鳥 🦉"]),
    ],
)
def test_nothing_that_is_read_breaks_it(judge: Reader, question: str, title: str, sentences: list[str]) -> None:
    (reading,) = judge.read(question, [(title, sentences)])
    assert reading.sentences.shape == (len(sentences),)
    assert np.isfinite(reading.sentences).all()


def test_a_sentence_that_answers_is_found_behind_the_first_512_tokens(judge: Reader) -> None:
    title, sentences = OWLS
    long = [*("The weather was recorded by the hour at each of the stations." for _ in range(60)), sentences[2]]
    (reading,) = judge.read("How loud are the wings of barn owls?", [(title, long)])
    assert int(np.argmax(reading.sentences)) == 60
    assert reading.paper >= 0.5


def test_damaged_weights_are_refused(judge: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "reader"
    shutil.copytree(reader.FOLDER, copy)
    heads = copy / "heads.npz"
    content = bytearray(heads.read_bytes())
    content[len(content) // 2] ^= 1
    heads.write_bytes(content)
    monkeypatch.setattr(reader, "FOLDER", copy)
    Reader.load.cache_clear()
    try:
        with pytest.raises(ModelError, match=r"heads\.npz is missing or damaged"):
            Reader.load()
    finally:
        monkeypatch.undo()
        Reader.load.cache_clear()
