"""The address of a Chroma server in, what a client must know of it out: that it may be spoken to, and as whom."""

import base64
import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from index.errors import StoreError

_EXAMPLE = "It looks like http://127.0.0.1:8000 or https://vectors.example.org."


@dataclass(frozen=True)
class Server:
    """A Chroma server.

    Attributes:
        url: Where it is, without a slash at the end; behind a proxy with the path before `/api/v2`.
        key: A token, or user:password; empty where the server asks for none.
    """

    url: str
    key: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str, key: str = "", plain: bool = False) -> "Server":
        """Return the server at a URL.

        Args:
            url: Of the server, as a person wrote it.
            key: As above.
            plain: Speak unencrypted with any machine, not only with this one and those of private networks.

        Raises:
            StoreError: It is no such URL, or what is sent there could be read on the way.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise StoreError(f"PAPERCHAT_STORE={url} is no address ({error}). {_EXAMPLE}") from error
        if parts.username or parts.password:
            raise StoreError(
                "PAPERCHAT_STORE holds a password, which messages would show. Put it in PAPERCHAT_STORE_KEY."
            )
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
            raise StoreError(f"PAPERCHAT_STORE={url} is not the address of a server. {_EXAMPLE}")
        if not (key.isascii() and key.isprintable()):
            raise StoreError("PAPERCHAT_STORE_KEY has characters that no header can carry. Choose another key.")
        if parts.scheme == "http" and not plain and not _near(host, port or 80):
            raise StoreError(
                f"What is sent to {url} could be read on the way: {host} is not in a private network. "
                "Use https://, or set PAPERCHAT_STORE_PLAIN=1."
            )
        return cls(url.rstrip("/"), key)

    @property
    def headers(self) -> dict[str, str]:
        """What each request carries to say who asks."""
        if not self.key:
            return {}
        if ":" in self.key:
            return {"Authorization": "Basic " + base64.b64encode(self.key.encode()).decode()}
        return {"Authorization": f"Bearer {self.key}"}


def _near(host: str, port: int) -> bool:
    """Tell whether a name stands for this machine or others of private networks only; so does one that is not known."""
    try:
        found = {str(address[4][0]).partition("%")[0] for address in socket.getaddrinfo(host, port)}
    except OSError:
        return True  # nothing can be sent there; who connects says so
    return all(ipaddress.ip_address(each).is_private for each in found)
