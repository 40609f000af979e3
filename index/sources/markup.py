"""Text with bits of HTML, MathML or JATS in, the text without them out."""

import html
import re

_HEADING = re.compile(r"<(jats:title|title|h\d)\b[^<>]*>\s*+(?:abstract|summary)\s*+:?\s*+</\1\s*+>", re.I)
_BLOCK = re.compile(r"</?(?:jats:)?(?:p|br|div|sec|title|h\d|li|ul|ol)\b[^<>]{0,300}>", re.I)
# Known names only: "p <i 5" and "a < b > c" are no markup.
_TAG = re.compile(
    r"</?(?:(?:jats|mml):[\w-]+|i|b|u|em|strong|su[bp]|sc|scp|small|span|font|tt|a|code|italic|bold|underline|math"
    r"|m(?:row|i|n|o|text|su[bp]|subsup|frac|sqrt|style|over|under|space|table|tr|td)|semantics|annotation"
    r"|inline-formula|disp-formula|tex-math)\b(?:\s[^<>]{0,300})?/?>",
    re.I,
)


def unmarked(text: str) -> str:
    """Return a text without tags and with its entities as the characters that they stand for.

    >>> unmarked("<jats:title>Abstract</jats:title><jats:p>On <i>E. coli</i> &amp; H<sub>2</sub>O, p < .05</jats:p>")
    'On E. coli & H2O, p < .05'
    """
    if "<" in text:
        text = _TAG.sub("", _BLOCK.sub("\n\n", _HEADING.sub("", text))).strip()
    return html.unescape(text) if "&" in text else text
