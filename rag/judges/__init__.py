"""What judges papers and sentences: the reader, a small cross-encoder."""

from rag.judges.reader import Reader, Reading

__all__ = ["Reader", "Reading"]
