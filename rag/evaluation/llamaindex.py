"""Papers, our encoder and our language model in, what LlamaIndex makes of them out of the box out.

`VectorStoreIndex` and `CitationQueryEngine` with their defaults. What a document is was ours to choose: title and
abstract are one text, so that the model sees titles (as metadata it would not). The language model is not told of
earlier questions: a follow-up is asked as the one question that our rules make of it.
"""

import re
import threading
import time
from collections.abc import Sequence
from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from llama_index.core.query_engine import CitationQueryEngine
from pydantic import PrivateAttr

from index.chunks import sentences
from index.papers import Paper
from index.vectors import Encoder
from rag.answer import Timings
from rag.evaluation.cases import Case
from rag.evaluation.said import MARKER, Said, Statement
from rag.evaluation.searchers import DEPTH, paper_text
from rag.writer import Message, Writer

NAME = "LlamaIndex"
_CITES = re.compile(r"[\[(]?\bsources?:?\s*(\d+)(?:\s*(?:,|and|&)\s*(\d+))*[\])]?|\[(\d+)(?:\s*,\s*\d+)+\]", re.I)
_LATE = re.compile(r"([.!?])((?:\s*\[\d+\])+)")
_REFUSES = re.compile(
    r"\b(?:sources?|text|papers?|context|information|documents?)\b[^.]{0,60}?"
    r"\b(?:do(?:es)? not|don't|doesn't|cannot|no)\b"
    r"|\bnone of the\b|\bno (?:\w+ ){0,2}information\b|\bnot (?:\w+ )?(?:provided|mentioned|specified|helpful|stated)\b"
    r"|^empty response$",
    re.I,
)


class LlamaIndex:
    """Papers as LlamaIndex keeps and searches them, in memory."""

    def __init__(self, papers: Sequence[Paper], encoder: Encoder) -> None:
        self.papers = papers
        documents = [Document(text=paper_text(paper), id_=paper.id) for paper in papers]
        self.index = VectorStoreIndex.from_documents(documents, embed_model=_Embedding(encoder))
        self._retriever = self.index.as_retriever(similarity_top_k=DEPTH)

    def search(self, question: str) -> list[str]:
        """Return the ids of the papers that its retriever finds, best first; a paper of several chunks counts once."""
        return list(dict.fromkeys(str(found.node.ref_doc_id) for found in self._retriever.retrieve(question)))


class CitationAnswers:
    """LlamaIndex's `CitationQueryEngine` as what answers cases."""

    def __init__(self, papers: LlamaIndex, writer: Writer) -> None:
        self._papers = {paper.id: paper for paper in papers.papers}
        self._llm = _Llm(writer)
        self._engine = CitationQueryEngine.from_args(papers.index, llm=self._llm)

    def __call__(self, case: Case) -> Said:
        """Return its answer; the numbers that it cites are those of its sources, which are chunks."""
        self._llm.read = self._llm.written = 0
        started = time.monotonic()
        response: Any = self._engine.query(case.standalone)
        total_s = time.monotonic() - started
        ids = [str(found.node.ref_doc_id) for found in response.source_nodes]
        timings = Timings(total_s=total_s, prompt_tokens=self._llm.read, answer_tokens=self._llm.written)
        return self._said(str(response).strip(), ids, timings)

    def _said(self, text: str, ids: Sequence[str], timings: Timings) -> Said:
        marked = _LATE.sub(r"\2\1", _CITES.sub(_plain_markers, text))
        statements = tuple(Statement(MARKER.sub("", span.text), _cited(span.text, ids)) for span in sentences(marked))
        cited = dict.fromkeys(paper_id for statement in statements for paper_id in statement.papers)
        dangling = sum(not 1 <= int(number) <= len(ids) for number in MARKER.findall(marked))
        declined = not cited and bool(_REFUSES.search(text))
        detail = {"sources": list(ids), "timings": timings.to_dict()}
        return Said(
            marked, not declined, statements, tuple(self._papers[i] for i in cited), tuple(dict.fromkeys(ids)),
            dangling, timings, True, detail,
        )  # fmt: skip


def _plain_markers(found: re.Match[str]) -> str:
    """Write [1, 2], (Source 1) and the like as [1][2]."""
    return "".join(f"[{number}]" for number in re.findall(r"\d+", found[0]))


def _cited(sentence: str, ids: Sequence[str]) -> tuple[str, ...]:
    numbers = [int(number) for number in MARKER.findall(sentence)]
    return tuple(dict.fromkeys(ids[number - 1] for number in numbers if 1 <= number <= len(ids)))


class _Embedding(BaseEmbedding):
    """Our encoder as LlamaIndex asks for one."""

    _encoder: Encoder = PrivateAttr()

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(model_name=encoder.name)
        self._encoder = encoder

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self._encoder.encode(texts).tolist()
        return rows


class _Llm(CustomLLM):
    """Our language model as LlamaIndex asks for one: a prompt is one message of a person."""

    read: int = 0
    written: int = 0
    _writer: Writer = PrivateAttr()

    def __init__(self, writer: Writer) -> None:
        super().__init__()
        self._writer = writer

    @property
    def metadata(self) -> LLMMetadata:
        """Its name; the sizes are LlamaIndex's own."""
        return LLMMetadata(model_name=self._writer.name)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ANN401
        """Return the answer to a prompt."""
        limit = self.metadata.num_output
        pieces = list(self._writer.write([Message("user", prompt)], limit, threading.Event()))
        self.read += sum(piece.prompt_tokens for piece in pieces)
        self.written += sum(bool(piece.text) for piece in pieces)
        return CompletionResponse(text="".join(piece.text for piece in pieces))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: ANN401
        """Yield the whole answer at once."""
        yield self.complete(prompt, formatted, **kwargs)
