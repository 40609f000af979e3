"""Makes texts that may slow a regular expression down, from what it repeats."""

import re
from collections.abc import Iterator, Sequence
from re import _constants as sre
from re import _parser
from typing import Any

UNITS = [" ", "a-", "a ", "a", "A", "Aa ", "A-", "\n", " \n", "1", "1,", "1-", ",", ", ", ".", ". ", "(", ")", "{", "}"]
UNITS += ["[", "](", "<", "<a ", "</a", "\\", "\\a", "$", "&", "-", "'", "’s ", '"', "`", "*", "_", "=", ":", "@", "#"]
UNITS += ["http://a.", "10.1/", "a.", "by A ", "in 2020 ", "papers ", "and ", "the ", "é", "\x1b["]
_SAMPLES = "a1 -.,:;A_\n!'\"()[]{}<>\\/&é"
_CATEGORY = {
    sre.CATEGORY_DIGIT: "1",
    sre.CATEGORY_NOT_DIGIT: "a -",
    sre.CATEGORY_SPACE: " \n",
    sre.CATEGORY_NOT_SPACE: "a-",
    sre.CATEGORY_WORD: "a1A",
    sre.CATEGORY_NOT_WORD: " -.",
}
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_ENDLESS = 100  # as good as endless
Nodes = Any  # of the parser of `re`, without types


def texts(pattern: "re.Pattern[Any]") -> Sequence[tuple[Any, Any, Any]]:
    """Return (beginning, unit, end) of texts that may slow a pattern down: the unit is to be repeated.

    For each repeat of the pattern the unit is what the repeat matches, or what leads to it as well; the end lets the
    rest of the pattern match or fail. Patterns without an endless repeat are not slowed down by any text.
    """
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    repeats = list(_repeats(list(tree), [""]))
    if not repeats:
        return []
    whole = _samples(list(tree))[:1]
    found = [("", unit, end) for unit in [*UNITS, *whole] for end in ("", "\0")]
    for before, units in repeats:
        found += [(lead, unit, end) for lead in {before, ""} for unit in units for end in ("", "\0")]
        found += [("", before + unit, "\0") for unit in units] + [("", before, "\0")]
    found = [each for each in dict.fromkeys(found) if each[1]]  # the unit repeats something
    if isinstance(pattern.pattern, bytes):
        return [(start.encode(), unit.encode(), end.encode()) for start, unit, end in found]
    return found


def _repeats(nodes: Nodes, before: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield for each endless repeat what leads to it, and what it may repeat."""
    lead = before[0]
    for at, (kind, value) in enumerate(nodes):
        if kind in _REPEATS:
            _, most, body = value
            yield from _repeats(list(body), [lead])
            if most > _ENDLESS:
                units = _samples(list(body))
                yield lead, units + [unit + (_samples(nodes[at + 1 :]) or [""])[0] for unit in units[:1]]
        else:
            for inner in _inner(kind, value):
                yield from _repeats(inner, [lead])
        lead += (_samples([(kind, value)]) or [""])[0]


def _inner(kind: Any, value: Any) -> list[Nodes]:  # noqa: ANN401 - nodes of the parser have no types
    """Return the sequences of nodes that a node other than a repeat contains."""
    if kind is sre.SUBPATTERN:
        return [list(value[3])]
    if kind is sre.BRANCH:
        return [list(each) for each in value[1]]
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return [list(value[1])]
    if kind is sre.ATOMIC_GROUP:
        return [list(value)]
    return []


def _samples(nodes: Nodes, most: int = 4) -> list[str]:
    """Return texts that a sequence of nodes matches, its lookarounds and references left aside."""
    found = [""]
    for kind, value in nodes:
        if kind is sre.LITERAL:
            next_ = [chr(value)]
        elif kind is sre.NOT_LITERAL:
            next_ = [each for each in _SAMPLES if ord(each) != value]
        elif kind is sre.ANY:
            next_ = list("a -")
        elif kind is sre.IN:
            next_ = _of_class(value)
        elif kind in _REPEATS:
            next_ = [each * max(1, min(value[0], 8)) for each in _samples(list(value[2]))] + [""] * (value[0] == 0)
        elif kind in (sre.ASSERT, sre.ASSERT_NOT):
            continue
        else:
            next_ = [each for inner in _inner(kind, value) for each in _samples(inner)] or [""]
        found = [one + other for other in next_[:most] for one in found][:most]
    return list(dict.fromkeys(found))


def _of_class(members: Nodes) -> list[str]:
    """Return a few characters of a class."""
    negated = bool(members) and members[0][0] is sre.NEGATE
    one_of: list[str] = []
    for kind, value in members:
        if kind is sre.LITERAL:
            one_of.append(chr(value))
        elif kind is sre.RANGE:
            one_of.append(chr(value[0]))
        elif kind is sre.CATEGORY:
            one_of.extend(_CATEGORY[value])
    if not negated:
        return one_of
    taken = re.compile("|".join(map(re.escape, one_of)) or "(?!)")
    return [each for each in _SAMPLES if not taken.fullmatch(each)]
