"""Keys of programs in, the name of the program that shows one out; the keys themselves are not kept."""

import hashlib
import hmac
from collections.abc import Iterable

from index.errors import UserError

SHORTEST = 16


class Keys:
    """The keys that open the HTTP service; false where there is none."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        """Keep the digests of keys.

        Raises:
            UserError: A key is too short to be safe, or holds what no header carries.
        """
        chosen = [key.strip() for key in keys if key.strip()]
        if any(len(key) < SHORTEST or not key.isascii() or not key.isprintable() for key in chosen):
            make = 'python -c "import secrets; print(secrets.token_urlsafe())"'
            raise UserError(f"A key needs {SHORTEST} or more plain characters. Make one: {make}")
        self._digests = [_digest(key) for key in chosen]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def name_of(self, key: str) -> str | None:
        """Return the name of the program that has a key, None where none has; the time tells nothing of the keys."""
        asked = _digest(key)
        fits = [digest for digest in self._digests if hmac.compare_digest(digest, asked)]
        return f"key:{fits[0][:12].hex()}" if fits else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
