"""What a field of a record says in, plain text, names, keywords or a date out. Knows nothing of papers."""

import re
from calendar import monthrange
from typing import Any

from index.sources.text import clean_line

_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_YEAR_FIRST = re.compile(r"(\d{4})(?:[-/.]?(\d\d?)(?:[-/.]?(\d\d?))?)?/*(?:[T ].*)?")
_DAY_FIRST = re.compile(r"(?:[a-z]+,? )?(\d{1,2})(?:st|nd|rd|th)? ([a-z]{3})[a-z]*\.?,? (\d{4})(?: .*)?", re.I)
_MONTH_FIRST = re.compile(
    r"(?:[a-z]+day,? )?([a-z]{3})[a-z]*\.?(?: (\d{1,2})(?:st|nd|rd|th)?)?,? (\d{4})(?: .*)?", re.I
)
_CATEGORIES = re.compile(r"[a-z-]+(?:\.[A-Za-z-]+)?(?: [a-z-]+\.[A-Za-z-]+)+")  # as arXiv writes them: "cs.CL cs.LG"


def names(text: str) -> tuple[str, ...]:
    """Return the authors that one text names: "A B; C D", "B, A and D, C", "A B, C D and E F".

    >>> names("Ada Owl, Bo Mouse and Cy Hay"), names("Owl, Ada")
    (('Ada Owl', 'Bo Mouse', 'Cy Hay'), ('Owl, Ada',))
    """
    if ";" in text:
        parts = text.split(";")
    else:
        parts = re.split(r",? and ", text)
        commas = [part.strip() for part in parts[0].split(",")]
        if len(parts) == 1 and all(" " in part for part in commas):  # not "Lovelace, Ada"
            parts = commas
        elif len(parts) > 1 and (len(commas) > 2 or all(" " in part for part in commas)):
            parts = [*commas, *parts[1:]]
    return tuple(part.strip() for part in parts if part.strip())


def keywords(text: str) -> tuple[str, ...]:
    """Return the keywords that one text names: split at semicolons and commas; arXiv's categories at spaces.

    >>> keywords("birds; of prey"), keywords("cs.CL stat.ML")
    (('birds', 'of prey'), ('cs.CL', 'stat.ML'))
    """
    parts = text.split() if _CATEGORIES.fullmatch(text.strip()) else re.split("[;,]", text)
    return tuple(each for each in map(clean_line, parts) if each)


def text_of(value: object) -> str:
    """Return a value of JSON if it is text, else ""."""
    return value if isinstance(value, str) else ""


def list_of(value: object) -> list[Any]:
    """Return a value of JSON if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def dict_of(value: object) -> dict[str, Any]:
    """Return a value of JSON if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def iso_date(value: object) -> str | None:
    """Return a date as YYYY, YYYY-MM or YYYY-MM-DD, as much of it as can be; None when it is no date.

    >>> iso_date("2024-3-7T10:00:00Z"), iso_date(2024), iso_date("17 Mar 2024"), iso_date("March 2024")
    ('2024-03-07', '2024', '2024-03-17', '2024-03')
    >>> iso_date("2020-02-31"), iso_date("2020-13-45")
    ('2020-02', '2020')
    >>> iso_date("soon") is None
    True
    """
    text = clean_line(value) if isinstance(value, str) else str(value) if type(value) is int else ""
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    elif found := _DAY_FIRST.fullmatch(text):
        year, month, day = int(found[3]), _MONTHS.get(found[2].lower(), -1), int(found[1])
    elif found := _MONTH_FIRST.fullmatch(text):
        year, month, day = int(found[3]), _MONTHS.get(found[1].lower(), -1), int(found[2] or 0)
    else:
        return None
    if month < 0 or not 1500 <= year <= 2200:
        return None
    if not 1 <= month <= 12:
        return str(year)
    return f"{year}-{month:02}-{day:02}" if 1 <= day <= monthrange(year, month)[1] else f"{year}-{month:02}"
