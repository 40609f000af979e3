"""Ten papers with obvious answers, a browser, and test doubles for the encoder, the writer and the judge's model."""

import hashlib
import math
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.papers import Paper, paper_id
from index.store import Store
from index.update import update
from index.vectors import Vectors
from index.words import tokenize
from rag.engine import Engine
from rag.judges import Judge
from rag.judges.calibration import Calibration, Fit
from rag.judges.tasks import TASKS
from rag.loader import WriterLoader
from rag.settings import Settings
from rag.writer import Message, Piece, Writer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ALONE = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
"""What keeps Chromium to itself."""
TEXTS = {
    "TideNet: Forecasting Sea Levels from Buoy Data": "TideNet forecasts sea levels from buoy measurements. It uses a "
    "recurrent network with 12 layers. On the Harbour benchmark it lowers the error by 31%. Code is at "
    "https://github.com/example/tidenet.",
    "Compost: Reusing Old Checkpoints for Pretraining": "Compost starts pretraining from old checkpoints instead of "
    "random weights. Averaging works best with five checkpoints. On average, pretraining takes 1.5x less time.",
    "DP-Moss: Private Fine-Tuning with Sparse Noise": "DP-Moss adds Gaussian noise to sparse gradients only. It keeps "
    "accuracy within two points of training without privacy. The privacy budget is epsilon 3.",
    "Lantern: Curriculum Learning for Speech Recognition": "Lantern orders utterances from short to long during "
    "training. Word error rate falls from 14.2 to 11.9 on noisy speech. Random order removes the gain.",
    "A Survey of Pruning in Convolutional Networks": "This survey compares 80 pruning methods for convolutional "
    "networks. Structured pruning is faster on common hardware. Reports rarely share a baseline.",
    "4M-7: One Model for Seven Modalities": "4M-7 trains a single transformer on seven modalities. Tokens of every "
    "modality share one vocabulary. It matches specialist models on four of the seven.",
    "Orchard: Scheduling Jobs on Shared Clusters": "Orchard schedules training jobs on shared clusters. It moves jobs "
    "between machines while they run. Waiting time drops by half on a trace of 9,000 jobs.",
    "Do Larger Batches Generalise Worse?": "Large batches are often said to generalise worse. We find that the number "
    "of updates explains the gap. Training longer removes it.",
    "Pebble: Tiny Language Models for Watches": "Pebble is a language model of 10 million parameters that runs on a "
    "watch. Distillation from a teacher gives most of its quality.",
    "Federated Learning with Unreliable Clients": "Clients of federated learning may leave at any time. Weighting "
    "updates by past reliability keeps training stable. Nothing has to be known about the clients in advance.",
}


class HashingEncoder:
    """Vectors by hashing stemmed words: texts that share words are near; keeps every text that it was asked for."""

    name = "hashing"

    def __init__(self, digest: str = "hashing-1", dim: int = 256) -> None:
        self.digest = digest
        self.dim = dim
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in [*tokenize(text), "always"]:
                seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
                row[seed % self.dim] += 1.0
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


class ScriptedWriter:
    """Writes given pieces, and keeps what it was asked; a piece that is an exception is raised."""

    name = "scripted"

    def __init__(self, *pieces: str | Exception) -> None:
        self.pieces = list(pieces)
        self.asked: list[list[Message]] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        self.asked.append(list(messages))
        for piece in self.pieces:
            if cancel.is_set():
                return
            if isinstance(piece, Exception):
                raise piece
            yield Piece(piece)


class ScriptedTokens:
    """The language model behind a judge.

    Yes is .99 likely, or as likely as is given for a part of the claim, or for a part of the title of a paper that may
    hold an answer; keeps the claims and questions that it was asked about.
    """

    parallel, context_tokens = 1, 4096

    def __init__(self, claims: Mapping[str, float], titles: Mapping[str, float]) -> None:
        self.likely = {"Claim": claims, "Question": titles}
        self.asked: list[str] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def slot(self, about: str = "") -> AbstractContextManager[int]:
        return nullcontext(0)

    def first_token(self, messages: Sequence[Message], slot: int) -> dict[str, float]:
        paper, asked = messages[-1].content.split("\n\n")
        kind = asked.split(":")[0]
        self.asked.append(asked)
        text = asked if kind == "Claim" else paper.splitlines()[0]
        yes = next((value for part, value in self.likely[kind].items() if part in text), 0.99)
        return {"Yes": math.log(yes), "No": math.log(1 - yes)}


def judging(claims: Mapping[str, float] | None = None, titles: Mapping[str, float] | None = None) -> Judge:
    """Return a judge whose probabilities are those given for parts of claims and titles; its threshold is .9."""
    fits = {name: Fit(0.0, 1.0) for name in TASKS}
    return Judge(ScriptedTokens(claims or {}, titles or {}), Calibration("by hand", "", 0.9, fits, {}))


def judged(writer: Writer, judge: Judge) -> WriterLoader:
    """Return a loader that has loaded a writer and the judge of what it writes."""
    loader = WriterLoader.of(writer, Settings())
    loader.judge = judge
    return loader


@pytest.fixture(scope="session", autouse=True)
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what is written at run time out of the folder of whoever runs the tests, and load no judge unasked.

    Without the second, every engine with a language model would load the default model (1.2 GB) beside it on a machine
    where that is installed, and on no other. Child processes inherit both.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCHAT_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PAPERCHAT_VERIFY", "false")
        yield


@pytest.fixture(scope="session")
def papers() -> list[Paper]:
    """Return the ten papers."""
    return [Paper(paper_id(title), title, text, sources=("ten.jsonl",)) for title, text in TEXTS.items()]


@pytest.fixture
def encoder() -> HashingEncoder:
    """Return a hashing encoder that was asked nothing yet."""
    return HashingEncoder()


@pytest.fixture(scope="session")
def index_folder(tmp_path_factory: pytest.TempPathFactory, papers: list[Paper]) -> Path:
    """Return the folder of an index of the ten papers; tests only read it."""
    folder = tmp_path_factory.mktemp("ten") / "index"
    update(folder, papers, HashingEncoder())
    return folder


@pytest.fixture
def store(index_folder: Path, encoder: HashingEncoder) -> Iterator[Store]:
    """Return the ten papers, opened."""
    store = Store.open(index_folder, encoder)
    yield store
    store.close()


@pytest.fixture
def writer() -> ScriptedWriter:
    """Return a writer that says one true sentence in words of its own; tests may give it others."""
    return ScriptedWriter("Pretraining takes 1.5x ", "less time on average.")


@pytest.fixture
def engine(store: Store, encoder: HashingEncoder, writer: ScriptedWriter) -> Engine:
    """Return an engine over the ten papers with both doubles."""
    return Engine(Settings(), store, encoder, writer)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Return a Chromium that asks nothing of other machines by itself."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("No chromium on this machine. Install it: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ALONE)
        yield browser
        browser.close()
