"""A checked question in, growing `Answer`s out: the stages from its words to the last sentence, in their order."""

import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from index.vectors import Encoder
from rag.answer import Answer, Match, Timings, Turn
from rag.clock import Clock
from rag.evidence import gather
from rag.filters import Filter
from rag.finder import SHOWN_PAPERS, Finder
from rag.followup import standalone
from rag.instructions import InstructionFilter
from rag.judges import Reader
from rag.models import Models
from rag.refusal import NOTHING_ASKED
from rag.respond import Responder, declined
from rag.retrieve import Found, Ranked
from rag.settings import Settings

NOT_WHAT = "That says which papers, not what is asked of them. Add what they should say, or ask for the list of them."
"""What a reader is told who asks for nothing but a filter."""


class Asker:
    """Answers questions; safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        models: Models,
        finder: Finder,
        reader: Reader,
        sentences: Encoder,
        instructions: InstructionFilter,
    ) -> None:
        self._settings = settings
        self._models = models
        self._finder = finder
        self._reader = reader
        self._sentences = sentences
        self._instructions = instructions

    def stream(
        self,
        question: str,
        asked: str,
        history: Sequence[Turn],
        cancel: threading.Event | None,
        within: Collection[str] | None,
        filter: Filter | None,
        as_asked: bool,
    ) -> Iterator[Answer]:
        """Yield the growing answer to `asked`, a question in one line; other arguments are those of `Engine.stream`."""
        clock, finder = Clock(), self._finder
        part = self._instructions.question_part(asked)
        narrow = finder.narrow(part, history if part else (), filter, as_asked)
        alone = standalone(narrow.question, narrow.history).strip() if part else asked
        begun = Answer(question, alone, filter=narrow.in_force)
        if part and narrow.topicless(alone):
            newest = finder.newest_of(narrow, SHOWN_PAPERS, within)
            begun = replace(begun, standalone=asked, matches=tuple(Match(hit.paper, hit.score) for hit in newest))
            yield begun
            yield declined(begun, narrow.leaves_none or narrow.note(NOT_WHAT), clock)
            return
        part = narrow.question or alone if part else part
        answer, found = finder.follow(begun, narrow, within)
        ranked = finder.ordered(found.ranked, narrow)
        answer = replace(answer, matches=tuple(Match(hit.paper, hit.score, (), hit.found_by) for hit in ranked))
        answer = replace(answer, timings=Timings(papers_s=clock()))
        yield answer
        if why := NOTHING_ASKED if not part else finder.why_not(answer.standalone, found, narrow):
            yield declined(answer, narrow.note(why), clock)
            return
        for grown in self._answered(answer, part, found, ranked, cancel or threading.Event(), clock):
            yield replace(grown, note=narrow.note(grown.note)) if grown.done else grown

    def _answered(
        self,
        answer: Answer,
        part: str,
        found: Found,
        ranked: Sequence[Ranked],
        cancel: threading.Event,
        clock: Clock,
    ) -> Iterator[Answer]:
        """Yield the answer to what is asked, `part`, from the papers that were found, the first ones first."""
        loader = self._models.loader
        sources = gather(self._reader, answer.standalone, ranked)
        answer = replace(answer, matches=tuple(source.match() for source in sources))
        yield answer
        writer = loader.writer  # before its judge, which is there first
        responder = Responder(self._settings, self._sentences, loader.judge, self._instructions, clock)
        if writer is None:
            yield responder.quoted(answer, sources, loader.reason())
            return
        yield from responder.written(answer, part, sources, writer, cancel)
