"""Options in, the rules of who may come in out: users, keys, the names we go by, the sites that may call us."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from index.errors import UserError
from ui.access.keys import Keys
from ui.access.users import Users

Uploads = Literal["auto", "nobody", "users", "everyone"]
NO_UPLOADS = "You may not add papers here. Who may is set where paperchat runs: PAPERCHAT_UPLOADS=users, or everyone."
_ORIGIN = re.compile(r"https?://[^/?#@\s,*]+")


@dataclass(frozen=True)
class Access:
    """Who may come in; without anything given: everyone on this machine, and nobody from elsewhere.

    Attributes:
        users: Who may log in; None asks nobody to.
        keys: Of programs.
        local: Only this machine reaches us, so that a request under another name is a trick (DNS rebinding).
        hosts: Names that we go by beside those of this machine; empty allows all where `local` is false.
        origins: Sites whose pages may call the HTTP service.
        proxies: Addresses whose `X-Forwarded-For` and `-Proto` are believed.
        uploads: Who may add papers, of those who may come in.
    """

    users: Users | None = None
    keys: Keys = field(default_factory=Keys)
    local: bool = True
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    uploads: Uploads = "auto"

    @classmethod
    def of(
        cls,
        address: str = "127.0.0.1",
        *,
        auth: Path | None = None,
        keys: Sequence[str] = (),
        hosts: Sequence[str] = (),
        origins: Sequence[str] = (),
        proxies: Sequence[str] = (),
        uploads: Uploads = "auto",
    ) -> "Access":
        """Return the rules for a server that listens on an address.

        Args:
            address: Of this machine.
            auth: File of users.
            keys: That open the HTTP service.
            hosts: Names beside those of this machine.
            origins: Such as https://notes.example.
            proxies: Addresses of reverse proxies.
            uploads: Who may add papers; "auto" lets everyone where this machine alone reaches us, else who has shown
                credentials.

        Raises:
            UserError: Others could reach us and nothing says who may, or a value does not fit.
        """
        users, known, local = Users.open(auth) if auth else None, Keys(keys), is_local(address)
        if not users and not known and not (local and not proxies):
            reach = f"Others can reach {address}" if not local else "Others can reach us through a proxy"
            raise UserError(
                f"{reach}, and nothing says who may come in. Name users: paperchat users add NAME --auth FILE, "
                "then paperchat serve --auth FILE; or set a key: PAPERCHAT_SERVE_KEYS=KEY."
            )
        for origin in origins:
            if not _ORIGIN.fullmatch(origin.rstrip("/")):
                raise UserError(f"{origin!r} is no site: an origin looks like https://notes.example")
        for proxy in proxies:
            if _ip(proxy) is None:
                raise UserError(f"{proxy!r} is no address of a proxy: one looks like 127.0.0.1 or ::1")
        names = tuple(without_port(host) for host in hosts)
        return cls(
            users, known, local, names, tuple(each.rstrip("/").lower() for each in origins), tuple(proxies), uploads
        )

    @property
    def closed(self) -> bool:
        """Whether one has to show who one is."""
        return self.users is not None or bool(self.keys)

    def lets_upload(self, known: bool, passed_on: bool) -> bool:
        """Say whether somebody who came in may add papers.

        Args:
            known: They have shown credentials.
            passed_on: Their request came by a proxy.
        """
        if self.uploads == "auto":
            return known or (self.local and not self.proxies and not passed_on)
        return self.uploads == "everyone" or (self.uploads == "users" and known)

    def goes_by(self, host: str) -> bool:
        """Say whether a `Host` header is one of our names."""
        name = without_port(host)
        if name in self.hosts or is_local(name):
            return True
        return not self.local and (_ip(name) is not None or not self.hosts)

    def lets(self, origin: str) -> bool:
        """Say whether pages of an `Origin` may call the HTTP service."""
        return origin.lower() in self.origins

    def foreign(self, headers: Mapping[str, str]) -> bool:
        """Say whether another site's page made a request, as its browser tells us; a program tells nothing."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site in ("same-origin", "none"):
            return False
        if origin is not None:
            return origin.lower().partition("://")[2] != headers.get("host", "").lower()
        return site is not None


def is_local(host: str) -> bool:
    """Say whether a name or address is one that only this machine reaches itself by."""
    address = _ip(host)
    return host.lower() == "localhost" or (address is not None and address.is_loopback)


def without_port(host: str) -> str:
    """Return the name or address in a `Host` header, or of a hop that a proxy names."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    name = text if text.count(":") > 1 else text.partition(":")[0]
    return name.rstrip(".")


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
