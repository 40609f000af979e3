"""A question in, what it takes for granted out.

"Why does A beat B?" takes for granted that it does. Small language models repeat that, whatever the abstract says; so a
sentence that repeats it is not taken from them: the abstract's own sentence stands in its place.
"""

import re
from collections.abc import Sequence

from index.words import tokenize

ECHOES = 0.6
"""Share of the question's words from which on a sentence repeats it."""

_ASSUMES = re.compile(
    r"\bwhy (?!not\b|should\b|would\b|use\b)|\bhow come\b"
    r"|\bwhat (?:makes?|made|explains?|explained|causes?|caused|leads?|led)\b"
    r"|^(?:since|given that|because|now that)\b|\bhow (?:did|does|do|could) [^?]{0,60}\b(?:manage|succeed|come) to\b"
    r"|\bby how much\b",
    re.I,
)


def assumes(question: str) -> bool:
    """Tell whether a question takes something for granted: it asks why or by how much, or says "since …".

    >>> assumes("Why does DPO beat PPO on math?"), assumes("Does DPO beat PPO on math?")
    (True, False)
    """
    return bool(_ASSUMES.search(question))


def echoes(sentence: str, question: str) -> bool:
    """Tell whether a sentence repeats most of what a question says."""
    return _share(tokenize(question), tokenize(sentence)) >= ECHOES


def _share(words: Sequence[str], there: Sequence[str]) -> float:
    return len(set(words) & set(there)) / len(set(words)) if words else 0.0
