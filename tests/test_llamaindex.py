"""The engine in someone else's LlamaIndex pipeline: a real retriever and query engine, with what they promise."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.base_selector import MultiSelection, SelectorResult, SingleSelection
from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.prompts.mixin import PromptDictType
from llama_index.core.query_engine import RetrieverQueryEngine, RouterQueryEngine
from llama_index.core.response_synthesizers import ResponseMode
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
from llama_index.core.selectors import BaseSelector
from llama_index.core.tools import QueryEngineTool, ToolMetadata

from index.errors import UserError
from index.papers import Paper
from rag import CANNOT_ANSWER, Engine, Filter
from tests.conftest import HashingEncoder, ScriptedWriter

QUESTION = "How much less time does pretraining take with Compost?"
SENTENCE = "Pretraining takes 1.5x less time on average."
QUOTE = "On average, pretraining takes 1.5x less time."
"""What the abstract says of it."""


class First(BaseSelector):
    """Chooses the first of some tools, or the one that the question names."""

    def _select(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        named = [at for at, choice in enumerate(choices) if (choice.name or "") in query.query_str]
        return MultiSelection(selections=[SingleSelection(index=(named or [0])[0], reason="named")])

    async def _aselect(self, choices: Sequence[ToolMetadata], query: QueryBundle) -> SelectorResult:
        return self._select(choices, query)

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        return None


def titles(nodes: Sequence[NodeWithScore]) -> list[str]:
    return [found.node.metadata["title"] for found in nodes]


def test_the_retriever_returns_what_search_does(engine: Engine) -> None:
    retriever = engine.as_retriever(limit=3)
    assert isinstance(retriever, BaseRetriever)
    matches, nodes = engine.search(QUESTION, limit=3), retriever.retrieve(QUESTION)
    assert [found.node.node_id for found in nodes] == [match.paper.id for match in matches]
    assert [found.score for found in nodes] == [match.score for match in matches]
    best = nodes[0].node
    assert best.ref_doc_id == best.node_id == best.metadata["paper_id"]
    assert best.get_content() == matches[0].paper.abstract
    assert best.metadata["quote"] == matches[0].sentences[0].text
    assert asyncio.run(retriever.aretrieve(QUESTION)) == nodes


def test_metadata_is_flat_and_a_model_is_shown_the_title_only_where_more_is_not_known() -> None:
    own = {
        "title": "Moss",
        "abstract": "Moss grows on stones.",
        "authors": ["Ada Tide", "Bo Ström"],
        "published": "2024-01-05",
        "arxiv": "2401.01234",
        "topics": ["moss", "stones"],
    }
    with Engine.from_papers(
        [own, {"title": "Fern", "abstract": "Ferns."}], encoder=HashingEncoder(), model="none"
    ) as e:
        moss, fern = (found.node for found in e.as_retriever().retrieve("Does moss grow on stones?"))
    assert moss.metadata == {
        "title": "Moss",
        "authors": "Ada Tide; Bo Ström",
        "published": "2024-01-05",
        "paper_id": "arxiv:2401.01234",
        "url": "https://arxiv.org/abs/2401.01234",
        "topics": "moss; stones",
        "sources": "memory",
        "code": "",
        "kind": "abstract",
        "quote": "Moss grows on stones.",
    }
    assert moss.get_content(MetadataMode.LLM) == (
        "title: Moss\nauthors: Ada Tide; Bo Ström\npublished: 2024-01-05\n\nMoss grows on stones."
    )
    assert fern.get_content(MetadataMode.LLM) == "title: Fern\n\nFerns."
    assert moss.get_content(MetadataMode.EMBED) == "title: Moss\n\nMoss grows on stones."


def test_the_query_engine_answers_as_ask_does(engine: Engine) -> None:
    query_engine = engine.as_query_engine()
    assert isinstance(query_engine, BaseQueryEngine)
    for response in (query_engine.query(QUESTION), asyncio.run(query_engine.aquery(QUESTION))):
        assert isinstance(response, Response)
        assert str(response) == "Pretraining takes 1.5x less time on average [1]."
        (source,) = response.source_nodes
        assert (source.node.metadata["number"], source.node.metadata["quote"]) == (1, QUOTE)
        assert source.score and source.score > 0.5
        metadata = json.loads(json.dumps(response.metadata))
        (citation,) = metadata["citations"]
        quote = citation["quote"]
        assert source.node.get_content()[quote["start"] : quote["end"]] == quote["text"] == QUOTE
        assert citation["paper_id"] == source.node.node_id not in metadata["also_found"]
        assert metadata["supports"] == [{"text": SENTENCE, "numbers": [1], "support": "unverified"}]
        assert (metadata["answered"], metadata["writer"], metadata["note"]) == (True, "scripted", "")


def test_declining_has_no_source_nodes_and_names_what_was_found(engine: Engine) -> None:
    response = engine.as_query_engine().query("Zebra xylophone quiche?")
    assert str(response) == CANNOT_ANSWER
    assert response.source_nodes == [] and response.metadata
    assert response.metadata["answered"] is False and len(response.metadata["also_found"]) == 8


def test_a_streamed_response_tells_checked_sentences_and_then_its_sources(
    engine: Engine, writer: ScriptedWriter
) -> None:
    writer.pieces = ["Pretraining takes 1.5x ", "less time on average. It ", "reaches 99.7% on ImageNet. "]
    writer.pieces += ["Averaging five checkpoints", " works best."]
    response = engine.as_query_engine(streaming=True).query(QUESTION)
    assert isinstance(response, StreamingResponse) and response.source_nodes == []
    pieces = list(response.response_gen)
    assert pieces == ["Pretraining takes 1.5x less time on average [1].", " Averaging five checkpoints works best [1]."]
    assert "".join(pieces) == engine.ask(QUESTION).text
    assert titles(response.source_nodes) == ["Compost: Reusing Old Checkpoints for Pretraining"]
    assert response.metadata and response.metadata["answered"]


def test_a_response_is_streamed_to_those_who_await_it(engine: Engine) -> None:
    async def told() -> tuple[list[str], AsyncStreamingResponse]:
        response = await engine.as_query_engine(streaming=True).aquery(QUESTION)
        assert isinstance(response, AsyncStreamingResponse)
        return [piece async for piece in response.async_response_gen()], response

    pieces, response = asyncio.run(told())
    assert "".join(pieces) == engine.ask(QUESTION).text
    assert response.metadata and response.metadata["answered"] and len(response.source_nodes) == 1


def test_an_answer_that_is_taken_back_is_followed_by_the_one_in_its_place(
    engine: Engine, writer: ScriptedWriter
) -> None:
    writer.pieces = ["Averaging five checkpoints works best. ", "It ", RuntimeError("out of memory")]
    response = engine.as_query_engine(streaming=True).query(QUESTION)
    assert isinstance(response, StreamingResponse)
    first, second = list(response.response_gen)
    assert first == "Averaging five checkpoints works best [1]."
    assert second == f"\n\n{engine.ask(QUESTION).text}"
    assert response.metadata and "out of memory" in response.metadata["note"]


@pytest.mark.parametrize("streaming", [False, True])
def test_what_is_wrong_with_a_question_is_said_when_it_is_asked(engine: Engine, streaming: bool) -> None:
    with pytest.raises(UserError, match="blank"):
        engine.as_query_engine(streaming=streaming).query(" ")
    with pytest.raises(UserError, match="blank"):
        asyncio.run(engine.as_query_engine(streaming=streaming).aquery(" "))
    with pytest.raises(ValueError, match="limit is 0"):
        engine.as_retriever(limit=0)


def test_both_keep_to_the_papers_they_may_take(engine: Engine, papers: list[Paper]) -> None:
    chosen = [paper.id for paper in papers if "Lantern" in paper.title or "Orchard" in paper.title]
    assert {found.node.node_id for found in engine.as_retriever(within=chosen).retrieve(QUESTION)} == set(chosen)
    response = engine.as_query_engine(within=chosen).query("What falls from 14.2 to 11.9 on noisy speech?")
    assert {found.node.node_id for found in response.source_nodes} <= set(chosen)
    assert {found.node.node_id for found in engine.as_query_engine(within=chosen).retrieve(QueryBundle(QUESTION))} == (
        set(chosen)
    )


@pytest.fixture
def dated() -> Iterator[Engine]:
    """Return an engine over three papers on moss, of 2019, 2021 and 2024."""
    told = {"2019": ("stones", "Ada Tide"), "2021": ("bark", "Bo Ström"), "2024": ("roofs", "Ada Tide")}
    own = [
        {"title": f"Moss on {on}", "abstract": f"Moss grows on {on}.", "published": year, "authors": [author]}
        for year, (on, author) in told.items()
    ]
    with Engine.from_papers(own, encoder=HashingEncoder(), model="none") as engine:
        yield engine


def test_both_keep_to_a_filter(dated: Engine) -> None:
    asked, lately = "Where does moss grow?", Filter.of("2020")
    on = ["Moss on bark", "Moss on roofs"]
    assert sorted(titles(dated.as_retriever(filter=lately).retrieve(asked))) == on
    newest = dated.as_retriever(filter=Filter(newest_first=True)).retrieve(asked)
    assert [found.node.metadata["published"] for found in newest] == ["2024", "2021", "2019"]
    query_engine = dated.as_query_engine(filter=lately)
    assert sorted(titles(query_engine.retrieve(QueryBundle(asked)))) == on
    for response in (query_engine.query(asked), asyncio.run(query_engine.aquery(asked))):
        assert response.source_nodes and set(titles(response.source_nodes)) <= set(on)
        assert response.metadata and "Only papers since 2020: 2 of 3." in response.metadata["note"]
    response = query_engine.query("Where does moss grow, in papers by Ada Tide since 2018?")
    assert titles(response.source_nodes) == ["Moss on roofs"]


def test_a_streamed_response_keeps_to_a_filter_and_says_when_nothing_else_is_asked(dated: Engine) -> None:
    query_engine = dated.as_query_engine(streaming=True, filter=Filter.of("2020"))
    response = query_engine.query("Where does moss grow?")
    assert isinstance(response, StreamingResponse)
    assert "stones" not in "".join(response.response_gen) and response.source_nodes
    topicless = query_engine.query("papers by Ada Tide")
    assert isinstance(topicless, StreamingResponse)
    assert "".join(topicless.response_gen) == CANNOT_ANSWER
    assert topicless.metadata and len(topicless.metadata["also_found"]) == 1

    async def told() -> str:
        response = await query_engine.aquery("papers by Ada Tide")
        assert isinstance(response, AsyncStreamingResponse)
        return "".join([piece async for piece in response.async_response_gen()])

    assert asyncio.run(told()) == CANNOT_ANSWER


def test_the_retriever_works_in_a_query_engine_of_llamaindex_with_a_postprocessor(engine: Engine) -> None:
    floor = engine.search(QUESTION, limit=2)[0].score - 0.01
    pipeline = RetrieverQueryEngine.from_args(
        engine.as_retriever(limit=5),
        llm=MockLLM(),  # says what it is asked
        response_mode=ResponseMode.COMPACT,
        text_qa_template=PromptTemplate("{context_str} ? {query_str}"),
        node_postprocessors=[SimilarityPostprocessor(similarity_cutoff=floor)],
    )
    for response in (pipeline.query(QUESTION), asyncio.run(pipeline.aquery(QUESTION))):
        assert titles(response.source_nodes) == ["Compost: Reusing Old Checkpoints for Pretraining"]
        assert str(response).startswith("title: Compost: Reusing Old Checkpoints for Pretraining\n\nCompost starts")
        assert str(response).endswith(f"{QUOTE} ? {QUESTION}")


def test_the_retriever_may_be_fused_with_others_and_each_paper_comes_once(engine: Engine) -> None:
    fused = QueryFusionRetriever(
        [engine.as_retriever(limit=4), engine.as_retriever(limit=2)],
        llm=MockLLM(),
        num_queries=1,
        similarity_top_k=4,
        use_async=False,
    )
    nodes = fused.retrieve(QUESTION)
    assert len({found.node.node_id for found in nodes}) == len(nodes) == 4
    assert titles(nodes)[0].startswith("Compost")


def test_the_query_engine_is_a_tool_and_may_be_routed_to(engine: Engine, papers: list[Paper]) -> None:
    speech = [paper.id for paper in papers if "Speech" in paper.title]
    tools = [
        QueryEngineTool.from_defaults(engine.as_query_engine(), name="papers", description="All papers."),
        QueryEngineTool.from_defaults(engine.as_query_engine(within=speech), name="speech", description="Speech."),
    ]
    output = tools[0].call(QUESTION)
    assert output.content == "Pretraining takes 1.5x less time on average [1]."
    assert isinstance(output.raw_output, Response) and output.raw_output.source_nodes
    router = RouterQueryEngine(selector=First(), query_engine_tools=tools, llm=MockLLM())
    routed: Any = router.query("What speech is in Lantern, and what does it order?")
    assert set(routed.metadata["also_found"]) | {f.node.node_id for f in routed.source_nodes} == set(speech)
