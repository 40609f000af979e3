"""Commands as a person runs them, in processes of their own; with the real small models where marked."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from index import models
from index.paperfile import papers_text
from index.papers import Paper
from ui.cli import app

ROOT = Path(__file__).parents[1]
ENCODER = "all-MiniLM-L6-v2"
needs_encoder = pytest.mark.skipif(models.find(ENCODER) is None, reason=f"no weights: paperchat models pull {ENCODER}")


def run(*arguments: str, home: Path | None = None, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run `paperchat` offline, with its data in `home`."""
    kept = ("PAPERCHAT_CACHE", "PAPERCHAT_VERIFY")
    clean = {name: value for name, value in os.environ.items() if name in kept or "PAPERCHAT" not in name}
    return subprocess.run(
        [sys.executable, "-c", "from ui.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        input=stdin,
        cwd=ROOT,
        env={
            **clean,
            "PAPERCHAT_OFFLINE": "1",
            "PAPERCHAT_MODEL": "none",
            **({"PAPERCHAT_HOME": str(home)} if home else {}),
            **env,
        },
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, papers: list[Paper]) -> Path:
    """Return a home folder with an index of the ten papers, made by the command."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "ten.jsonl").write_text(papers_text(papers), encoding="utf-8")
    done = run("index", str(folder / "ten.jsonl"), home=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_help_names_every_command() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in (
        "index",
        "ask",
        "papers",
        "chat",
        "serve",
        "embed",
        "mcp",
        "feedback",
        "status",
        "eval",
        "models",
        "users",
    ):
        assert f"\n  {command}" in done.stdout
    assert {command.name or command.callback.__name__ for command in app.registered_commands if command.callback} == {
        "index", "ask", "papers", "chat", "serve", "mcp", "embed", "feedback", "status", "eval",
        "doctor"}  # fmt: skip


def test_usage_errors_exit_with_2() -> None:
    assert run("ask").returncode == 2
    assert run("no-such-command").returncode == 2


def test_ask_without_an_index_says_how_to_build_one(tmp_path: Path) -> None:
    done = run("status", home=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: No index in {tmp_path / 'index'}. Build one: paperchat index --index {tmp_path / 'index'} [SOURCE…]\n"
    )


def test_an_unknown_setting_in_the_environment_is_named(tmp_path: Path) -> None:
    done = run("status", home=tmp_path, PAPERCHAT_EVIDENCE_TOKEN="9")
    assert done.returncode == 1
    assert "PAPERCHAT_EVIDENCE_TOKEN." in done.stderr and "PAPERCHAT_EVIDENCE_TOKENS" in done.stderr


def test_models_lists_size_digest_and_licence() -> None:
    rows = json.loads(run("models", "--json").stdout)
    assert {row["name"] for row in rows} == set(models.KNOWN)
    assert "Apache-2.0" in run("models").stdout


def test_offline_with_nothing_there_is_one_clear_line(tmp_path: Path) -> None:
    done = run("index", home=tmp_path, PAPERCHAT_CACHE=str(tmp_path / "none"))
    assert done.returncode == 1
    assert "offline" in done.stderr and "paperchat models pull" in done.stderr and "Traceback" not in done.stderr


@needs_encoder
@pytest.mark.model
def test_index_again_with_nothing_changed_writes_nothing(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (home / "index").rglob("*") if path.is_file()}
    done = run("index", str(home / "ten.jsonl"), "--json", home=home)
    assert json.loads(done.stdout)["wrote"] is False
    assert {path: path.stat().st_mtime_ns for path in before} == before


@needs_encoder
@pytest.mark.model
def test_index_keeps_the_good_names_the_bad_and_exits_with_1(home: Path, tmp_path: Path) -> None:
    shutil.copy(home / "ten.jsonl", tmp_path / "ten.jsonl")
    (tmp_path / "empty.txt").write_text("")
    done = run("index", str(tmp_path), "--json", home=tmp_path / "home")
    assert done.returncode == 1
    assert json.loads(done.stdout)["papers"] == 10
    assert "Left out: empty.txt" in done.stderr


@needs_encoder
@pytest.mark.model
def test_ask_prints_the_answer_then_its_citations(home: Path) -> None:
    done = run("ask", "How much less time does pretraining from old checkpoints take?", home=home)
    assert done.returncode == 0, done.stderr
    assert "“On average, pretraining takes 1.5x less time.” [1]" in done.stdout
    assert "\n[1] Compost: Reusing Old Checkpoints for Pretraining\n" in done.stdout
    assert "Quoted from the abstracts." in done.stderr


@needs_encoder
@pytest.mark.model
def test_ask_json_is_the_answer(home: Path) -> None:
    answer = json.loads(run("ask", "Which model runs on a watch?", "--json", home=home).stdout)
    assert answer["citations"][0]["paper"]["title"].startswith("Pebble")
    assert answer["done"] is True


@needs_encoder
@pytest.mark.model
def test_papers_prints_bibtex(home: Path) -> None:
    done = run("papers", "pruning of convolutional networks", "--limit", "1", "--format", "bibtex", home=home)
    assert done.stdout.startswith("@misc{") and "A Survey of Pruning in Convolutional Networks" in done.stdout
    assert run("papers", "pruning", "--format", "word", home=home).stderr.startswith("Error: Unknown format 'word'")


@needs_encoder
@pytest.mark.model
def test_embed_prints_one_vector_a_line(home: Path) -> None:
    lines = run("embed", home=home, stdin="one text\nanother\n").stdout.splitlines()
    assert [len(json.loads(line)) for line in lines] == [384, 384]


@needs_encoder
@pytest.mark.model
def test_chat_answers_line_by_line_and_remembers(home: Path) -> None:
    done = run("chat", home=home, stdin="What does Lantern do?\nand how much does the error fall?\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("[1] Lantern: Curriculum Learning for Speech Recognition") == 2


@needs_encoder
@pytest.mark.model
def test_status_says_what_is_there(home: Path) -> None:
    status = json.loads(run("status", "--json", home=home).stdout)
    assert (status["papers"], status["encoder"], status["dim"], status["sources"]) == (
        10,
        ENCODER,
        384,
        {"ten.jsonl": 10},
    )


@needs_encoder
@pytest.mark.model
def test_an_index_of_another_encoder_is_refused_with_the_command(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(models.fetch(ENCODER), other)
    with (other / "model.safetensors").open("ab") as weights:
        weights.write(b" ")
    done = run("ask", "What does Lantern do?", home=home, PAPERCHAT_ENCODER=str(other))
    assert done.returncode == 1
    assert f"was built with {ENCODER}" in done.stderr and "Rebuild it: paperchat index" in done.stderr
