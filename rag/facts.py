"""Finds the quantities of a text: numbers with their units, in whatever spelling."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from index.words import DASHES

PERCENT, TIMES, PLAIN = "%", "x", ""
_SCALES = {
    **dict.fromkeys(("k", "thousand"), 10**3),
    **dict.fromkeys(("m", "million", "mn"), 10**6),
    **dict.fromkeys(("b", "bn", "billion"), 10**9),
    **dict.fromkeys(("t", "trillion"), 10**12),
    **dict.fromkeys(("hundred",), 100),
}
_SPELT = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "dozen": 12}
_VAGUE = {"zero", "one"}
"""Rarely counts: "one of", "zero-shot"; taken only with a unit behind it."""
_WHOLE = {
    **dict.fromkeys(("twice", "double", "doubles", "doubled", "doubling"), ("2", TIMES)),
    **dict.fromkeys(("thrice", "triple", "triples", "tripled", "tripling"), ("3", TIMES)),
    **dict.fromkeys(("quadruple", "quadruples", "quadrupled", "quadrupling"), ("4", TIMES)),
    **dict.fromkeys(("half", "halve", "halves", "halved", "halving"), ("50", PERCENT)),
}
_FRACTIONS = {"third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10, "hundredth": 100}
_WORDS = "|".join(sorted(_SPELT, key=len, reverse=True))
_SCALE = r"(?P<scale>(?<=\d)[kKMBT](?![A-Za-z\d])|[ -]?(?:hundred|thousand|million|billion|trillion|bn)\b)"
_PART = r"third|quarter|fifth|sixth|eighth|tenth|hundredth"
_UNIT = (
    r"(?P<unit>\s?%|[ -]?(?:percent(?:age)?(?:[ -]points?)?|per cent|pp)\b"
    r"|\s?×|x\b|[ -]?(?:times|fold|factors?)\b)"
)
_QUANTITY = re.compile(
    rf"(?<![A-Za-z\d.,])(?P<digits>\d+(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?(?:e-?\d{{1,3}}(?!\d))?|\.\d+)(?:{_SCALE})?(?:{_UNIT})?"
    rf"|\b(?:an?(?= \w+ (?:of|the)\b)|one|two|three|four) (?P<fraction>{_PART})s?\b"
    rf"|\b(?P<word>{_WORDS})(?:[ -](?P<more>{_WORDS}))?(?:{_SCALE.replace('scale', 'scale2')})?"
    rf"(?:{_UNIT.replace('<unit', '<unit2')}|(?P<fold>fold)\b)?(?![A-Za-z])"
    r"|\b(?P<a>half )?an? (?P<scale3>hundred|thousand|million|billion|trillion|dozen)\b"
    r"|\b(?P<whole>" + "|".join(sorted(_WHOLE, key=len, reverse=True)) + r")\b(?!-)",
    re.I,
)
_NAMED = re.compile(r"[A-Z][\w.]{0,40}-$")
_BEFORE = 50  # characters that those two look at
_FACTOR = re.compile(r"\bfactors? (?:of|from|between)(?: about| around| roughly| up to)? $", re.I)
_JOINT = re.compile(r"^\s?(?:-|to|up to|and|or|through|,)\s?(?:over |about |even )?$")

_SCORE = 20
"""A whole number without a unit that may be a percentage: most counts are smaller."""


@dataclass(frozen=True)
class Quantity:
    """A number of a text.

    Attributes:
        value: In one spelling: 1,000, 1k and a thousand are "1000".
        unit: `PERCENT`, `TIMES` or `PLAIN`.
        start: Where it starts in the text.
        end: Where it ends.
    """

    value: str
    unit: str
    start: int
    end: int

    def stands_for(self, other: "Quantity") -> bool:
        """Tell whether it may be said where a paper has the other.

        A percentage is no multiple, a count neither; a score may be given as a percentage, "two tasks" may not.
        """
        if self.value != other.value or self.unit == other.unit:
            return self.value == other.value
        return TIMES not in (self.unit, other.unit) and ("." in self.value or Decimal(self.value) >= _SCORE)


def numbers(text: str) -> set[str]:
    """Return the numbers of a text in one spelling, without their units.

    >>> sorted(numbers("1,000 jobs, 0.50 points, two stages, half a million"))
    ['0.5', '1000', '2', '500000']
    """
    return {quantity.value for quantity in quantities(text)}


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the numbers of a text with their units, in order.

    >>> [(q.value, q.unit) for q in quantities("2-10x, 50 percent, twice, a fifth of, 0.5M, GPT-4")]
    [('2', 'x'), ('10', 'x'), ('50', '%'), ('2', 'x'), ('20', '%'), ('500000', '')]
    """
    text = DASHES.sub("-", text)
    found = [quantity for match in _QUANTITY.finditer(text) if (quantity := _read(match, text))]
    for at in reversed(range(len(found) - 1)):  # "2 to 10 times": the unit of the last is that of all
        first, second = found[at : at + 2]
        if first.unit == PLAIN and second.unit != PLAIN and _JOINT.match(text[first.end : second.start]):
            found[at] = replace(first, unit=second.unit)
        elif second.unit == PLAIN and first.unit == TIMES and _JOINT.match(text[first.end : second.start]):
            found[at + 1] = replace(second, unit=first.unit)
    return tuple(found)


def _read(match: re.Match[str], text: str) -> Quantity | None:
    """Return what a match stands for, None for digits that belong to a name and for a vague "one"."""
    group = match.groupdict()
    start, end = match.span()
    if group["digits"]:
        bare = not group["unit"] and not group["scale"]
        before = text[max(0, start - _BEFORE) : start]
        if _NAMED.search(before) or (bare and re.match(r"[A-Za-z]", text[end : end + 1])):
            return None
        value = _scaled(group["digits"].replace(",", ""), group["scale"])
        unit = _unit(group["unit"]) or (TIMES if _FACTOR.search(before) else PLAIN)
        return Quantity(value, unit, start, end)
    if group["word"]:
        word = group["word"].casefold()
        unit = _unit(group["unit2"] or group["fold"])
        if word in _VAGUE and not unit and not group["scale2"]:
            return None
        number = _SPELT[word] + (_SPELT[group["more"].casefold()] if group["more"] and _SPELT[word] >= 20 else 0)
        return Quantity(_scaled(str(number), group["scale2"]), unit, start, end)
    if group["scale3"]:
        if group["scale3"].casefold() == "dozen":
            return Quantity("6" if group["a"] else "12", PLAIN, start, end)
        return Quantity(_scaled(".5" if group["a"] else "1", group["scale3"]), PLAIN, start, end)
    if group["fraction"]:
        times = {"two": 2, "three": 3, "four": 4}.get(match[0].split()[0].casefold(), 1)
        return Quantity(str(100 * times // _FRACTIONS[group["fraction"].casefold()]), PERCENT, start, end)
    value, unit = _WHOLE[group["whole"].casefold()]
    return Quantity(value, unit, start, end)


def _unit(spelt: str | None) -> str:
    if not spelt:
        return PLAIN
    return PERCENT if "%" in spelt or "per" in spelt.casefold() or "pp" in spelt.casefold() else TIMES


def _scaled(digits: str, scale: str | None) -> str:
    """Return digits times a scale in one spelling."""
    try:
        value = Decimal(digits) * _SCALES.get((scale or "").strip(" -").casefold(), 1)
    except ArithmeticError:  # pragma: no cover - the pattern lets only digits through
        return digits
    return format(value.normalize(), "f")
