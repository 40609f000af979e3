"""A text in, the links to repositories that stand in it out."""

import re

_CODE_HOSTS = r"github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|gitee\.com|huggingface\.co|hf\.co|git\.io"
_CODE_LINK = re.compile(
    rf"(?:https?://(?:www\.)?({_CODE_HOSTS}|anonymous\.4open\.science)/(?=\w)"  # with its scheme: any path
    rf"|(?<![\w.@/-])(?:www\.)?({_CODE_HOSTS})/(?=[\w.-]+/\w))"  # without: owner and repository
    r"([\w.~%/-]*[\w~%-])",
    re.A | re.I,
)


def code_links(text: str) -> tuple[str, ...]:
    """Return the links to repositories that stand in a text, in order, each once.

    Two spellings of a link become one: always `https://`, without `www.`, a final slash, `.git` or the full stop of
    the sentence. `github.com/owner/name` counts as a link too, and a name that a line break cut after a hyphen is
    made whole.

    >>> code_links("Code: https://github.com/a/b.git. More at github.com/a/b, and http://www.gitlab.com/c/d-1.5.")
    ('https://github.com/a/b', 'https://gitlab.com/c/d-1.5')
    """
    text = re.sub(r"(/[\w.-]+-)\s(?=[\w-]+\.?\s*$)", r"\1", text.replace("\\_", "_"))
    links = (f"https://{(link[1] or link[2]).lower()}/{link[3]}" for link in _CODE_LINK.finditer(text))
    return tuple(dict.fromkeys(link.removesuffix(".git") for link in links))
