"""What Python is promised: the examples of .docs/python.md print what they say, and a user's program type-checks."""

import contextlib
import io
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from index import models, sources, update
from index.vectors import SentenceEncoder

ROOT = Path(__file__).parents[1]
DOCS = ROOT / ".docs" / "python.md"
ENCODER = "all-MiniLM-L6-v2"
NEEDED = ("TAID", "AutoLRS", "Cyclical Curriculum", "Differentially Private Low-Rank")
"""In the titles that the examples ask for."""

USER = """
import asyncio
from collections.abc import Sequence

import numpy as np
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.llms import MockLLM
from numpy.typing import NDArray

from rag import Answer, Encoder, Engine, Paper, PaperList, Turn, UserError


class Mine:
    name = "mine"
    digest = "mine-1"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.ones((len(texts), 1), dtype=np.float32)


def ask(question: str) -> str:
    encoder: Encoder = Mine()
    fern = {"title": "Fern", "abstract": "Ferns.", "authors": ["Ada"]}
    moss = Paper("my:1", "Moss", "Moss grows.")
    try:
        with Engine.from_papers([moss, fern], encoder=encoder, llm=MockLLM(), answer_tokens=80) as engine:
            answer: Answer = engine.ask(question, [Turn("Before?", "Yes.")], within=["my:1"])
            listed: PaperList = engine.papers("moss", limit=3)
            retriever: BaseRetriever = engine.as_retriever(limit=3)
            query_engine: BaseQueryEngine = engine.as_query_engine(streaming=True)
            vectors: NDArray[np.float32] = engine.embed([question])
            again: Answer = asyncio.run(engine.aask(question))
            for growing in engine.stream(question):
                print(growing.text, growing.done)
            print(listed.to_bibtex(), retriever, query_engine, vectors.shape, again.note)
            return answer.citations[0].quote.text
    except UserError as error:
        return str(error)
"""
WRONG = {
    "Engine.open().ask(7)": "arg-type",
    'Engine.open().ask("Why?").txt': "attr-defined",
    'Engine.open(llm="gpt")': "arg-type",
    'Engine.from_papers(["moss.jsonl"])': "list-item",
    'Engine.open().papers("moss").matches[0].paper.title.append("x")': "attr-defined",
    'Engine.open().ask("Why?").text = "x"': "misc",
}


def blocks() -> list[tuple[str, str]]:
    """Return (code, what it prints) of the examples, in order."""
    return re.findall(r"```python\n(.*?)```\n```text\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)


@pytest.fixture(scope="module")
def starter_part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an index of a part of the starter corpus."""
    papers = sources.read().papers
    part = [paper for at, paper in enumerate(papers) if at % 40 == 0 or any(name in paper.title for name in NEEDED)]
    folder = tmp_path_factory.mktemp("starter") / "index"
    update(folder, part, SentenceEncoder.from_name(ENCODER, offline=True))
    return folder


@pytest.mark.model
@pytest.mark.skipif(models.find(ENCODER) is None, reason=f"no weights: paperchat models pull {ENCODER}")
def test_the_examples_print_what_they_say(starter_part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCHAT_INDEX", str(starter_part))
    monkeypatch.setenv("PAPERCHAT_OFFLINE", "1")
    names: dict[str, object] = {"__name__": "__main__"}
    printed = []
    for at, (code, _) in enumerate(blocks(), start=1):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, f"{DOCS.name}, block {at}", "exec"), names)
        printed.append((code, out.getvalue()))
    names["engine"].close()  # type: ignore[attr-defined]
    assert printed == blocks()


def test_every_example_is_run() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text.count("```python") == len(blocks()) > 8


def type_checked(folder: Path, code: str) -> tuple[int, str]:
    """Return what mypy --strict says of a program; its cache makes that slow the first time only."""
    (folder / "user.py").write_text(code, encoding="utf-8")
    cache = ROOT / ".mypy_cache" / "of-a-user"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(cache), "user.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_a_program_that_uses_us_type_checks_strictly(tmp_path: Path) -> None:
    assert type_checked(tmp_path, USER) == (0, "Success: no issues found in 1 source file\n")


@pytest.mark.timeout(600)
def test_wrong_use_is_found_by_the_type_checker(tmp_path: Path) -> None:
    code, said = type_checked(tmp_path, "\n".join(["from rag import Engine", "", *WRONG]))
    assert code == 1
    found = dict(re.findall(r"user\.py:(\d+): error: .*\[([\w-]+)\]", said))
    assert found == {str(line): kind for line, kind in enumerate(WRONG.values(), start=3)}, said


@pytest.mark.parametrize("package", ["index", "prompts", "rag", "ui"])
def test_packages_say_that_they_are_typed(package: str) -> None:
    assert resources.files(package).joinpath("py.typed").is_file()
