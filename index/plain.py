"""Texts of people, checked before anything else reads them."""

import re

from index.errors import UserError

PLAIN = r"^[\t-\r\x20-\x7e\x80-\ud7ff\ue000-\U0010ffff]*$"
"""Every character that is text: no control character of ASCII but white space, no half of a surrogate pair."""

_PLAIN = re.compile(PLAIN.replace("$", r"\Z"))


def plain(text: str, what: str) -> str:
    """Return a text as it is.

    Args:
        text: Of a person or a program.
        what: It is, for the message.

    Raises:
        UserError: It has a character that no text has.
    """
    if not _PLAIN.match(text):
        raise UserError(f"The {what} has a character that is no text, such as NUL. Leave it out.")
    return text
