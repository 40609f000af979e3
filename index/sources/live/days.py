"""A date of any precision in, the first and the last day that it may mean out."""

from calendar import monthrange


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
