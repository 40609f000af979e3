"""Records of any origin in, one `Paper` for each different paper out.

Knows nothing of files, vectors or questions.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

_ARXIV = re.compile(
    r"(?:(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|arxiv[:./]\s*)?"
    r"(\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?",
    re.I,
)
_DOI = re.compile(r"(?:doi:\s*|(?:https?://)?(?:www\.|dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)", re.I)
_ARXIV_DOI = "10.48550/"  # arXiv's own DOIs: the rest is `arXiv.` and the arXiv id
_CODE_HOSTS = r"github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|gitee\.com|huggingface\.co|hf\.co|git\.io"
_CODE_LINK = re.compile(
    rf"(?:https?://(?:www\.)?({_CODE_HOSTS}|anonymous\.4open\.science)/(?=\w)"  # with its scheme: any path
    rf"|(?<![\w.@/-])(?:www\.)?({_CODE_HOSTS})/(?=[\w.-]+/\w))"  # without: owner and repository
    r"([\w.~%/-]*[\w~%-])",
    re.A | re.I,
)

_PAGES = {"arxiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}


@dataclass(frozen=True)
class Paper:
    """One paper, whatever number of sources named it.

    Attributes:
        id: `arxiv:…`, `doi:…` or `title:…`, the best that is known.
        title: As published.
        abstract: The text that is searched, quoted and cited.
        authors: Names in the order of the paper.
        published: ISO date (YYYY, YYYY-MM or YYYY-MM-DD).
        url: A page of the paper.
        code: Links to repositories.
        topics: Keywords or categories.
        sources: Every source that named the paper.
        kind: "abstract" as published, or "digest" for a summary in other words.
    """

    id: str
    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    published: str | None = None
    url: str | None = None
    code: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    kind: str = "abstract"

    @property
    def page(self) -> str:
        """Its page on the web: `url` if that is one of the web, else by its id; "" where none is known."""
        return self.url if self.url and is_web(self.url) else page_by_id(self.id)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, lists in place of tuples."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def _repr_html_(self) -> str:
        from index.notebook import paper_html

        return paper_html(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Paper":
        """Return the paper that `to_dict` wrote.

        Raises:
            TypeError: A field is missing or unknown.
        """
        fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**fields)


def page_by_id(paper_id: str) -> str:
    """Return where arXiv or a DOI says that a paper is, "" for one that is known by its title only.

    >>> page_by_id("arxiv:2205.05131")
    'https://arxiv.org/abs/2205.05131'
    """
    kind, _, name = paper_id.partition(":")
    return f"{_PAGES[kind]}{name}" if kind in _PAGES else ""


def is_web(url: str) -> bool:
    """Tell whether a link may be followed: it is one of the web, not a script."""
    return url.lower().startswith(("https://", "http://"))


def title_key(title: str) -> str:
    r"""Return what two spellings of one title share: its letters and digits, without case and accents.

    >>> title_key("DP\u2011LoRA: Private  Tuning") == title_key("DP-LoRA - private tuning")
    True
    """
    return "".join(letter for letter in _flat(title) if letter.isalnum()) or "".join(title.split())


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
    slug = re.sub(r"[\W_]+", "-", _flat(title)).strip("-")
    if len(slug) > 72 or slug.replace("-", "") != key:
        slug = f"{slug[:60].rstrip('-')}-{hashlib.sha256(key.encode()).hexdigest()[:8]}".lstrip("-")
    return f"title:{slug}"


def _flat(text: str) -> str:
    """Return a text without case and accents, its letters in their compatible forms."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(c))


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


def merge(papers: Iterable[Paper]) -> list[Paper]:
    """Join the records of the same paper; the order is that of first sight.

    Records are one paper when their ids are equal, or their titles are and their ids don't say otherwise (two arXiv
    ids are two papers). An abstract as published wins over a digest, then the longer one; the other fields are taken
    from whichever record has them, sources and links from all.
    """
    merged: dict[int, Paper] = {}
    place: dict[str, int] = {}
    for number, paper in enumerate(papers):
        key = title_key(paper.title)
        known = {place[name] for name in (paper.id, key) if name in place}
        same = sorted(at for at in known if not _differ(merged[at].id, paper.id))
        at = same[0] if same else number
        for other in same:
            paper = _join(merged.pop(other), paper)
        merged[at] = paper
        place |= {name: at for name, was in place.items() if was in same}
        place.setdefault(key, at)
        place[paper.id] = at
    return [merged[at] for at in sorted(merged)]


def _differ(first: str, second: str) -> bool:
    """Tell whether two ids of the same kind name two papers."""
    kinds = first.split(":")[0], second.split(":")[0]
    return kinds[0] == kinds[1] != "title" and first != second


def _join(first: Paper, second: Paper) -> Paper:
    """Return one paper with the richest of both."""
    best, other = sorted((first, second), key=lambda p: (p.kind == "abstract", len(p.abstract)), reverse=True)
    ranks = {"arxiv": 0, "doi": 1, "title": 2}
    return replace(
        best,
        id=min((first.id, second.id), key=lambda i: ranks.get(i.split(":")[0], 3)),
        authors=best.authors or other.authors,
        published=best.published or other.published,
        url=best.url or other.url,
        code=tuple(dict.fromkeys(first.code + second.code)),
        topics=tuple(dict.fromkeys(first.topics + second.topics)),
        sources=tuple(dict.fromkeys(first.sources + second.sources)),
    )
