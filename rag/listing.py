"""A checked request in, the `PaperList` of the papers that belong on it out."""

from rag.answer import Match
from rag.evidence import matches
from rag.extent import LONGEST, extent
from rag.filters import Filter
from rag.finder import Finder
from rag.instructions import InstructionFilter
from rag.judges import Reader
from rag.lists import PaperList
from rag.refusal import NOTHING_ASKED
from rag.retrieve import LIST_WEIGHTS

NO_TOPIC = "No topic is asked for: the newest come first."
NONE_SQUARELY = "No paper seems to be squarely about that; these come nearest."


class Lister:
    """Makes lists of papers; safe to share between threads."""

    def __init__(self, finder: Finder, reader: Reader, instructions: InstructionFilter) -> None:
        self._finder = finder
        self._reader = reader
        self._instructions = instructions

    def papers(self, request: str, asked: str, limit: int | None, filter: Filter | None, as_asked: bool) -> PaperList:
        """Return the list for `asked`, a request in one line; other arguments are those of `Engine.papers`."""
        part = self._instructions.question_part(asked)
        if not part:
            return PaperList(request, (), NOTHING_ASKED)
        finder, most = self._finder, limit or LONGEST
        narrow = finder.narrow(part, (), filter, as_asked)
        if narrow.topicless(narrow.question):
            newest = tuple(Match(hit.paper, hit.score) for hit in finder.newest_of(narrow, most))
            return PaperList(request, newest, narrow.leaves_none or narrow.note(NO_TOPIC), narrow.in_force)
        reach = max(most, LONGEST) if narrow.filter.newest_first else most
        found = finder.find(narrow.question, reach, LIST_WEIGHTS, narrow=narrow)
        if not found.relevant:
            return PaperList(request, (), narrow.note(finder.none_is_about(narrow)), narrow.in_force)
        end = extent(found.ranked)
        ranked = finder.ordered(found.ranked, narrow)[: limit or end.count]
        note = "" if end.sure else NONE_SQUARELY
        listed = tuple(matches(self._reader, narrow.question, ranked))
        return PaperList(request, listed, narrow.note(note), narrow.in_force)
