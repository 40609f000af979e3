"""Papers in, an index that can be searched out. Knows nothing of questions or language models."""

from index.errors import ModelError, SourceError, StoreError, UserError
from index.papers import Paper
from index.store import Manifest, Store
from index.update import Update, update

__all__ = ["Manifest", "ModelError", "Paper", "SourceError", "Store", "StoreError", "Update", "UserError", "update"]
