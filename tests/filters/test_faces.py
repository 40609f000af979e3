"""Filters at the faces of programs: the HTTP service, the tools for agents, the service that OpenAI's clients call."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from rag import Engine
from tests.test_completions import serving
from tests.test_mcp import called, in_memory, text_of
from ui import api
from ui.admission import Admission

HOST = "http://127.0.0.1"
QUESTION = "How much less time does pretraining with Compost take"


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    app = FastAPI()
    api.mount(app, engine, Admission(2, 2))
    api.close(app)
    with TestClient(app, HOST) as client:
        yield client


def ids(values: list[dict[str, Any]]) -> list[str]:
    return sorted(value["paper"]["title"].split(":")[0] for value in values)


def test_a_question_over_http_takes_a_filter_and_tells_which_was_in_force(client: TestClient) -> None:
    answer = client.post("/api/ask", json={"question": f"{QUESTION}?", "since": "2020", "category": ["cs.LG"]}).json()
    assert ids(answer["matches"]) == ["Compost"]
    assert answer["filter"]["words"] == "since 2020, in cs.LG"
    assert (answer["filter"]["taken_from_question"], answer["filter"]["phrases"]) == (False, [])
    assert client.post("/api/ask", json={"question": f"{QUESTION}?"}).json()["filter"] is None


def test_words_of_a_question_over_http_are_a_filter_unless_taken_as_asked(client: TestClient) -> None:
    asked = {"question": f"{QUESTION} since 2024?"}
    read = client.post("/api/ask", json=asked).json()
    assert (read["answered"], read["filter"]["phrases"]) == (False, ["since 2024"])
    plain = client.post("/api/ask", json={**asked, "as_asked": True}).json()
    assert plain["answered"] and plain["filter"]["as_asked"] and len(plain["matches"]) == 8


def test_the_events_of_an_answer_name_the_filter_with_the_papers(client: TestClient) -> None:
    body = {"question": f"{QUESTION} before 2022?", "stream": True}
    frames = [frame.splitlines() for frame in client.post("/api/ask", json=body).text.strip().split("\n\n")]
    papers = next(json.loads(data[6:]) for event, data in frames if event == "event: papers")
    assert papers["filter"]["filter"]["until"] == "2021"


def test_a_list_over_http_takes_a_filter_by_body_and_by_address(client: TestClient) -> None:
    body = {"request": "pretraining from checkpoints", "author": ["Hinton"], "until": "2022", "limit": 5}
    posted = client.post("/api/papers", json=body).json()
    assert ids(posted["matches"]) == ["Compost"]
    address: dict[str, Any] = {
        "request": "pretraining from checkpoints",
        "author": ["Hinton", "Chen"],
        "until": "2022",
        "limit": 5,
    }
    got = client.get("/api/papers", params=address).json()
    assert ids(got["matches"]) == ["Compost"]
    assert got["filter"]["words"] == "until 2022, by Hinton or Chen"


def test_a_search_over_http_takes_a_filter(client: TestClient) -> None:
    found = client.post("/api/search", json={"question": "training", "since": "2023", "newest_first": True}).json()
    assert ids(found["matches"]) == ["DP-Moss", "Lantern", "Pebble"]


@pytest.mark.parametrize("path", ["/api/ask", "/api/search", "/api/papers"])
def test_what_is_no_date_is_a_problem_that_names_the_field(client: TestClient, path: str) -> None:
    text = "request" if path == "/api/papers" else "question"
    refused = client.post(path, json={text: "training", "since": "yesterday"})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "since: 'yesterday' is no date. Write it as 2024, 2024-05 or 2024-05-17"


def test_what_is_no_date_in_an_address_is_said_in_the_same_words(client: TestClient) -> None:
    refused = client.get("/api/papers", params={"request": "training", "until": "2024-13"})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "until: '2024-13' is no date. Write it as 2024, 2024-05 or 2024-05-17"


@pytest.mark.parametrize("path", ["/api/ask", "/api/search", "/api/papers"])
def test_a_filter_that_ends_before_it_begins_is_a_problem(client: TestClient, path: str) -> None:
    text = "request" if path == "/api/papers" else "question"
    refused = client.post(path, json={text: "training", "since": "2025", "until": "2024"})
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "since 2025 comes after until 2024. Change one of them.",
    )


def test_the_document_of_the_service_names_the_fields(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("Question", "Search", "ListRequest"):
        assert {"since", "until", "author", "category", "source", "newest_first"} <= set(schemas[name]["properties"])
    assert {"filter", "phrases", "newest"} <= set(schemas["InForce"]["properties"])


def test_agents_ask_and_list_under_a_filter(engine: Engine) -> None:
    client = in_memory(engine)
    answer = called(client, "ask", question=f"{QUESTION}?", until="2022", author=["Hinton"])
    assert answer.structured_content is not None
    assert answer.structured_content["filter"] == "until 2022, by Hinton"
    assert "Only papers until 2022, by Hinton: 1 of 10." in text_of(answer)
    listed = called(in_memory(engine), "find_papers", request="pretraining since 2024", as_asked=True)
    assert listed.structured_content is not None and listed.structured_content["filter"] == ""
    refused = called(in_memory(engine), "find_papers", request="pretraining", since="soon")
    assert refused.is_error and "is no date" in text_of(refused)


def test_a_client_of_openai_narrows_by_a_field_of_ours(engine: Engine) -> None:
    messages = [{"role": "user", "content": f"{QUESTION}?"}]
    body: dict[str, Any] = {
        "model": "paperchat",
        "messages": messages,
        "paperchat": {"until": "2022", "source": ["old.jsonl"]},
    }
    with serving(engine) as url:
        reply = httpx.post(f"{url}/v1/chat/completions", json=body, trust_env=False, timeout=60).json()
        wrong = httpx.post(f"{url}/v1/chat/completions", json={**body, "paperchat": {"since": "soon"}}, trust_env=False)
    message = reply["choices"][0]["message"]
    assert message["paperchat"]["filter"]["words"] == "until 2022, from old.jsonl"
    assert "Note: Only papers until 2022, from old.jsonl: 2 of 10." in message["content"]
    assert wrong.status_code == 400 and wrong.json()["error"]["param"] == "paperchat.since"
