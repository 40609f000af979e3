"""What the tools give in, the same as text out, for agents that read no structured content."""

from rag.answer import Answer
from rag.lists import linked
from ui.agents.records import Found, PaperRecord, PapersFound, Topics


def of_answer(answer: Answer) -> str:
    """Return an answer with its note and, numbered, what it cites: paper, id and the quoted sentence."""
    parts = [answer.text]
    if answer.note:
        parts.append(f"Note: {answer.note}")
    if answer.citations:
        cited = [
            f"{each.number}. {linked(each.paper)} ({each.paper.id})\n   “{each.quote.text}”"
            for each in answer.citations
        ]
        parts.append("References\n\n" + "\n".join(cited))
    elif answer.matches:
        nearest = [_line(at, Found.of(match)) for at, match in enumerate(answer.matches, start=1)]
        parts.append("Nearest papers\n\n" + "\n".join(nearest))
    return "\n\n".join(parts)


def of_papers(found: PapersFound) -> str:
    """Return a numbered list: title, id, date, and the sentence that says why."""
    lines = [_line(at, each) for at, each in enumerate(found.papers, start=1)]
    return "\n\n".join(part for part in (found.note, "\n".join(lines)) if part)


def of_paper(paper: PaperRecord) -> str:
    """Return a paper as paragraphs: title, what is known of it, abstract, neighbours."""
    about = {
        "Id": paper.paper_id,
        "Authors": ", ".join(paper.authors),
        "Published": paper.published,
        "Page": paper.url,
        "Code": ", ".join(paper.code),
        "Topics": ", ".join(paper.topics),
        "Sources": ", ".join(paper.sources),
    }
    lines = [f"{name}: {value}" for name, value in about.items() if value]
    similar = [_line(at, each) for at, each in enumerate(paper.similar, start=1)]
    parts = [paper.title, "\n".join(lines), paper.abstract, paper.bibtex.strip()]
    return "\n\n".join([*parts, *(["Similar papers\n\n" + "\n".join(similar)] if similar else [])])


def of_topics(topics: Topics) -> str:
    """Return what the index holds, a line for each topic."""
    lines = [f"- {each.topic} ({each.papers})" for each in topics.topics]
    told = [f"{topics.papers} papers from {', '.join(topics.sources) or 'no source'}; {topics.total} topics."]
    told += ["\n".join(lines)] if lines else []
    told += ["It can answer questions such as:\n" + "\n".join(f"- {each}" for each in topics.examples)]
    return "\n\n".join(told)


def _line(number: int, paper: Found) -> str:
    about = ", ".join(part for part in (paper.paper_id, paper.published) if part)
    return f"{number}. {paper.title} ({about})" + (f"\n   “{paper.why}”" if paper.why else "")
