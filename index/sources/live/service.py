"""The services that can be asked for papers: where each is, and what it asks of those who ask it."""

from dataclasses import dataclass

_HOUR_S = 3600.0


@dataclass(frozen=True)
class Service:
    """One service on the web.

    Attributes:
        name: As people call it.
        folder: Of its pages and its turn in the cache folder; services that share a limit share it.
        base_url: That every question starts with; https, or http on this machine.
        pause_s: Between the end of one request and the start of the next, over all processes of this machine.
        page: Records asked for at a time.
        fresh_s: A page that was kept is taken again for so long, and then asked for anew.
        silence_s: An answer may be so long in coming.
        backoff_s: The first wait before asking again is at most so long, the next twice as long, and so on.
        key: Name of the environment variable that may hold a key of the service's, "" where it knows none.
        key_header: The header that the key is sent in.
        key_form: What the header holds; {} is the key.
    """

    name: str
    folder: str
    base_url: str
    pause_s: float
    page: int
    fresh_s: float = 12 * _HOUR_S
    silence_s: float = 60.0
    backoff_s: float = 3.0
    key: str = ""
    key_header: str = ""
    key_form: str = "{}"


SERVICES = {
    "arxiv": Service("arXiv", "arxiv", "https://export.arxiv.org/api/query", pause_s=3.0, page=200),
    "oai": Service("arXiv's OAI-PMH", "arxiv", "https://oaipmh.arxiv.org/oai", pause_s=3.0, page=1000, silence_s=180.0),
    "hf": Service("Hugging Face", "huggingface", "https://huggingface.co/api", pause_s=1.0, page=100, fresh_s=_HOUR_S),
    "openalex": Service(
        "OpenAlex",
        "openalex",
        "https://api.openalex.org/works",
        pause_s=0.2,
        page=100,
        key="OPENALEX_API_KEY",
        key_header="Authorization",
        key_form="Bearer {}",
    ),
    "s2": Service(
        "Semantic Scholar",
        "semanticscholar",
        "https://api.semanticscholar.org/graph/v1/paper/search/bulk",
        pause_s=3.0,
        page=1000,
        key="S2_API_KEY",
        key_header="x-api-key",
    ),
}
"""Prefix of a source -> the service that it asks."""
