"""The judges: what tells whether an abstract answers a question and supports a claim."""

from rag.judges.judge import Judge

__all__ = ["Judge"]
