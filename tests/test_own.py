"""Papers, encoder and language model of a program's own, in the place of ours."""

import gc
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import MockLLM
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from llama_index.llms.openai_like import OpenAILike
from pydantic import PrivateAttr

from index import Paper, StoreError, UserError, as_encoder, models, update
from index.vectors import Vectors
from rag import Engine, Settings
from rag.ownwriter import as_writer
from tests.conftest import TEXTS, HashingEncoder

QUESTION = "How much less time does pretraining take with Compost?"
ANSWER = "Pretraining takes 1.5x less time on average [1]."
TEN = [{"title": title, "abstract": text} for title, text in TEXTS.items()]
ROOT = Path(__file__).parents[1]


class Says(CustomLLM):
    """Completes with given pieces, and takes no argument but the prompt; notes when it is left."""

    pieces: tuple[str, ...] = ("Pretraining takes 1.5x ", "less time on average.")
    streams: bool = True
    with_delta: bool = True
    _asked: list[str] = PrivateAttr(default_factory=list)
    _left: threading.Event = PrivateAttr(default_factory=threading.Event)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="says")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False) -> CompletionResponse:
        self._asked.append(prompt)
        return CompletionResponse(text="".join(self.pieces))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False) -> CompletionResponseGen:
        if not self.streams:
            raise NotImplementedError
        self._asked.append(prompt)
        return self._grow()

    def _grow(self) -> CompletionResponseGen:
        text = ""
        try:
            for piece in self.pieces:
                text += piece
                yield CompletionResponse(text=text, delta=piece if self.with_delta else None)
        finally:
            self._left.set()


class Letters(BaseEmbedding):
    """Counts letters; not of length 1."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return [text.lower().count(letter) + 0.1 for letter in "abcdefghijklmnopqrstuvwxyz"]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


@pytest.fixture(autouse=True)
def _temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep temporary folders apart from those of tests in other processes."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))


def folders() -> set[Path]:
    """Return the temporary folders of engines that are there now."""
    return set(Path(tempfile.gettempdir()).glob("paperchat-*"))


def own(papers: Any = TEN, **settings: Any) -> Engine:  # noqa: ANN401
    return Engine.from_papers(papers, **{"encoder": HashingEncoder(), "model": "none", **settings})


# Papers


def test_own_papers_are_asked_as_an_index_is(engine: Engine) -> None:
    with own() as mine:
        assert mine.ask(QUESTION).answered
        theirs = [match.paper.id for match in engine.search(QUESTION)]
        assert [match.paper.id for match in mine.search(QUESTION)] == theirs
        assert mine.status().sources == ("memory",) and mine.status().papers == 10


def test_own_papers_come_as_papers_or_dicts_from_any_iterable() -> None:
    known = {"authors": ["Ada Tide"], "year": 2024, "doi": "10.1000/x", "topics": ("moss", "stone")}
    items = iter([Paper("my:1", "Fern", "Ferns grow."), {"title": "Moss", "abstract": "Moss grows.", **known}, *TEN])
    with own(items) as mine:
        assert mine.paper("my:1") == Paper("my:1", "Fern", "Ferns grow.")
        moss = mine.paper("doi:10.1000/x")
        assert moss and (moss.authors, moss.published, moss.topics) == (("Ada Tide",), "2024", ("moss", "stone"))


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([TEN[0], {"title": "Moss"}], r"Paper 2, \{'title': 'Moss'\}, cannot be taken: no abstract\. A paper is"),
        ([{"title": "Moss", "abstract": 7}], "Paper 1, .*: abstract is a number, not text"),
        ([{"title": " ", "abstract": "Moss."}], "Paper 1, .*: title is empty"),
        ([Paper("my:1", "Moss", "")], "Paper 1, .*: abstract is empty"),
        (["moss.jsonl"], "Paper 1, 'moss.jsonl', cannot be taken: it is a str"),
        ([{"title": "Moss", "abstract": "Moss.", "published": object()}], "Paper 1, .*not JSON serializable"),
        ([], "No papers were given"),
    ],
)
def test_what_is_no_paper_is_named_and_leaves_nothing_behind(items: list[Any], says: str) -> None:
    before = folders()
    with pytest.raises(UserError, match=says):
        own(items)
    assert folders() == before


def test_own_papers_touch_no_index_and_go_when_the_engine_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPERCHAT_HOME", str(tmp_path))
    monkeypatch.setenv("PAPERCHAT_INDEX", str(tmp_path / "index"))
    before = folders()
    engine = own()
    (folder,) = folders() - before
    assert engine.settings.index_folder == folder
    engine.close()
    engine.close()
    assert folders() == before and list(tmp_path.iterdir()) == []


def test_own_papers_go_with_an_engine_that_nobody_closes() -> None:
    before = folders()
    engine = own()
    engine.ask(QUESTION)
    del engine
    gc.collect()
    assert folders() == before


def test_own_papers_go_at_the_end_of_the_program(tmp_path: Path) -> None:
    code = "from tests.test_own import own; engine = own(); print(engine.settings.index_folder)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "paperchat-" in run.stdout and not Path(run.stdout.strip()).exists()


def test_a_setting_that_does_not_fit_leaves_nothing_behind() -> None:
    before = folders()
    with pytest.raises(UserError, match="answer_tokens"):
        own(answer_tokens=1)
    assert folders() == before


# Language model


@pytest.mark.parametrize("llm", [Says(), Says(with_delta=False), Says(streams=False)])
def test_an_own_language_model_writes_whatever_of_the_interface_it_has(llm: Says) -> None:
    with own(llm=llm) as engine:
        answer = engine.ask(QUESTION)
        assert (answer.text, answer.writer, answer.note) == (ANSWER, "says", "")
        assert engine.status().writer_state == "ready"
    assert llm._asked[-1].endswith(f"Question: {QUESTION}\nassistant: ")


def test_an_own_language_model_opens_with_an_index_too(index_folder: Path) -> None:
    with Engine.open(index_folder, encoder=HashingEncoder(), llm=Says(), background=True) as engine:
        engine.wait()
        assert engine.ask(QUESTION).text == ANSWER


def test_an_own_language_model_is_left_at_the_limit() -> None:
    llm = Says(pieces=("Averaging five checkpoints works best. ", *["and "] * 100_000))
    with own(llm=llm, answer_tokens=40) as engine:
        answer = engine.ask(QUESTION)
    assert answer.text == "Averaging five checkpoints works best [1]."
    assert llm._left.wait(5)
    assert answer.timings.answer_tokens == 31  # pieces: one of ten tokens, thirty of one


def test_tokens_are_counted_by_a_model_s_own_tokenizer() -> None:
    class Words:
        def encode(self, text: str) -> list[str]:
            return text.split()

    class Counts(Says):
        tokenizer: Any = Words()

    assert as_writer(Counts()).count("three words here") == 3
    assert as_writer(Says()).count("three words here") == 4
    named = OpenAILike(model="mine", api_base="http://127.0.0.1:9/v1", api_key="none", tokenizer="somebody/tokenizer")
    assert as_writer(named).count("three words here") == 4
    assert as_writer(MockLLM()).name == "MockLLM"


def test_what_is_no_language_model_is_refused() -> None:
    before = folders()
    with pytest.raises(TypeError, match=r"llm is 'gpt', expected a LlamaIndex LLM object.*model="):
        own(llm="gpt")
    assert folders() == before


@pytest.mark.model
@pytest.mark.skipif(models.find("smollm2-135m-instruct") is None, reason="no weights of smollm2-135m-instruct")
def test_llama_cpp_as_an_own_language_model_answers_or_says_why_not() -> None:
    from rag.llamacpp import LlamaCpp

    llm = LlamaCpp(models.fetch("smollm2-135m-instruct", offline=True), 1, 1, 4096)
    with own(llm=llm, answer_tokens=24) as engine:
        answer = engine.ask(QUESTION)
    assert answer.done and "failed" not in answer.note
    assert 0 < answer.timings.answer_tokens <= 30 or answer.writer == "none"


# Encoder


def test_an_embedding_model_of_llamaindex_encodes() -> None:
    encoder = as_encoder(Letters(model_name="letters-1"))
    rows = encoder.encode(["moss", "fern", "moss"])
    assert rows.shape == (3, 26) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1) and np.array_equal(rows[0], rows[2])
    assert encoder.encode([]).shape == (0, 26)
    assert encoder.name == "Letters letters-1"
    assert encoder.digest == as_encoder(Letters(model_name="letters-1")).digest
    assert encoder.digest != as_encoder(Letters(model_name="letters-2")).digest


def test_an_index_built_with_an_embedding_model_opens_with_it_and_no_other(tmp_path: Path) -> None:
    papers = [Paper(f"title:{at}", each["title"], each["abstract"]) for at, each in enumerate(TEN)]
    update(tmp_path, papers, as_encoder(Letters(model_name="letters-1")))
    with Engine.open(tmp_path, encoder=Letters(model_name="letters-1"), model="none") as engine:
        assert engine.search("Compost: Reusing Old Checkpoints for Pretraining", 1)[0].paper.id == "title:1"
        assert engine.embed(["x"]).shape == (1, 26)
    with pytest.raises(StoreError, match="was built with Letters letters-1"):
        Engine.open(tmp_path, encoder=Letters(model_name="letters-2"), model="none")


def test_what_is_no_encoder_is_refused() -> None:
    class Nameless:
        def encode(self, texts: Sequence[str]) -> Vectors:
            return np.zeros((len(texts), 2), dtype=np.float32)

    class Long(HashingEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            return 2 * super().encode(texts)

    class Flat(HashingEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            row: Vectors = super().encode(texts)[0]
            return row

    with pytest.raises(TypeError, match="Nameless without name, digest"):
        own(encoder=Nameless())
    with pytest.raises(ValueError, match=r"hashing gave float32 \(2, 256\), lengths \[2.0, 2.0\] for 2 texts"):
        own(encoder=Long())
    with pytest.raises(ValueError, match=r"hashing gave float32 \(256,\)"):
        own(encoder=Flat())


def test_an_encoder_by_name_counts_as_the_setting() -> None:
    with pytest.raises(UserError, match="no-such-encoder"):
        Engine.from_papers(TEN, encoder="no-such-encoder", offline=True)
    assert Settings.load(encoder="x").encoder == "x"
