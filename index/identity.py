r"""What a paper is called in, what all its names have in common out: ids, and keys of titles.

Knows nothing of records or of merging.
"""

import hashlib
import html
import re
import unicodedata

_ARXIV = re.compile(
    r"(?:(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|arxiv[:./]\s*)?"
    r"(\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v(\d{1,4}))?(?:\.pdf)?",
    re.I,
)
_DOI = re.compile(r"(?:doi:\s*|(?:https?://)?(?:www\.|dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)", re.I)
_ARXIV_DOI = "10.48550/"  # arXiv's own DOIs: the rest is `arXiv.` and the arXiv id
_PAGES = {"arxiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}
_RANKS = {"arxiv": 0, "doi": 1, "title": 3}  # anything else that a source calls a paper by: 2

_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi "
        "chi psi omega".split(),
        strict=True,
    )
)
_GREEK_RUN = re.compile(
    "(?<![\u03b1-\u03c9])[\u03b1-\u03c9]{1,2}(?![\u03b1-\u03c9])"
)  # a symbol; longer ones are words of the language
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "&": " and "}
)
_TEX_ACCENT = re.compile(
    r"\\(?:[`'^\"~=.](?:\s*\{\s*\\?([a-z]+)\s*\}|\s*\\?([a-z]))"  # \'e, \'{e}, \'{\i}
    r"|[uvHtcdbkr](?:\s*\{\s*\\?([a-z]+)\s*\}|\s+\\?([a-z])))",  # \v{c}, \c c
    re.I,
)
_TEX_COMMAND = re.compile(r"\\([a-z]+)\*?\s*", re.I)
_TEX_READ = (
    {name: name for name in _GREEK.values()}
    | {f"var{name}": name for name in ("epsilon", "theta", "phi", "rho", "sigma", "pi", "kappa")}
    | {name: name for name in "log ln exp sin cos tan min max sup inf lim det dim mod tex latex".split()}
    | {"ss": "ss", "ae": "ae", "oe": "oe", "aa": "a", "o": "o", "l": "l", "dj": "d", "dh": "d", "th": "th"}
    | {"i": "i", "j": "j", "ell": "l", "hbar": "h"}
)
"""Commands that are read as letters; any other says how its argument looks, or is a symbol."""
_TAG = re.compile(r"</?[a-z][a-z0-9:-]*+(?:\s++[\w:-]++=[^<>]*+)?\s*+/?>", re.I)
_MARKUP = re.compile(r"[\\&<]")
_NO_LETTER = re.compile(r"[\W_]+")


def paper_id(title: str, arxiv: str | None = None, doi: str | None = None) -> str:
    """Name a paper by the best of what is known: arXiv id without version, else DOI, else its title.

    >>> paper_id("Attention Is All You Need", arxiv="https://arxiv.org/abs/1706.03762v7")
    'arxiv:1706.03762'
    >>> paper_id("Attention Is All You Need")
    'title:attention-is-all-you-need'
    """
    if arxiv and (found := _ARXIV.fullmatch(arxiv.strip())):
        return f"arxiv:{found[1].lower()}"
    if doi and (found := _DOI.fullmatch(doi.strip())):
        doi = found[1].lower()
        if doi.startswith(_ARXIV_DOI) and (found := _ARXIV.fullmatch(doi.removeprefix(_ARXIV_DOI))):
            return f"arxiv:{found[1]}"
        return f"doi:{doi}"
    key = title_key(title)
    slug = _NO_LETTER.sub("-", _flat(title)).strip("-")
    if len(slug) > 72 or slug.replace("-", "") != key:
        slug = f"{slug[:60].rstrip('-')}-{hashlib.sha256(key.encode()).hexdigest()[:8]}".lstrip("-")
    return f"title:{slug}"


def id_rank(paper_id: str) -> tuple[int, str]:
    """Return what the ids of one paper are sorted by: arXiv's first, then a DOI, those of titles last."""
    return _RANKS.get(paper_id.split(":")[0], 2), paper_id


def id_kind(paper_id: str) -> str:
    """Return the kind of an id of which a paper has but one, "" for a title.

    >>> id_kind("doi:10.1000/1"), id_kind("title:owls")
    ('doi', '')
    """
    kind = paper_id.split(":")[0]
    return "" if kind == "title" else kind


def arxiv_version(arxiv: str) -> int | None:
    """Return the number of the version that an arXiv id or address names.

    >>> arxiv_version("https://arxiv.org/abs/1706.03762v7"), arxiv_version("1706.03762")
    (7, None)
    """
    found = _ARXIV.fullmatch(arxiv.strip())
    return int(found[2]) if found and found[2] else None


def page_by_id(paper_id: str) -> str:
    """Return where arXiv or a DOI says that a paper is, "" for one that is known by its title only.

    >>> page_by_id("arxiv:2205.05131")
    'https://arxiv.org/abs/2205.05131'
    """
    kind, _, name = paper_id.partition(":")
    return f"{_PAGES[kind]}{name}" if kind in _PAGES else ""


def title_key(title: str) -> str:
    r"""Return what all spellings of one title share: its letters and digits, without case, accents and markup.

    TeX, HTML, Unicode's variants of a letter, dashes and spaces make no difference; `&` is "and", β is "beta".

    >>> title_key("DP\u2011LoRA: Private  Tuning") == title_key("DP-LoRA - private tuning")
    True
    >>> title_key(r"{\'E}tudes of $\beta$-\emph{ReLU}."), title_key("&Eacute;tudes of <i>β</i>-ReLU")
    ('etudesofbetarelu', 'etudesofbetarelu')
    """
    return _NO_LETTER.sub("", _flat(title)) or "".join(title.split())


def is_marked_up(title: str) -> bool:
    """Tell whether a title is written with TeX or HTML."""
    return any(mark in title for mark in "\\$<{") or html.unescape(title) != title


def _flat(title: str) -> str:
    """Return a title without markup, case and accents, its letters in their compatible forms."""
    if _MARKUP.search(title):
        title = _unmarked(title)
    if title.isascii():
        return title.lower()
    letters = unicodedata.normalize("NFKD", title).casefold().translate(_LETTERS)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _GREEK_RUN.sub(lambda run: " ".join(_GREEK.get(letter, letter) for letter in run[0]), plain)


def _unmarked(title: str) -> str:
    """Return a title with its TeX and HTML read as letters."""
    title = _TAG.sub("", html.unescape(title))
    if "\\" in title:
        title = _TEX_ACCENT.sub(lambda accent: next(filter(None, accent.groups())), title.replace("\\&", "&"))
        title = _TEX_COMMAND.sub(lambda command: _TEX_READ.get(command[1].lower(), ""), title)
    return title.replace("&", " and ")
