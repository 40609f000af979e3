"""The README tells the truth: it names every command and setting, and its Python runs."""

import asyncio
import re
from pathlib import Path

import pytest
import typer.main

from index import models, update
from index.papers import Paper
from index.vectors import SentenceEncoder
from rag import Engine, Settings
from ui import cli
from ui.server import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
ENCODER = "all-MiniLM-L6-v2"


def test_readme_names_every_command_setting_and_model() -> None:
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    wanted = [f"paperchat {name}" for name in commands]
    wanted += [f"PAPERCHAT_{name.upper()}" for name in Settings.model_fields] + list(models.KNOWN)
    assert [name for name in wanted if name not in README] == []


def test_every_route_is_described(engine: Engine) -> None:
    told = (Path(__file__).parents[1] / ".docs" / "http.md").read_text(encoding="utf-8")

    async def described() -> dict[str, dict[str, object]]:  # Gradio wants a running loop
        paths: dict[str, dict[str, object]] = app(engine).openapi()["paths"]
        return paths

    paths = asyncio.run(described())
    routes = [f"`{method.upper()} {path}`" for path, methods in paths.items() for method in methods]
    assert len(routes) > 10
    assert [route for route in routes if route not in told] == []


@pytest.mark.model
@pytest.mark.skipif(models.find(ENCODER) is None, reason=f"no weights: paperchat models pull {ENCODER}")
def test_python_of_the_readme_runs(
    tmp_path: Path, papers: list[Paper], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    update(tmp_path, papers, SentenceEncoder.from_name(ENCODER))
    monkeypatch.setenv("PAPERCHAT_INDEX", str(tmp_path))
    monkeypatch.setenv("PAPERCHAT_MODEL", "none")
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "@misc{" in printed and "“Moss grows on the north side.” [1]" in printed


def test_readme_has_no_hole_left() -> None:
    assert re.findall(r"@@|[A-Z]+_OUTPUT|SECOND\b|FRESH_TIME|RATE_TODO", README) == []
