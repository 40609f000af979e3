"""Settings in, an `Engine` out: the only place where the stages meet, and what every face calls."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from index.current import CurrentStore
from index.encoders import as_encoder
from index.errors import UserError
from index.generation import Check
from index.papers import Paper
from index.plain import plain
from index.polite import Progress, update_politely
from index.sources.memory import from_memory
from index.store import Store
from index.update import Update, update
from index.vectors import Encoder, Vectors
from rag import suggest
from rag.answer import Answer, Match, Turn
from rag.asking import Asker
from rag.evidence import matches
from rag.filters import Filter
from rag.finder import Finder
from rag.instructions import InstructionFilter
from rag.inventory import Inventory
from rag.judges import Reader
from rag.listing import Lister
from rag.lists import PaperList
from rag.loader import WriterLoader
from rag.map import Atlas, PaperMap
from rag.models import Models
from rag.ownwriter import as_writer
from rag.remembered import RememberingEncoder
from rag.settings import Settings
from rag.status import Status
from rag.streams import awaited
from rag.writer import Writer

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import LLM

    from rag.llamaindex import PaperQueryEngine, PaperRetriever

Limit = TypeVar("Limit", int, int | None)


class Engine:
    """Opens index and models once, then answers; safe to share between threads.

    >>> with Engine.open("my-index") as engine:  # doctest: +SKIP
    ...     print(engine.ask("What is curriculum learning?").text)
    """

    def __init__(
        self, settings: Settings, store: Store, encoder: Encoder, writer: "Writer | WriterLoader | None"
    ) -> None:
        self._reader = Reader.load()
        self.settings = settings
        self._models = Models(
            encoder, writer if isinstance(writer, WriterLoader) else WriterLoader.of(writer, settings)
        )
        self._store = CurrentStore(store, encoder)
        self._finder = Finder(self._store, encoder, settings)
        self._sentences = RememberingEncoder(encoder)
        instructions = InstructionFilter(self._sentences)
        self._asker = Asker(settings, self._models, self._finder, self._reader, self._sentences, instructions)
        self._lister = Lister(self._finder, self._reader, instructions)
        self._atlas = Atlas()
        self._remove: Callable[[], object] = lambda: None  # a temporary index

    @classmethod
    def open(
        cls,
        index: str | Path | None = None,
        *,
        encoder: "str | Encoder | BaseEmbedding | None" = None,
        llm: "LLM | None" = None,
        background: bool = False,
        **settings: Any,  # noqa: ANN401
    ) -> "Engine":
        """Open an index and load the models.

        Args:
            index: Folder of the index; the default one when not given.
            encoder: What made the vectors of the index: the name of a model, any object of the `Encoder` protocol, or
                a LlamaIndex `BaseEmbedding`; that of the settings when not given.
            llm: A LlamaIndex `LLM` that writes the answers, in the place of the model that the settings name.
            background: Return before the models are loaded; the first question waits for the embedding model, and until
                the language model is there, answers are extractive and say so.
            settings: Any field of `Settings`.

        Returns:
            An engine that is safe to share between threads; close it, or use it in a `with` statement.

        Raises:
            UserError: There is no such index, it does not fit the settings, the embedding model cannot be had, or the
                files of the reader are damaged. A language model that cannot be had is no error: answers are then
                extractive and say why.
            TypeError, ValueError: `encoder` or `llm` is none.
        """
        chosen, maker = _chosen(encoder, index=index, **settings)
        return cls._started(chosen, maker, llm, background)

    @classmethod
    def from_papers(
        cls,
        papers: Iterable[Paper | Mapping[str, Any]],
        *,
        encoder: "str | Encoder | BaseEmbedding | None" = None,
        llm: "LLM | None" = None,
        **settings: Any,  # noqa: ANN401
    ) -> "Engine":
        """Open an engine over papers of your own, without an index on disk that stays.

        What is built lies in a temporary folder that `close`, or the end of the program, removes; no index of yours is
        read or written.

        Args:
            papers: `Paper`s, or dicts with the fields of a line of JSON: title, abstract and, where known, authors,
                published, arxiv, doi, url, code, topics. The same paper twice becomes one.
            encoder: As in `open`.
            llm: As in `open`.
            settings: Any field of `Settings` but `index` and `store`.

        Raises:
            UserError: One of them is no paper (the message names it), there is none, or the embedding model cannot be
                had.
            TypeError, ValueError: `encoder` or `llm` is none.
        """
        own = from_memory(papers)
        folder = Path(tempfile.mkdtemp(prefix="paperchat-"))
        try:
            chosen, maker = _chosen(encoder, **{**settings, "index": folder, "store": ""})
            update(folder, own, maker)
            engine = cls._started(chosen, maker, llm)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        engine._remove = weakref.finalize(engine, shutil.rmtree, folder, ignore_errors=True)
        return engine

    @classmethod
    def _started(cls, settings: Settings, encoder: Encoder, llm: "LLM | None", background: bool = False) -> "Engine":
        """Return an engine whose models are loaded, or are being loaded in the background."""
        loader = (
            WriterLoader.named(settings, warm=background) if llm is None else WriterLoader.of(as_writer(llm), settings)
        )
        engine = cls(settings, Store.open(settings.index_folder, encoder, settings.server), encoder, loader)
        engine._models.start()
        if not background:
            engine.wait()
        return engine

    def wait(self) -> None:
        """Return once the language model is loaded and has read what all prompts begin with, or has failed."""
        self._models.wait()

    def close(self) -> None:
        """Let go of the index's files; an index that is temporary is removed."""
        self._store.close()
        self._remove()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def status(self) -> Status:
        """Say what is in the index and which models are at work."""
        store, loader = self._store.get(), self._models.loader
        sources = filter(None, store.counts().get("source", {}))
        name = loader.writer.name if loader.writer else self.settings.model
        generation = store.manifest.generation
        return Status(len(store.papers), tuple(sources), self._models.encoder.name, name, loader.state, generation)

    def examples(self, limit: int = 4) -> list[str]:
        """Return questions that the index can answer: a list on its commonest topic, and about named methods."""
        store = self._store.get()
        return suggest.examples(store.papers, store.counts().get("category", {}), limit)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(n, dim)`, one row of length 1 for each text."""
        return self._models.ready_encoder().encode(list(texts))

    def search(
        self,
        question: str,
        limit: int = 10,
        *,
        within: Collection[str] | None = None,
        filter: Filter | None = None,
    ) -> list[Match]:
        """Return the papers nearest to a question, best first, each with its sentences, likeliest to answer first.

        Args:
            question: What they should be about; words such as "since 2024" are searched for as they are.
            limit: How many.
            within: Ids of the papers to choose from; None takes all.
            filter: What the papers must be; None takes all.

        Raises:
            UserError: The question is blank or too long, or no paper of `within` is in the index.
        """
        asked = self._checked(question)
        narrow = self._finder.narrow(asked, given=filter, as_asked=True) if filter else None
        found = self._finder.find(asked, _positive(limit), within=within, narrow=narrow)
        ranked = self._finder.ordered(found.ranked, narrow) if narrow else found.ranked
        return matches(self._reader, asked, ranked)

    def as_retriever(
        self, limit: int = 10, *, within: Collection[str] | None = None, filter: Filter | None = None
    ) -> "PaperRetriever":
        """Return this engine's search as a LlamaIndex retriever.

        Args:
            limit: Papers that it returns for a question.
            within: Ids of the papers to choose from; None takes all.
            filter: What the papers must be; None takes all.

        Returns:
            A `BaseRetriever` whose nodes are papers; what `search` raises, it raises too.

        Raises:
            ValueError: `limit` is below 1.
        """
        from rag.llamaindex import PaperRetriever

        return PaperRetriever(self, _positive(limit), within, filter)

    def as_query_engine(
        self, *, streaming: bool = False, within: Collection[str] | None = None, filter: Filter | None = None
    ) -> "PaperQueryEngine":
        """Return this engine as a LlamaIndex query engine.

        Args:
            streaming: Its response hands out the answer while it grows, sentence by checked sentence.
            within: Ids of the papers that may answer; None takes all.
            filter: What the papers must be; comes before what a question says, kind by kind.

        Returns:
            A `BaseQueryEngine` whose source nodes are the cited papers; what `ask` raises, it raises too.
        """
        from rag.llamaindex import PaperQueryEngine

        return PaperQueryEngine(self, streaming, within, filter)

    def paper(self, paper_id: str) -> Paper | None:
        """Return the paper of an id, None where the index has none."""
        return self._store.get().paper(paper_id)

    def topics(self) -> list[tuple[str, int]]:
        """Return the topics of the index and how many papers have each, the commonest first."""
        counts = self._store.get().counts().get("category", {})
        return sorted(((name, count) for name, count in counts.items() if name), key=lambda each: (-each[1], each[0]))

    def filter_of(self, words: str) -> Filter:
        """Return the filter that words such as "since 2024, by Hinton" say; an empty one where they say none."""
        return self._finder.narrow(words).filter

    def inventory(self) -> Inventory:
        """Return how many papers the index holds, of which source, topic and year, and when it was last updated."""
        return Inventory.of(self._store.get())

    def map(self) -> PaperMap:
        """Return the map of all papers; made once for each state of the index, which takes seconds, then kept."""
        return self._atlas.map_of(self._store.get())

    def add(
        self,
        papers: Sequence[Paper],
        progress: Progress = lambda done, total: None,
        check: Check = lambda last: None,
        *,
        keep: bool = False,
    ) -> Update:
        """Add papers to the index, or bring those that it has up to date, while others go on asking.

        Args:
            papers: Those with an id of the index take the place of what the same source said before, unless they are
                trusted less (`Paper.uploaded`).
            progress: Called with texts embedded so far, and in all (None until known). What it raises ends the update:
                the index stays as it was, and what was embedded is kept for the next time.
            check: Called between all other steps with False, and with True right before the new index takes the old
                one's place. What it raises ends the update too.
            keep: Leave papers as they are of which `papers` say another abstract.

        Raises:
            StoreError: Another process is writing the index, or its folder cannot be written.
        """
        store = self._store.get()
        encoder = self._models.ready_encoder()
        return update_politely(store.folder, papers, encoder, progress, store.server, check, keep)

    def similar(self, paper_id: str, limit: int = 10) -> list[Match]:
        """Return the papers nearest to one by their vectors, nearest first, their sentences as they answer its title.

        Raises:
            UserError: The index has no such paper.
        """
        self._models.ready_encoder()
        paper, ranked = self._finder.like(paper_id, _positive(limit))
        return matches(self._reader, paper.title, ranked)

    def papers(
        self, request: str, limit: int | None = None, *, filter: Filter | None = None, as_asked: bool = False
    ) -> PaperList:
        """Return the papers on a topic, best first, each with the sentence that says why.

        Where newest come first, those that belong on the list do; without a topic ("papers by Hinton since 2020") it
        holds the newest that pass the filter.

        Args:
            request: What they should be about; "since 2024" and the like are taken for a filter.
            limit: How many; None lets the list end where relevance does.
            filter: What the papers must be; comes before what the request says, kind by kind.
            as_asked: Take nothing of the request for a filter.

        Raises:
            UserError: The request is blank or too long.
        """
        return self._lister.papers(request, self._checked(request), _positive(limit), filter, as_asked)

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        within: Collection[str] | None = None,
        filter: Filter | None = None,
        as_asked: bool = False,
    ) -> Answer:
        """Return the whole answer to a question; arguments and errors are those of `stream`."""
        *_, last = self.stream(question, history, within=within, filter=filter, as_asked=as_asked)
        return last

    async def aask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        within: Collection[str] | None = None,
        filter: Filter | None = None,
        as_asked: bool = False,
    ) -> Answer:
        """Return what `ask` returns, while the event loop goes on."""
        async for answer in self.astream(question, history, within=within, filter=filter, as_asked=as_asked):
            last = answer
        return last

    async def astream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        within: Collection[str] | None = None,
        filter: Filter | None = None,
        as_asked: bool = False,
    ) -> AsyncGenerator[Answer, None]:
        """Yield what `stream` yields, while the event loop goes on; leaving the iterator ends the answer."""
        cancel = threading.Event()

        def growing() -> Iterator[Answer]:
            return self.stream(question, history, cancel=cancel, within=within, filter=filter, as_asked=as_asked)

        async with aclosing(awaited(growing, cancel)) as answers:
            async for answer in answers:
                yield answer

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        cancel: threading.Event | None = None,
        within: Collection[str] | None = None,
        filter: Filter | None = None,
        as_asked: bool = False,
    ) -> Iterator[Answer]:
        """Yield the growing answer: first the papers, then text, sentence by sentence checked; the last has `done`.

        Where newest come first, so do those of the papers found that belong to the question: the answer leans on them.

        Args:
            question: Of a person; "since 2024", "by Hinton" and the like are taken for a filter, which is named.
            history: Earlier turns, oldest first; a follow-up is made to stand alone by them. As many characters of
                each question and answer are read as a question may have.
            cancel: When set, the answer ends within a second and keeps what was written.
            within: Ids of the papers that may answer; None takes all.
            filter: What the papers must be; comes before what the question says, kind by kind.
            as_asked: Take nothing of the question for a filter.

        Raises:
            UserError: The question is blank or too long, or no paper of `within` is in the index.
        """
        asked = self._checked(question)
        read = [turn.shortened(self.settings.question_chars) for turn in history]
        yield from self._asker.stream(question, asked, read, cancel, within, filter, as_asked)

    def _checked(self, question: str) -> str:
        """Return a question in one line, once the models are there that it needs."""
        self._models.ready_encoder()
        return self.checked(question)

    def checked(self, question: str) -> str:
        """Return a question, or a request for papers, in one line.

        Raises:
            UserError: It is blank, too long, or no plain text.
        """
        text = " ".join(plain(question, "question").split())
        if not text:
            raise UserError("The question is blank. Ask something about the papers.")
        if len(text) > self.settings.question_chars:
            raise UserError(
                f"The question has {len(text)} characters, at most {self.settings.question_chars} are taken. "
                "Shorten it, or raise PAPERCHAT_QUESTION_CHARS."
            )
        return text


def _chosen(encoder: "str | Encoder | BaseEmbedding | None", **settings: Any) -> tuple[Settings, Encoder]:  # noqa: ANN401
    """Return the settings, and the encoder that is given or that they name."""
    named = encoder if isinstance(encoder, str) else None
    chosen = Settings.load(encoder=named, **settings)
    return chosen, as_encoder(chosen.encoder if encoder is None else encoder, chosen.offline)


def _positive(limit: Limit) -> Limit:
    """Return a limit as it is.

    Raises:
        ValueError: It is below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}, expected at least 1")
    return limit
