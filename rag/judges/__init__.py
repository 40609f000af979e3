"""The judges: the reader finds the sentences that answer, the language model judges claims and answers."""

from rag.judges.judge import Judge
from rag.judges.reader import Reader, Reading

__all__ = ["Judge", "Reader", "Reading"]
