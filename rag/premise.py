"""A question and a sentence of its answer in, whether the sentence only repeats what the question says out.

"Why does A beat B?" takes for granted that it does. Small language models repeat that, whatever the abstract says, and
repeat other questions as if that were an answer; the abstract's own sentences stand in the place of such sentences.
"""

import re

from index.words import tokenize
from rag.facts import numbers

ECHOES = 0.6
"""Share of the question's words from which on a sentence repeats what it takes for granted."""
ADDS_NOTHING = 0.75
"""Share of a sentence's words that are the question's from which on it adds nothing."""

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
    """Tell whether a sentence says little but the question again.

    It does when it adds no number and three quarters of its words are the question's; or when the question takes
    something for granted and 60 % of its words are in the sentence.
    """
    asked, said = set(tokenize(question)), set(tokenize(sentence))
    shared = len(asked & said)
    if assumes(question) and shared >= ECHOES * len(asked) > 0:
        return True
    return shared >= ADDS_NOTHING * len(said) > 0 and not numbers(sentence) - numbers(question)
