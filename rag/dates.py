"""Words for a time in, ISO dates out ("March 2023" is "2023-03"), and back; counting from a date. Knows no clock.

A date is a text, `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; as a number it is YYYYMMDD with 00 for what is not known.
"""

import re
from datetime import date, timedelta
from typing import Literal

Unit = Literal["day", "week", "month", "year", "decade"]

_NAMES = "January February March April May June July August September October November December".split()
_MONTHS = {name[:3].lower(): number for number, name in enumerate(_NAMES, 1)}
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(\d\d?)(?:st|nd|rd|th)?"
YEAR = r"(?:19[5-9]\d|20[0-4]\d)"
DATE = (
    rf"(?:(?:\d{{1,2}}(?:st|nd|rd|th)? )?{_MONTH},? {YEAR}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? {YEAR}"
    rf"|{YEAR}(?:[-/]\d{{1,2}}(?:[-/]\d{{1,2}})?)?)(?![\w-]|[.,]\d)"
)
"""Matches a date as people write it, without regard to case."""

_DAYS: dict[Unit, int] = {"day": 1, "week": 7}
_MONTHS_OF: dict[Unit, int] = {"month": 1, "year": 12, "decade": 120}


def read_date(text: str) -> str | None:
    """Return the ISO date that a text is, None where it is none; 29 February is the end of that month in any year.

    >>> [read_date(text) for text in ("2024", "2024/5", "17 March 2023", "Mar 17, 2023", "2023-13", "soon")]
    ['2024', '2024-05', '2023-03-17', '2023-03-17', None, None]
    """
    text = " ".join(text.split())
    if found := re.fullmatch(r"(\d{4})(?:[-/](\d\d?)(?:[-/](\d\d?))?)?", text):
        year, month, day = (int(part) if part else None for part in found.groups())
    elif named := re.fullmatch(rf"(?:{_DAY} )?({_MONTH})(?: {_DAY})?,? (\d{{4}})", text, re.I):
        year, month = int(named[4]), _MONTHS[named[2][:3].lower()]
        if named[1] and named[3]:
            return None
        day = int(named[1] or named[3]) if named[1] or named[3] else None
    else:
        return None
    if (month, day) == (2, 29):
        return _end(year or 1, 2).isoformat()
    try:
        whole = date(year or 0, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return None
    return whole.isoformat()[: 4 if month is None else 7 if day is None else 10]


def in_words(iso: str) -> str:
    """Return a date as a person reads it.

    >>> in_words("2024"), in_words("2023-03"), in_words("2023-03-17")
    ('2024', 'March 2023', '17 March 2023')
    """
    year, *rest = iso.split("-")
    month = [_NAMES[int(rest[0]) - 1]] if rest else []
    return " ".join([*[str(int(day)) for day in rest[1:]], *month, year])


def number(iso: str, missing: str = "00") -> int:
    """Return YYYYMMDD; what the date does not say is `missing`: "99" gives the end of the year or month.

    >>> number("2024-05"), number("2024", "99")
    (20240500, 20249999)
    """
    return int("".join((iso.split("-") + [missing] * 2)[:3]))


def of_number(value: int) -> str:
    """Return the ISO date of YYYYMMDD, "" for 0.

    >>> of_number(20240500), of_number(20240517), of_number(0)
    ('2024-05', '2024-05-17', '')
    """
    digits = f"{value:08d}"
    parts = [digits[:4], digits[4:6], digits[6:]]
    known = parts[: next((at for at, part in enumerate(parts) if not int(part)), 3)]
    return "-".join(known)


def neighbour(iso: str, step: Literal[-1, 1]) -> str:
    """Return the year, month or day next to one.

    >>> neighbour("2020", -1), neighbour("2023-12", 1), neighbour("2024-03-01", -1)
    ('2019', '2024-01', '2024-02-29')
    """
    year, *rest = (int(part) for part in iso.split("-"))
    if not rest:
        return f"{year + step:04d}"
    if len(rest) == 1:
        return _months_on(year, rest[0], step)
    return (date(year, *rest) + timedelta(days=step)).isoformat()


def back(iso: str, count: int, unit: Unit) -> str:
    """Return the date so long before one, as exact as that is; of a year only, its last month counts.

    >>> back("2024-05-31", 3, "month"), back("2024-05", 2, "year"), back("2024", 6, "month")
    ('2024-02-29', '2022-05', '2024-06')
    """
    year, month, *day = (int(part) for part in (iso if "-" in iso else f"{iso}-12").split("-"))
    if unit in _DAYS:
        last = date(year, month, day[0]) if day else _end(year, month)
        return (last - timedelta(days=count * _DAYS[unit])).isoformat()
    then = _months_on(year, month, -count * _MONTHS_OF[unit])
    if not day:
        return then
    return min(f"{then}-{day[0]:02d}", _end(*(int(part) for part in then.split("-"))).isoformat())


def _months_on(year: int, month: int, step: int) -> str:
    years, months = divmod(12 * year + month - 1 + step, 12)
    return f"{max(years, 1):04d}-{months + 1:02d}"


def _end(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
