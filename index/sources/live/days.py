"""A date of any precision in, the first and the last day that it may mean out, or from when on to ask again."""

from calendar import monthrange
from datetime import date as Date
from datetime import timedelta

_LATE_DAYS = 14
"""Services list a paper days after the date that it carries: arXiv over weekends, and after a moderator's look."""


def first_day(date: str) -> str:
    """Return the first day of YYYY, YYYY-MM or YYYY-MM-DD.

    >>> first_day("2024"), first_day("2024-06"), first_day("2024-06-30")
    ('2024-01-01', '2024-06-01', '2024-06-30')
    """
    return f"{date}-01-01"[:10]


def last_day(date: str) -> str:
    """Return the last day; a day that a month does not have is its last one.

    >>> last_day("2024"), last_day("2024-02"), last_day("2024-02-31")
    ('2024-12-31', '2024-02-29', '2024-02-29')
    """
    month = date[:7] if len(date) > 4 else f"{date}-12"
    last = f"{month}-{monthrange(int(month[:4]), int(month[5:]))[1]}"
    return min(date, last) if len(date) == 10 else last


def since_last(newest: str | None, today: str | None = None) -> str | None:
    """Return the first day that an update asks for, None for all.

    Args:
        newest: Date of the newest paper that is known, None for none. Some sources date papers in the future.
        today: ISO date, that of the clock by default.

    >>> since_last("2026-11-20", "2026-11-21"), since_last("2027-03", "2026-11-21"), since_last("2024", "2026-11-21")
    ('2026-11-06', '2026-11-07', '2023-12-18')
    """
    if not newest:
        return None
    last = min(first_day(newest), today or Date.today().isoformat())
    return (Date.fromisoformat(last) - timedelta(days=_LATE_DAYS)).isoformat()
