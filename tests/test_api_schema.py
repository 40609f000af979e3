"""The OpenAPI document: whole, true to what is sent, and held to under whatever schemathesis thinks of."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from index import Paper, update
from rag import Answer, Settings
from tests.conftest import HashingEncoder
from tests.test_api import HOST, KELP, engine_of, served
from tests.test_api_live import serving
from ui.api import examples

ROOT = Path(__file__).parents[1]
EXAMPLES = 10
SEED = 4


@pytest.fixture(scope="module")
def folder(papers: list[Paper], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schema") / "index"
    update(folder, [*papers, KELP], HashingEncoder())
    return folder


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    settings = Settings(question_chars=321, history_turns=4)
    with TestClient(served(engine_of(folder, settings=settings)), HOST) as client:
        return dict(client.get("/openapi.json").json())


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations of a document by method and path."""
    paths = document["paths"].items()
    return {f"{method.upper()} {path}": told for path, methods in paths for method, told in methods.items()}


def test_the_document_names_every_route_and_nothing_of_the_page(document: dict[str, Any]) -> None:
    assert sorted(operations(document)) == [
        "GET /api/papers",
        "GET /api/papers/{paper_id}",
        "GET /api/papers/{paper_id}/similar",
        "GET /api/status",
        "GET /api/topics",
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
        "POST /api/ask",
        "POST /api/embed",
        "POST /api/papers",
        "POST /api/search",
    ]


def test_every_operation_is_described_and_shows_an_example_of_each_problem(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert operation["tags"] and operation["summary"] and operation["description"], name
        for status, response in operation["responses"].items():
            if status >= "400":
                media = response["content"]["application/problem+json"]
                assert media["schema"] == {"$ref": "#/components/schemas/Problem"}, name
                assert media["example"]["status"] == int(status), name
    responses = operations(document)["POST /api/ask"]["responses"]
    assert {"400", "404", "413", "422", "429", "500", "503"} <= responses.keys()


def test_the_examples_are_what_the_service_would_send(document: dict[str, Any]) -> None:
    content = operations(document)["POST /api/ask"]["responses"]["200"]["content"]
    assert Answer.from_dict(content["application/json"]["example"]) == examples.ANSWER
    told = content["text/event-stream"]["example"]
    names = [line.removeprefix("event: ") for line in told.splitlines() if line.startswith("event: ")]
    assert names == ["queued", "papers", "token", "sentence", "done"]
    assert examples.PAPER.abstract[examples.QUOTE.start : examples.QUOTE.end] == examples.QUOTE.text


def test_the_limits_are_those_of_the_settings(document: dict[str, Any]) -> None:
    asked = document["components"]["schemas"]["Question"]["properties"]
    assert (asked["question"]["maxLength"], asked["history"]["maxItems"]) == (321, 4)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> set[str]:  # noqa: ANN401
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) - known == set()


def test_whatever_is_sent_the_document_holds(folder: Path, tmp_path: Path) -> None:
    engine = engine_of(folder, "Pretraining takes 1.5x less time on average.")
    refused = [400, 404, 405, 406, 413, 415, 422, 429]  # 413 too: 257 long texts are more than a body may be
    config = f"[checks.negative_data_rejection]\nexpected-statuses = {refused}\n"
    (tmp_path / "schemathesis.toml").write_text(config, encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "run", "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(EXAMPLES), "--seed", str(SEED), "--suppress-health-check", "all"]
    command += ["--include-path-regex", "^/(api/|healthz|readyz|metrics)", "--no-color"]
    command += ["--wait-for-schema", "60"]
    with engine, serving(engine) as server:
        command.append(f"{server.url}/openapi.json")
        hooked = os.environ | {"SCHEMATHESIS_HOOKS": "tests.impossible_periods", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, env=hooked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 passed" in done.stdout
