"""Papers in, an index that can be searched out. Knows nothing of questions or language models."""

from index.encoders import as_encoder
from index.errors import ModelError, SourceError, StoreError, UserError
from index.manifest import Manifest
from index.papers import Paper
from index.store import Store
from index.update import Update, update
from index.vectors import Encoder

__all__ = [
    "Encoder",
    "Manifest",
    "ModelError",
    "Paper",
    "SourceError",
    "Store",
    "StoreError",
    "Update",
    "UserError",
    "as_encoder",
    "update",
]
