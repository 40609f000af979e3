"""Questions in, checked answers out.

The promise to callers ends at `__all__`.
"""

from index.errors import UserError
from index.papers import Paper
from index.vectors import Encoder
from rag.answer import CANNOT_ANSWER, Answer, Citation, Match, Quote, Sentence, Timings, Turn
from rag.engine import Engine
from rag.filters import Filter
from rag.inforce import InForce
from rag.lists import PaperList
from rag.settings import Settings
from rag.status import Status

__all__ = [
    "CANNOT_ANSWER",
    "Answer",
    "Citation",
    "Encoder",
    "Engine",
    "Filter",
    "InForce",
    "Match",
    "Paper",
    "PaperList",
    "Quote",
    "Sentence",
    "Settings",
    "Status",
    "Timings",
    "Turn",
    "UserError",
]
