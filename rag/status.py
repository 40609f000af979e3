"""What an engine works with: its index and its models, and how they are."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Status:
    """What an engine works with.

    Attributes:
        papers: In the index.
        sources: That they came from.
        encoder: Name of the embedding model.
        writer: Name of the language model, "none" for none.
        writer_state: "ready", "loading", or why there is none.
        generation: Of the index: counts its updates.
    """

    papers: int
    sources: tuple[str, ...]
    encoder: str
    writer: str
    writer_state: str
    generation: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "sources": list(self.sources)}
