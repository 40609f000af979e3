"""Which addresses may be asked: the web by https, this machine by http, and nothing private by way of a redirect."""

import ipaddress
import socket
import threading
import urllib.request
from typing import TYPE_CHECKING

from index.errors import SourceError

if TYPE_CHECKING:
    import httpx


def check_service(base_url: str) -> None:
    """Refuse a service that is neither on the web by https nor on this machine.

    Raises:
        SourceError: It is not.
    """
    import httpx

    url = httpx.URL(base_url)
    if not (url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host))):
        raise SourceError(
            f"{base_url} may not be asked. Services are asked by https, those on this machine by http too."
        )


def check_redirect(here: "httpx.URL", there: "httpx.URL") -> str:
    """Return why a redirect is not followed, "" if it may be.

    Another place of the same host may be followed, and another host of the web by https, but none that is on this
    machine or in a private network. Where a proxy is set it does the looking up of names, and knows what it may reach.
    """
    if (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port):
        return ""
    if there.scheme != "https":
        return "which is not https"
    try:
        addresses = [there.host]
        if not _is_address(there.host) and there.host != "localhost" and not _has_proxy(there):
            found = socket.getaddrinfo(there.host, there.port or 443, type=socket.SOCK_STREAM)
            addresses = [str(each[4][0]).partition("%")[0] for each in found]
    except OSError:
        return "which is not known"
    is_private = any(_is_address(each) and not ipaddress.ip_address(each).is_global for each in addresses)
    return "which is a private address" if is_private or there.host == "localhost" else ""


def look_up(address: str, longest_s: float) -> str:
    """Return why the host of an address cannot be found, "" if it can: looking up a name can hang for minutes.

    Where a proxy is set it does the looking up.
    """
    import httpx

    url = httpx.URL(address)
    if _has_proxy(url):
        return ""
    faults: list[str] = []

    def ask() -> None:
        try:
            socket.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
            faults.append("")
        except OSError as error:
            faults.append(f"{url.host} is not found ({error.strerror or error})")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(longest_s)
    return faults[0] if faults else f"{url.host} is not found within {longest_s:.0f} s"


def _has_proxy(url: "httpx.URL") -> bool:
    return bool(urllib.request.getproxies().get(url.scheme)) and not urllib.request.proxy_bypass(url.host)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
