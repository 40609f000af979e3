"""A question and the turns before it in, a question that stands alone out. By rule, at no cost."""

import re
from collections.abc import Callable, Sequence
from functools import cache

from index.words import tokenize
from rag.answer import Turn
from rag.names import names

_POINTS_BACK = re.compile(
    r"\b(it(?! true| possible)|its|they|them|their|theirs|he|she|his|her|former|latter|"
    r"(this|that|these|those)(?=\W*$| (paper|work|study|method|model|approach|one|result|dataset))|"
    r"the (same|paper|papers|authors?|work|study|method|approach)|"
    r"the (first|second|third|last|other)( (one|paper|work|study))?)\b",
    re.I,
)
_OPENS = re.compile(
    r"^\s*((and|or|but|so|then|also|what about|how about|what else|why not|how so|how come|really|more|go on)\b|"
    r"(do|does|did|is|are|was|were|would|can|could|has|have)(n['’]t)? (that|this|these|those|they)\b)",
    re.I,
)
_ASKS_DETAIL = re.compile(r"^\s*(\w+ )?(how|which)\b", re.I)
_DEFINES = re.compile(r"^\s*(what|who)(['’]s| is| are) (?!the\b)", re.I)
_ASKS_LIST = re.compile(
    r"^\s*(which|what) (other )?(papers?|works?|studies)\b.* (stud(y|ies)|(is|are) about|covers?|discuss(es)?|"
    r"address(es)?|investigates?|deals? with|looks? at)\b \w",
    re.I,
)
_FEW_WORDS, _SHORT = 2, 5


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Make a follow-up stand alone: put the question that it leans on in front of it.

    A question leans on the one before when it opens with a link ("and …"), points back ("they", "the second one"), or
    asks for a detail in a few words and names nothing new. Otherwise, as where it asks for the papers on a topic, it
    comes back as it is.

    >>> standalone("And for French?", [Turn("BLEU of big-batch training on WMT14 German?", "29.3 [1].")])
    'BLEU of big-batch training on WMT14 German? And for French?'
    >>> standalone("What is UL2?", [Turn("BLEU of big-batch training on WMT14 German?", "29.3 [1].")])
    'What is UL2?'
    """
    words = cache(_words)  # of each turn, which may be looked at once for every later one
    if not history or not leans(question, history, words):
        return question
    before = list(history)
    chain = [before.pop().question]
    while before and leans(chain[0], before, words):
        chain.insert(0, before.pop().question)
    return " ".join([*dict.fromkeys([chain[0], chain[-1]]), question])


def leans(question: str, history: Sequence[Turn], words_of: Callable[[Turn], frozenset[str]] | None = None) -> bool:
    """Tell whether a question needs the turns before it to be understood; `words_of` remembers those of each turn."""
    if _OPENS.match(question) or _points_back(question):
        return True
    if _ASKS_LIST.match(question):
        return False
    earlier = frozenset().union(*map(words_of or _words, history))
    if any(not set(tokenize(name)) <= earlier for name in names(question)):
        return False
    words = len(tokenize(question))
    return (words <= 1 and not _DEFINES.match(question)) or (words <= _SHORT and bool(_ASKS_DETAIL.search(question)))


def _words(turn: Turn) -> frozenset[str]:
    return frozenset(tokenize(f"{turn.question} {turn.answer_text}"))


def _points_back(question: str) -> bool:
    """Tell whether a pronoun points before the question: one that follows a name or several words may not."""
    found = _POINTS_BACK.search(question)
    if not found:
        return False
    before = question[: found.start()]
    return not names(before) and len(tokenize(before)) <= _FEW_WORDS
