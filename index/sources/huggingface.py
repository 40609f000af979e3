"""A paper as Hugging Face's daily papers, search and pages describe it in JSON in, its `Record` out."""

from typing import Any

from index.sources.fields import dict_of, list_of, text_of
from index.sources.record import Record


def hugging_face(values: dict[str, Any]) -> Record:
    """Return what an entry, or the paper within it, says."""
    paper = dict_of(values.get("paper")) or values
    arxiv_id = text_of(paper.get("id"))
    return Record(
        text_of(paper.get("title")) or text_of(values.get("title")),
        text_of(paper.get("summary")) or text_of(values.get("summary")),
        authors=tuple(text_of(dict_of(each).get("name")) for each in list_of(paper.get("authors"))),
        published=paper.get("publishedAt") or values.get("publishedAt"),
        ids=(arxiv_id,),
        topics=tuple(text_of(each) for each in list_of(paper.get("ai_keywords"))),
        code=(text_of(paper.get("githubRepo")),),
        tex=True,
    )


def is_entry(values: dict[str, Any]) -> bool:
    """Tell whether an object is such an entry."""
    paper = dict_of(values.get("paper")) or values
    return "summary" in paper and "title" in paper and "abstract" not in paper
