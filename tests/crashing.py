"""A process that works on indexes in children of its own, and kills them: `Worker` is its end in a test.

What it has imported its children have at once, so that a round of dying, looking and going on takes a third of a
second. Each child says in a file what texts it embedded and what progress it told.
"""

import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from index.chroma import CHROMA, ChunkTable
from index.chunks import chunk
from index.errors import StoreError
from index.manifest import vectors_folder
from index.paper import Paper
from index.store import Store
from index.update import update
from index.vectors import Encoded, Encoder, Vectors
from index.wordvectors import WordVectorTable
from tests.conftest import HashingEncoder
from tests.test_wordvectors import HashingWordEncoder

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
DIM = 48
QUESTIONS = ("moss gradient", "harbour network pruning", "speech lantern watch", "cluster tide")
WORDS = (
    "moss gradient harbour network pruning speech lantern watch cluster tide owl budget sparse token layer buoy "
    "baseline orchard noise teacher client frame kernel margin prior query ridge sample tensor update valley window"
).split()


def made(count: int, seed: int = 7) -> list[Paper]:
    """Return papers of seeded words; every sixth abstract is so long that it has windows."""
    draw = random.Random(seed)
    papers = []
    for number in range(count):
        sentences = 9 if number % 6 == 0 else 2
        text = " ".join(" ".join(draw.choices(WORDS, k=12)).capitalize() + "." for _ in range(sentences))
        title = f"Paper {number} on {draw.choice(WORDS)}"
        papers.append(Paper(f"title:paper-{number:03}", title, text, published=f"20{number % 20:02}", sources=("a",)))
    return papers


@dataclass(frozen=True)
class Scenario:
    """A state of an index and what is made of it.

    Attributes:
        papers: That an update is given.
        before: Papers of the index that is there; None for none at all.
        replace_all: Of the update.
        remove: Ids that the update removes.
        digests: Of the encoder before and now.
        words: Whether these encoders read words, before and now.
        archive: Of an index that is unpacked in the place of `before`.
    """

    papers: list[Paper]
    before: list[Paper] | None = field(default_factory=lambda: made(24))
    replace_all: bool = False
    remove: tuple[str, ...] = ()
    digests: tuple[str, str] = ("one", "one")
    words: tuple[bool, bool] = (True, True)
    archive: Path | None = None

    def encoder(self, now: bool, told: "Log | None" = None) -> Encoder:
        """Return the encoder of before, or of now."""
        kind = WordEncoder if self.words[now] else PlainEncoder
        return kind(self.digests[now], told or Log(None))


def _changed(papers: Sequence[Paper]) -> list[Paper]:
    return [replace(paper, abstract=f"Now the owl changed it. {paper.abstract}") for paper in papers]


SCENARIOS = {
    "build": Scenario(made(24), before=None),
    "add": Scenario(made(32)),
    "change": Scenario(_changed(made(5))),
    "remove": Scenario([], remove=tuple(paper.id for paper in made(24)[::4])),
    "all at once": Scenario([*_changed(made(4)), *made(27)[24:]], remove=("title:paper-010", "title:paper-012")),
    "replace": Scenario([*_changed(made(4)), *made(14)[4:], *made(28)[24:]], replace_all=True),
    "another encoder": Scenario([], digests=("one", "two")),
    "words too": Scenario([], words=(False, True)),
}
CONVERSIONS = {
    "format 2": Scenario([], None, archive=DATA / "format-2.zip"),
    "format 2 without words": Scenario([], None, words=(False, False), archive=DATA / "format-2-without-words.zip"),
}


class Log:
    """What happened, line by line in a file that outlives the process."""

    def __init__(self, path: Path | None) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if path else None

    def __call__(self, what: str, value: object = None) -> None:
        if self._file is not None:
            os.write(self._file, (json.dumps([what, value]) + "\n").encode())


class PlainEncoder(HashingEncoder):
    """A hashing encoder that tells which texts it embeds; few at once, so that a build has many batches."""

    texts_at_once = 5

    def __init__(self, digest: str, told: Log) -> None:
        super().__init__(digest, DIM)
        self._told = told

    def encode(self, texts: Sequence[str]) -> Vectors:
        self._told("embedded", list(texts))
        return self._own(super().encode(texts))

    def _own(self, rows: Vectors) -> Vectors:
        """Return vectors that are this digest's alone."""
        weighed = rows * np.random.default_rng(list(self.digest.encode())).uniform(0.2, 1, DIM).astype(np.float32)
        own: Vectors = weighed / np.linalg.norm(weighed, axis=1, keepdims=True)
        return own


class WordEncoder(PlainEncoder):
    """The same, and it reads words."""

    def encode_words(self, texts: Sequence[str]) -> list[Encoded]:
        self._told("embedded", list(texts))
        read = HashingWordEncoder(self.digest, DIM).encode_words(texts)
        return [replace(each, vector=self._own(each.vector[None, :])[0]) for each in read]


def embedded_twice(log: Path) -> list[str]:
    """Return the texts that were embedded although progress had been told of them."""
    acknowledged: set[str] = set()
    told: list[str] = []
    twice: list[str] = []
    for what, value in map(json.loads, log.read_text().splitlines()):
        if what == "began":
            told = []
        elif what == "embedded":
            twice += [text for text in value if text in acknowledged]
            told += value
        elif what == "progress":
            acknowledged.update(told)
    return twice


# What a child does


def run(scenario: Scenario, folder: Path, log: Path | None) -> None:
    """Do the update of a scenario."""
    told = Log(log)
    told("began")
    encoder = scenario.encoder(True, told)
    progress = lambda done, total: told("progress", done)  # noqa: E731
    update(folder, scenario.papers, encoder, scenario.replace_all, progress, scenario.remove)


def prepare(scenario: Scenario, folder: Path) -> None:
    """Make the index that a scenario begins with."""
    if scenario.archive:
        shutil.unpack_archive(scenario.archive, folder)
    elif scenario.before is not None:
        update(folder, scenario.before, scenario.encoder(False))


def undisturbed(scenario: Scenario, folder: Path) -> dict[str, Any]:
    """Return what a scenario begins with, what it ends with, and the places of the steps that it takes."""
    before = None if scenario.before is None else found(folder, scenario.encoder(False))
    steps: list[str] = []
    _each_step(steps.append)
    run(scenario, folder, None)
    taken = list(steps)
    return {
        "old": before,
        "new": found(folder, scenario.encoder(True)),
        "inside": inside(folder, scenario),
        "steps": taken,
    }


def gone_on(scenario: Scenario, folder: Path, log: Path) -> dict[str, Any]:
    """Look at an index whose update was cut short, finish it, and look again."""
    meanwhile = seen(scenario, folder)
    run(scenario, folder, log)
    return {"meanwhile": meanwhile, "new": found(folder, scenario.encoder(True)), "inside": inside(folder, scenario)}


def seen(scenario: Scenario, folder: Path) -> dict[str, Any]:
    """Return what an index says to the encoder of before and to that of now; what it refuses them with is a text."""
    answers: dict[str, Any] = {}
    for name, now in (("old", False), ("new", True)):
        if now and scenario.digests[0] == scenario.digests[1] and scenario.words[0] == scenario.words[1]:
            return answers | {"new": answers["old"]}
        try:
            answers[name] = found(folder, scenario.encoder(now))
        except StoreError as error:
            answers[name] = str(error)
    return answers


def found(folder: Path, encoder: Encoder) -> dict[str, Any]:
    """Return all that an index says: its papers, and what searches find.

    Raises:
        StoreError: It cannot be opened with this encoder.
    """
    store = Store.open(folder, encoder)
    try:
        searches = []
        for question in QUESTIONS:
            vector = encoder.encode([question])[0]
            near = store.nearest(vector, 10)
            words = [round(score, 4) for score in store.words(question).tolist()]
            by_word = [round(float(each.sum()), 4) for each in store.word_vectors(near)]
            similar = np.round(store.similarities(near, vector), 5).tolist()
            searches.append([near, similar, words, by_word])
        return {"papers": [paper.to_dict() for paper in store.papers], "searches": searches}
    finally:
        store.close()


def inside(folder: Path, scenario: Scenario) -> dict[str, Any]:
    """Return what lies in the folder of an index: its files but for numbers of generations, and ids in its tables."""
    vectors = vectors_folder(folder, scenario.digests[True])
    table = ChunkTable(vectors / CHROMA)
    words = WordVectorTable(vectors, write=True)
    try:
        names = sorted(path.name for path in folder.iterdir())
        return {
            "folder": [name.split("-")[0] if name.startswith(("columns-", "words-")) else name for name in names],
            "vectors": sorted(path.name for path in vectors.iterdir()),
            "chunks": sorted(table.ids()),
            "words": sorted(words.ids()),
        }
    finally:
        table.close()
        words.close()


# Dying

FILE_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect"}
CALLS = {
    "index.chroma": ("ChunkTable.__init__", "ChunkTable.add", "ChunkTable.remove", "ChunkTable.close"),
    "index.wordvectors": ("WordVectorTable.add", "WordVectorTable.remove", "WordVectorTable.close"),
    "os": ("fsync",),
}
"""Beside events of files, what changes some where Python does not see it."""


def die_at(step: int) -> None:
    """Let this process end as by `kill -9` when it comes to its n-th step, counted from 0."""
    left = step

    def count(_: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    _each_step(count)


def worth_dying_at(steps: list[str]) -> list[int]:
    """Return the first step of each kind, which is a place in the code and what is done there, and the last of all."""
    first = {name: at for at, name in reversed(list(enumerate(steps)))}
    return sorted({*first.values(), len(steps) - 1})


def _each_step(told: Callable[[str], None]) -> None:
    """Call `told` with the place of each step from now on, before it is taken: what changes files, and `CALLS` ends."""

    def place(name: str) -> str:
        frame = sys._getframe(2)
        while frame.f_back and not frame.f_code.co_filename.startswith(str(ROOT / "index")):
            frame = frame.f_back
        return f"{name} at {Path(frame.f_code.co_filename).name}:{frame.f_lineno}"

    def heard(event: str, args: tuple[Any, ...]) -> None:
        if event in FILE_EVENTS and (event != "open" or (isinstance(args[2], int) and args[2] & os.O_ACCMODE)):
            told(place(event))

    def counted(call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:  # noqa: ANN401
            told(place(name))
            done = call(*args, **named)
            told(place(f"{name} done"))
            return done

        return run

    for module, names in CALLS.items():
        for name in names:
            *owners, last = name.split(".")
            owner: Any = importlib.import_module(module)
            for each in owners:
                owner = getattr(owner, each)
            setattr(owner, last, counted(getattr(owner, last), name))
    sys.addaudithook(heard)


# Other processes

COMMAND = """
import sys
from pathlib import Path
from index import vectors
from tests.crashing import Log, WordEncoder
vectors.SentenceEncoder.from_name = classmethod(lambda cls, name, offline=False: WordEncoder("one", Log(None)))
from ui.cli import main
sys.argv[0] = "paperchat"
main()
"""
"""The real command line with the double at the seam of the encoder."""


def paperchat(
    *arguments: object, limit: Callable[[], None] | None = None, under: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own."""
    command = [*under, sys.executable, "-c", COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, preexec_fn=limit, timeout=240, check=False)


class Worker:
    """A process that does rounds on request; one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crashing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()

    def __call__(self, do: str, scenario: str, folder: Path, **more: object) -> Any:  # noqa: ANN401
        """Let a child do a function of `DO`, and return what that returns; None for one that was killed.

        Raises:
            AssertionError: The child failed.
        """
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, "scenario": scenario, "folder": str(folder), **more}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["done"]


def _update(scenario: Scenario, folder: Path, log: str, die: int | None = None) -> str:
    if die is not None:
        die_at(die)
    run(scenario, folder, Path(log))
    return "finished"


DO: dict[str, Callable[..., Any]] = {
    "prepare": prepare,
    "undisturbed": undisturbed,
    "update": _update,
    "go on": lambda scenario, folder, log: gone_on(scenario, folder, Path(log)),
}


def _serve() -> None:
    """Read requests from stdin, and let a child of this process do each."""
    chunk(made(1)[0])  # loads what cuts papers
    for module in ("chromadb", "bm25s"):
        importlib.import_module(module)
    for line in sys.stdin:
        asked = json.loads(line)
        do, kill_after = DO[asked.pop("do")], asked.pop("kill_after", None)
        scenario, folder = {**SCENARIOS, **CONVERSIONS}[asked.pop("scenario")], Path(asked.pop("folder"))
        answer, end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(answer)
            _answer(end, lambda do=do, scenario=scenario, folder=folder, asked=asked: do(scenario, folder, **asked))  # type: ignore[misc]
        os.close(end)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
        with open(answer, encoding="utf-8") as said:
            text = said.read()
        os.waitpid(child, 0)
        print(text or '{"done": null}', flush=True)


def _answer(end: int, work: Callable[[], Any]) -> None:
    """Write what some work returns, and end this process without letting go of anything."""
    try:
        text = json.dumps({"done": work()})
    except BaseException:
        text = json.dumps({"error": traceback.format_exc()})
    with open(end, "w", encoding="utf-8") as said:
        said.write(text)
    os._exit(0)


if __name__ == "__main__":
    _serve()
