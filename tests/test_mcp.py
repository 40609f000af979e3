"""The tools for agents, called by the SDK's own client: in memory, over HTTP, and over the pipes of a subprocess."""

import asyncio
import importlib
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from index.errors import ModelError
from index.papers import Paper
from index.store import Store
from index.update import update
from index.vectors import SentenceEncoder
from rag.answer import CANNOT_ANSWER
from rag.engine import Engine
from rag.settings import Settings
from tests.conftest import HashingEncoder
from tests.test_completions import QUESTION, HeldWriter, serving
from ui.admission import Admission
from ui.agents.tools import server
from ui.api.service import Service

TOOLS = ["ask", "find_papers", "get_paper", "list_topics"]
COMPOST = "title:compost-reusing-old-checkpoints-for-pretraining"

Seen = TypeVar("Seen")


def in_memory(engine: Engine, mode: str = "auto", admission: Admission | None = None) -> Client:
    service = Service(engine, admission or Admission(4, 4))
    return Client(server(lambda: nullcontext(service)), mode=mode)


@asynccontextmanager
async def over_http(url: str, mode: str = "auto") -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as direct:
        async with Client(streamable_http_client(f"{url}/mcp", http_client=direct), mode=mode) as client:
            yield client


def text_of(result: CallToolResult) -> str:
    [block] = result.content
    assert isinstance(block, TextContent)
    return block.text


def seen(client: Client, look: Callable[[Client], Awaitable[Seen]]) -> Seen:
    """Return what is seen with a client that is open meanwhile."""

    async def opened() -> Seen:
        async with client:
            return await look(client)

    return asyncio.run(opened())


def called(client: Client, tool: str, **arguments: object) -> CallToolResult:
    return seen(client, lambda open_client: open_client.call_tool(tool, arguments))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_are_described_with_the_schemas_of_what_they_take_and_give(engine: Engine, mode: str) -> None:
    tools = {tool.name: tool for tool in seen(in_memory(engine, mode), lambda client: client.list_tools()).tools}
    assert sorted(tools) == TOOLS
    for tool in tools.values():
        assert tool.description and tool.annotations and tool.annotations.read_only_hint
        assert "ctx" not in tool.input_schema["properties"] and tool.output_schema
    assert tools["ask"].input_schema["required"] == ["question"]
    assert tools["ask"].output_schema and {"answer", "answered", "citations"} <= set(
        tools["ask"].output_schema["properties"]
    )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_answer_comes_as_text_and_as_structured_content_with_its_citations(engine: Engine, mode: str) -> None:
    result = called(in_memory(engine, mode), "ask", question=QUESTION)
    assert not result.is_error and result.structured_content
    told = result.structured_content
    assert told["answer"] == "Pretraining takes 1.5x less time on average [1]." and told["answered"]
    [cited] = told["citations"]
    assert (cited["number"], cited["paper_id"]) == (1, COMPOST)
    paper = engine.paper(COMPOST)
    assert paper and paper.abstract[cited["start"] : cited["end"]] == cited["quote"]
    assert told["claims"] == [
        {"text": "Pretraining takes 1.5x less time on average.", "citations": [1], "support": "unverified"}
    ]
    assert text_of(result) == (
        "Pretraining takes 1.5x less time on average [1].\n\nReferences\n\n"
        f"1. **Compost: Reusing Old Checkpoints for Pretraining** ({COMPOST})\n"
        "   “On average, pretraining takes 1.5x less time.”"
    )


def test_what_every_tool_gives_fits_the_schema_that_it_told(engine: Engine) -> None:
    calls: dict[str, dict[str, Any]] = {
        "ask": {"question": QUESTION},
        "find_papers": {"request": "pruning"},
        "get_paper": {"paper_id": COMPOST, "similar": 2},
        "list_topics": {},
    }

    validate: Any = importlib.import_module("jsonschema").validate

    async def look(client: Client) -> None:
        for tool in (await client.list_tools()).tools:
            result = await client.call_tool(tool.name, calls[tool.name])
            assert tool.output_schema
            validate(result.structured_content, tool.output_schema)

    seen(in_memory(engine), look)


def test_what_the_papers_do_not_say_is_no_error(engine: Engine) -> None:
    result = called(in_memory(engine), "ask", question="Who won the Zweibrücken chess tournament?")
    told = result.structured_content
    assert not result.is_error and told and not told["answered"] and told["citations"] == [] and told["nearest"]
    assert text_of(result).startswith(f"{CANNOT_ANSWER}\n\nNote: ") and "Nearest papers\n\n1. " in text_of(result)


def test_a_follow_up_leans_on_the_turns_that_come_with_it(engine: Engine) -> None:
    turn = {"question": QUESTION, "answer": "Pretraining takes 1.5x less time on average [1]."}
    told = called(in_memory(engine), "ask", question="And what works best?", earlier=[turn]).structured_content
    assert told and told["searched_for"] == f"{QUESTION} And what works best?"


def test_only_the_papers_that_are_named_may_answer(engine: Engine) -> None:
    told = called(in_memory(engine), "ask", question=QUESTION, within=[COMPOST]).structured_content
    assert told and [paper["paper_id"] for paper in told["nearest"]] == [COMPOST]


def test_papers_are_found_with_the_sentence_that_says_why(engine: Engine) -> None:
    result = called(in_memory(engine), "find_papers", request="pruning methods for convolutional networks", limit=2)
    assert result.structured_content
    first, _ = result.structured_content["papers"]
    assert first["title"] == "A Survey of Pruning in Convolutional Networks"
    assert first["why"] == "This survey compares 80 pruning methods for convolutional networks."
    assert text_of(result).startswith(f"1. {first['title']} ({first['paper_id']})\n   “{first['why']}”\n2. ")


@pytest.mark.parametrize("named", [COMPOST, "Compost: Reusing Old Checkpoints for Pretraining"])
def test_a_paper_is_given_whole_with_bibtex_and_neighbours(engine: Engine, named: str) -> None:
    result = called(in_memory(engine), "get_paper", paper_id=named, similar=3)
    told, paper = result.structured_content, engine.paper(COMPOST)
    assert told and paper and (told["paper_id"], told["abstract"]) == (COMPOST, paper.abstract)
    assert told["bibtex"].startswith("@misc{") and len(told["similar"]) == 3
    assert paper.abstract in text_of(result)


def test_an_arxiv_link_names_a_paper(tmp_path: Path, encoder: HashingEncoder) -> None:
    papers = [Paper("arxiv:2205.05131", "UL2", "UL2 mixes denoisers.", topics=("pretraining",), sources=("ours",))]
    update(tmp_path / "index", papers, encoder)
    with closing(Store.open(tmp_path / "index", encoder)) as store:
        engine = Engine(Settings(), store, encoder, None)
        told = called(in_memory(engine), "get_paper", paper_id="https://arxiv.org/abs/2205.05131v2").structured_content
        topics = called(in_memory(engine), "list_topics")
    assert told and told["title"] == "UL2"
    assert topics.structured_content and topics.structured_content["topics"] == [{"topic": "pretraining", "papers": 1}]
    assert text_of(topics).startswith("1 papers from ours; 1 topics.\n\n- pretraining (1)")


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("ask", {"question": " "}, "The question is blank. Ask something about the papers."),
        ("ask", {"question": QUESTION, "within": ["x"]}, "No paper 'x' in the index."),
        ("find_papers", {"request": "x" * 3000}, "The question has 3000 characters, at most 2000 are taken."),
        ("find_papers", {"request": "pruning", "limit": 0}, "Input should be greater than or equal to 1"),
        ("get_paper", {"paper_id": "x"}, "No paper 'x' in the index. Ids look like arxiv:2205.05131."),
        ("get_paper", {}, "Field required"),
    ],
)
def test_what_an_agent_can_put_right_is_the_error_of_a_tool(
    engine: Engine, tool: str, arguments: dict[str, Any], message: str
) -> None:
    result = called(in_memory(engine), tool, **arguments)
    assert result.is_error and message in text_of(result)


def test_too_many_questions_are_refused_with_the_time_to_wait(store: Store, encoder: HashingEncoder) -> None:
    writer = HeldWriter("Pretraining takes 1.5x less time on average. ", "Averaging five ", "checkpoints works best.")
    engine = Engine(Settings(), store, encoder, writer)

    async def look(client: Client) -> tuple[CallToolResult, CallToolResult]:
        first = asyncio.ensure_future(client.call_tool("ask", {"question": QUESTION}))
        await asyncio.to_thread(writer.begun.wait, 30)
        second = await client.call_tool("ask", {"question": QUESTION})
        writer.go.set()
        return await first, second

    first, second = seen(in_memory(engine, admission=Admission(1, 0)), look)
    assert not first.is_error
    assert second.is_error and "Ask again in" in text_of(second)


def test_progress_is_told_while_an_answer_is_written(engine: Engine) -> None:
    told: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    with serving(engine) as url:

        async def look() -> None:
            async with over_http(url) as client:
                await client.call_tool("ask", {"question": QUESTION}, progress_callback=note)

        asyncio.run(look())
    assert told == [(1.0, "8 papers found"), (2.0, "1 sentence checked")]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_tools_are_served_beside_the_page(engine: Engine, mode: str) -> None:
    async def look(url: str) -> tuple[list[str], CallToolResult]:
        async with over_http(url, mode) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            return names, await client.call_tool("ask", {"question": QUESTION})

    with serving(engine) as url:
        names, result = asyncio.run(look(url))
        page = httpx.get(url, trust_env=False)
        slashed = httpx.post(f"{url}/mcp/", json={}, trust_env=False)
    assert sorted(names) == TOOLS
    assert result.structured_content and result.structured_content["citations"][0]["paper_id"] == COMPOST
    assert page.status_code == 200 and "gradio" in page.text
    assert slashed.status_code in (400, 406) and slashed.json()["jsonrpc"] == "2.0"


def test_a_page_of_another_site_does_not_reach_the_tools(engine: Engine) -> None:
    with serving(engine) as url:
        by_name = httpx.post(f"{url}/mcp", json={}, headers={"Host": "evil.example"}, trust_env=False)
        by_page = httpx.post(f"{url}/mcp", json={}, headers={"Origin": "https://evil.example"}, trust_env=False)
    assert (by_name.status_code, by_page.status_code) == (421, 403)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_call_that_is_given_up_ends_the_answer(store: Store, encoder: HashingEncoder, mode: str) -> None:
    writer = HeldWriter("Pretraining takes 1.5x less time on average. ", "Averaging five ", "checkpoints works best.")
    engine = Engine(Settings(), store, encoder, writer)

    async def give_up(url: str) -> None:
        async with over_http(url, mode) as client:
            asking = asyncio.ensure_future(client.call_tool("ask", {"question": QUESTION}))
            await asyncio.to_thread(writer.begun.wait, 30)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert await asyncio.to_thread(writer.ended.wait, 30)

    with serving(engine) as url:
        asyncio.run(give_up(url))


def test_logging_stays_as_it_was(engine: Engine) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    root.handlers[:] = []
    try:
        in_memory(engine)
        assert root.handlers == []
    finally:
        root.handlers[:] = before


def parameters(*arguments: str) -> StdioServerParameters:
    ours = {name: value for name, value in os.environ.items() if name.startswith("PAPERCHAT_")}
    command = ["-c", "from ui.cli import main; main()", "mcp", "--model", "none", "--offline", *arguments]
    return StdioServerParameters(command=sys.executable, args=command, env=ours, cwd=Path(__file__).parents[1])


@pytest.fixture
def real_index(papers: list[Paper], tmp_path: Path) -> Iterator[Path]:
    try:
        encoder = SentenceEncoder.from_name("all-MiniLM-L6-v2", offline=True)
    except ModelError as error:
        pytest.skip(str(error))
    update(tmp_path / "index", papers, encoder)
    yield tmp_path / "index"


@pytest.mark.model
def test_a_subprocess_serves_the_tools_over_its_pipes(real_index: Path) -> None:
    async def look(client: Client) -> tuple[list[str], CallToolResult]:
        names = [tool.name for tool in (await client.list_tools()).tools]
        return names, await client.call_tool("ask", {"question": QUESTION})

    names, result = seen(Client(parameters("--index", str(real_index))), look)
    assert sorted(names) == TOOLS
    assert result.structured_content and result.structured_content["citations"][0]["paper_id"] == COMPOST
    assert "“On average, pretraining takes 1.5x less time.” [1]" in text_of(result)


@pytest.mark.model
def test_nothing_but_the_protocol_is_on_stdout(real_index: Path) -> None:
    given = parameters("--index", str(real_index))

    async def talk() -> tuple[bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            given.command,
            *given.args,
            cwd=given.cwd,
            env={**os.environ, **(given.env or {})},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdin and process.stdout
        process.stdin.write(
            b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",'
            b'"capabilities":{},"clientInfo":{"name":"test","version":"1"}}}\n'
            b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
            b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"find_papers",'
            b'"arguments":{"request":"pruning"}}}\n'
        )
        lines = [await process.stdout.readline() for _ in range(2)]
        process.stdin.close()
        out, err = await process.communicate()
        assert process.returncode == 0
        return b"".join([*lines, out]), err

    out, err = asyncio.run(talk())
    assert [line.startswith(b'{"jsonrpc":"2.0","id":') for line in out.splitlines()] == [True, True]
    assert b"Traceback" not in err


def test_a_missing_index_is_one_clear_line(tmp_path: Path) -> None:
    given = parameters("--index", str(tmp_path / "nowhere"))

    async def start() -> tuple[int | None, bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            given.command,
            *given.args,
            cwd=given.cwd,
            env={**os.environ, **(given.env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out, err

    code, out, err = asyncio.run(start())
    assert (code, out) == (1, b"")
    assert err.startswith(b"Error: ") and err.count(b"\n") == 1
