"""`UserError`: the one exception that a person is meant to read."""


class UserError(Exception):
    """Something the person can put right; the message says what is wrong and what to do about it."""


class ModelError(UserError):
    """A model's files could not be had, or are not what their digest says."""


class SourceError(UserError):
    """A source of papers could not be read."""


class StoreError(UserError):
    """An index is missing, damaged, or was built with other settings."""


class StoreAway(StoreError):
    """The server that keeps the vectors of an index cannot be reached now; asked again later, it may be."""
