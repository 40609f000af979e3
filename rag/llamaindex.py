"""An `Engine` in, what LlamaIndex calls a retriever and a query engine out, to be used in a pipeline of one's own.

A node is a paper: its id is the paper's, its text the abstract, and its metadata say the rest, in flat text, as the
vector stores of LlamaIndex want it (several names are joined by "; "). Importing this module
imports LlamaIndex; `Engine.as_retriever` and `Engine.as_query_engine` do that when they are called.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Generator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import RESPONSE_TYPE, AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from index.papers import Paper
from rag.answer import Answer, Match, Quote
from rag.filters import Filter

if TYPE_CHECKING:
    from rag.engine import Engine

_FOR_MODELS = ("title", "authors", "published")
"""What a language model is shown of a paper beside its abstract."""


class PaperRetriever(BaseRetriever):
    """The papers nearest to a question, best first; `quote` in a node's metadata is its sentence that is nearest."""

    def __init__(
        self, engine: "Engine", limit: int = 10, within: Collection[str] | None = None, filter: Filter | None = None
    ) -> None:
        """Take an engine, how many papers to return, the ids of those to choose from, and what they must be."""
        super().__init__()
        self._engine, self._limit, self._within, self._filter = engine, limit, within, filter

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._engine.search(query_bundle.query_str, self._limit, within=self._within, filter=self._filter)
        return [_found(match) for match in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class PaperQueryEngine(BaseQueryEngine):
    """Answers of which every sentence is checked.

    The text of a response carries the markers `[n]`; `source_nodes[n - 1]` is the paper that `[n]` cites, and `quote`
    in its metadata the sentence that supports it. `metadata` of a response, plain JSON values:

    - `answered`: False where the papers do not say; then there are no source nodes;
    - `citations`: number, paper_id and quote (text, start, end in the abstract) of each;
    - `supports`: for each sentence its text, the numbers that it cites, and its support: "supported", "unverified"
      or "quoted";
    - `note`: what a reader should know about the answer; `writer`: the model;
    - `also_found`: ids of the papers that were found and not cited, best first.

    Those of a streamed response are filled once its text is told to the end. A text is told by whole checked sentences;
    where an answer has to be taken back, a blank line and the whole answer in its place follow.
    """

    def __init__(
        self,
        engine: "Engine",
        streaming: bool = False,
        within: Collection[str] | None = None,
        filter: Filter | None = None,
    ) -> None:
        """Take an engine, whether responses hand out growing text, which papers may answer, and what they must be."""
        super().__init__(callback_manager=None)
        self._engine, self._streaming, self._within, self._filter = engine, streaming, within, filter

    def retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """Return the papers nearest to a question."""
        return PaperRetriever(self._engine, within=self._within, filter=self._filter).retrieve(query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        if not self._streaming:
            return _response(self._engine.ask(query_bundle.query_str, within=self._within, filter=self._filter))
        answers = self._engine.stream(query_bundle.query_str, within=self._within, filter=self._filter)
        next(answers)  # the papers: what is wrong with a question is raised here
        telling = _Telling()
        return StreamingResponse(telling.pieces(answers), telling.nodes, telling.metadata)

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        if not self._streaming:
            return _response(await self._engine.aask(query_bundle.query_str, within=self._within, filter=self._filter))
        answers = self._engine.astream(query_bundle.query_str, within=self._within, filter=self._filter)
        await anext(answers)
        telling = _Telling()
        return AsyncStreamingResponse(telling.apieces(answers), telling.nodes, telling.metadata)


def _response(answer: Answer) -> Response:
    return Response(answer.text, _cited(answer), _metadata(answer))


class _Telling:
    """What of a growing answer was told; `nodes` and `metadata` are filled by the last one."""

    def __init__(self) -> None:
        self.nodes: list[NodeWithScore] = []
        self.metadata: dict[str, Any] = {}
        self._told = ""

    def add(self, answer: Answer) -> str:
        """Return what is sure of an answer and was not told yet."""
        sure = answer.text if answer.done else answer.checked
        if answer.done:
            self.nodes += _cited(answer)
            self.metadata |= _metadata(answer)
        if sure.startswith(self._told):
            new = sure[len(self._told) :]
        else:
            new = f"\n\n{sure}" if answer.done else ""
        self._told += new
        return new

    def pieces(self, answers: Iterator[Answer]) -> Generator[str, None, None]:
        """Yield what each answer adds."""
        for answer in answers:
            if new := self.add(answer):
                yield new

    async def apieces(self, answers: AsyncGenerator[Answer, None]) -> AsyncGenerator[str, None]:
        """Yield what each answer adds, awaiting the answers; leaving ends them."""
        async with aclosing(answers):
            async for answer in answers:
                if new := self.add(answer):
                    yield new


def _cited(answer: Answer) -> list[NodeWithScore]:
    """Return the cited papers in the order of their numbers."""
    scores = {match.paper.id: match.score for match in answer.matches}
    return [_node(each.paper, each.quote, scores.get(each.paper.id), number=each.number) for each in answer.citations]


def _found(match: Match) -> NodeWithScore:
    return _node(match.paper, match.sentences[0] if match.sentences else None, match.score)


def _node(paper: Paper, quote: Quote | None, score: float | None, **more: Any) -> NodeWithScore:  # noqa: ANN401
    metadata = {
        "title": paper.title,
        "authors": "; ".join(paper.authors),
        "published": paper.published or "",
        "paper_id": paper.id,
        "url": paper.url or "",
        "topics": "; ".join(paper.topics),
        "sources": "; ".join(paper.sources),
        "code": "; ".join(paper.code),
        "kind": paper.kind,
        "quote": quote.text if quote else "",
        **more,
    }
    node = TextNode(
        id_=paper.id,
        text=paper.abstract,
        metadata=metadata,
        excluded_llm_metadata_keys=[name for name in metadata if name not in _FOR_MODELS or not metadata[name]],
        excluded_embed_metadata_keys=[name for name in metadata if name != "title"],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=paper.id)},
    )
    return NodeWithScore(node=node, score=score)


def _metadata(answer: Answer) -> dict[str, Any]:
    cited = {citation.paper.id for citation in answer.citations}
    return {
        "answered": answer.answered,
        "citations": [
            {
                "number": each.number,
                "paper_id": each.paper.id,
                "quote": {"text": each.quote.text, "start": each.quote.start, "end": each.quote.end},
            }
            for each in answer.citations
        ],
        "supports": [
            {"text": each.text, "numbers": list(each.numbers), "support": each.support} for each in answer.sentences
        ],
        "note": answer.note,
        "writer": answer.writer,
        "also_found": [match.paper.id for match in answer.matches if match.paper.id not in cited],
    }
