"""What the encoder does with many texts at once, and its int8 form."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from index import models, vectors
from index.errors import ModelError, StoreError
from index.models import cache_folder
from index.papers import Paper
from index.quantized import QuantizedEncoder
from index.store import Store
from index.update import update
from index.vectors import SentenceEncoder, _batches, _means
from tests.conftest import TEXTS
from ui.cli import app

ENCODER = "all-MiniLM-L6-v2"
weights = pytest.mark.skipif(models.find(ENCODER) is None, reason=f"no weights: paperchat models pull {ENCODER}")
ABSTRACTS = [f"{title}\n{text}" for title, text in TEXTS.items()]


@pytest.fixture(scope="module")
def float32() -> SentenceEncoder:
    return SentenceEncoder.from_name(ENCODER, offline=True)


@pytest.fixture(scope="module")
def int8(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SentenceEncoder]:
    """Return the int8 form, derived in a cache of its own."""
    if find_spec("openvino") is None:  # importing it here would let it report
        pytest.skip("OpenVINO is not installed: pip install 'paperchat[int8]'")
    folder = models.fetch(ENCODER, offline=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCHAT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield SentenceEncoder.from_name(f"{folder}-int8", offline=True)


def test_batches_hold_texts_of_like_length_within_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "BATCH_TOKENS", 24)
    assert list(_batches([3, 30, 8, 12, 9, 0])) == [[1], [3, 4], [2, 0, 5]]
    assert list(_batches([])) == []


def test_the_vector_of_a_word_is_the_mean_of_its_places_at_length_1() -> None:
    tokens = np.array([[3, 0], [0, 4], [9, 9], [5, 0]], dtype=np.float32)
    means = _means(tokens, [[0, 1], [3]])
    assert means == pytest.approx(np.array([[3 / 5, 4 / 5], [1, 0]]))
    assert means.dtype == np.float32
    assert _means(tokens, []).shape == (0, 2)


@weights
@pytest.mark.model
def test_equal_texts_are_read_once_and_all_answered(float32: SentenceEncoder) -> None:
    texts = ["moss", "fern", "moss"]
    first, other, again = float32.encode_words(texts)
    assert first is again and first is not other
    rows = float32.encode(texts)
    assert rows.shape == (3, 384)
    assert np.array_equal(rows[0], rows[2])
    assert rows == pytest.approx(np.stack([first.vector, other.vector, again.vector]), abs=1e-6)


@weights
@pytest.mark.model
def test_words_of_a_batch_are_those_of_each_text_alone(float32: SentenceEncoder) -> None:
    for together, text in zip(float32.encode_words(ABSTRACTS), ABSTRACTS, strict=True):
        [alone] = float32.encode_words([text])
        assert alone.words == together.words
        assert alone.word_vectors == pytest.approx(together.word_vectors, abs=1e-5)


@weights
@pytest.mark.model
def test_int8_is_near_float32_and_another_encoder(float32: SentenceEncoder, int8: SentenceEncoder) -> None:
    assert isinstance(int8, QuantizedEncoder) and int8.digest != float32.digest
    assert int8.dim == float32.dim
    cosines = (int8.encode(ABSTRACTS) * float32.encode(ABSTRACTS)).sum(axis=1)
    assert cosines.min() > 0.99
    for ours, theirs in zip(int8.encode_words(ABSTRACTS), float32.encode_words(ABSTRACTS), strict=True):
        assert ours.words == theirs.words
        assert (ours.word_vectors * theirs.word_vectors).sum(axis=1).mean() > 0.98


@weights
@pytest.mark.model
def test_the_int8_form_is_made_where_it_is_pulled(int8: SentenceEncoder) -> None:
    done = CliRunner().invoke(app, ["models", "pull", int8.name])
    assert done.exit_code == 0, done.output
    assert (Path(done.stdout.strip()) / "model.xml").is_file()


@weights
@pytest.mark.model
def test_int8_and_float32_never_share_an_index(
    papers: list[Paper], float32: SentenceEncoder, int8: SentenceEncoder, tmp_path: Path
) -> None:
    assert update(tmp_path, papers, int8).embedded == len(papers)
    with pytest.raises(StoreError, match=ENCODER):
        Store.open(tmp_path, float32)
    assert not update(tmp_path, papers, int8).wrote


@weights
@pytest.mark.model
def test_damaged_int8_weights_are_derived_anew(int8: SentenceEncoder) -> None:
    before = int8.encode(ABSTRACTS[:2])
    [made] = cache_folder().glob("*-int8/model.bin")
    whole = models.digest(made)
    made.write_bytes(b"not a model")
    again = SentenceEncoder.from_name(int8.name, offline=True)
    assert np.array_equal(again.encode(ABSTRACTS[:2]), before)
    assert models.digest(made) == whole
    assert sorted(path.name for path in made.parent.iterdir()) == ["derived.json", "model.bin", "model.xml"]


@weights
@pytest.mark.model
def test_openvino_is_given_nothing_to_report_with(int8: SentenceEncoder) -> None:
    int8.encode(["moss"])
    assert sys.modules["openvino_telemetry"] is None


def test_int8_without_openvino_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"any")
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ModelError, match=r"pip install 'paperchat\[int8\]'"):
        SentenceEncoder.from_name(f"{tmp_path}-int8", offline=True)


def test_int8_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(ModelError, match="Unknown model 'moss'"):
        SentenceEncoder.from_name("moss-int8", offline=True)
