"""An address of a service in, its answer out: one request, within limits of time, size and place."""

import email.utils
import os
import time
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from index.errors import SourceError
from index.sources.live.address import check_redirect, look_up
from index.sources.live.service import Service

if TYPE_CHECKING:
    import ssl

    import httpx

_CONNECT_S = 5.0
_ANSWER_S = 300.0
_BODY_BYTES = 64 * 1024 * 1024
_REDIRECTS = 5
_REASON_CHARS = 200


class Failed(Exception):
    """There was no whole answer, and there may be one when it is asked for again; the message says why.

    Attributes:
        reached: Whether the service was reached, now or before.
    """

    def __init__(self, reason: str, reached: bool) -> None:
        super().__init__(" ".join(reason.split())[:_REASON_CHARS])
        self.reached = reached


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: Of HTTP.
        body: Unpacked.
        retry_after_s: Seconds that the service wants to be left alone.
    """

    status: int
    body: bytes
    retry_after_s: float


class Connection:
    """A connection to one service, opened by the first request."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._http: httpx.Client | None = None
        self._reached = False

    def get(self, address: str) -> Answer:
        """Return the answer of an address; redirects are followed as far as they are safe.

        Raises:
            Failed: There is none.
            SourceError: It is too large, or stands where nobody should be sent.
        """
        import httpx

        if not self._reached and (fault := look_up(address, _CONNECT_S)):
            raise Failed(fault, reached=False)
        try:
            answer = self._followed(httpx.URL(address))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise Failed(str(error) or type(error).__name__, self._reached) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._reached = True
            raise Failed(str(error) or type(error).__name__, reached=True) from error
        self._reached = True
        return answer

    def close(self) -> None:
        """Close it; the next request opens it again."""
        if self._http:
            self._http.close()
            self._http = None

    def _followed(self, here: "httpx.URL") -> Answer:
        name = self._service.name
        for _ in range(_REDIRECTS + 1):
            with self._opened().stream("GET", here, headers=self._key(here)) as answer:
                if not answer.has_redirect_location:
                    return Answer(answer.status_code, self._body(answer), retry_after_s(answer.headers))
                there = here.join(answer.headers["location"])
            if fault := check_redirect(here, there):
                raise SourceError(f"{name} sends us on to {there.host}, {fault}: not followed. Try again later.")
            here = there
        raise SourceError(
            f"{name} sends us on more than {_REDIRECTS} times: not followed any further. Try again later."
        )

    def _body(self, answer: "httpx.Response") -> bytes:
        """Return the body of an answer, unpacked, unless it is too large or takes too long."""
        import httpx

        body, started = bytearray(), time.monotonic()
        for part in answer.iter_bytes():
            body += part
            if len(body) > _BODY_BYTES:
                limit = f"more than {_BODY_BYTES // 1024**2} MiB for one page"
                raise SourceError(f"{self._service.name} sent {limit}: not read any further. Ask for less.")
            if time.monotonic() - started > _ANSWER_S:
                raise httpx.ReadTimeout(f"the answer was not whole after {_ANSWER_S:.0f} s")
        return bytes(body)

    def _opened(self) -> "httpx.Client":
        import httpx

        if self._http is None:
            headers = {"User-Agent": f"paperchat/{version('paperchat')}"}
            timeout = httpx.Timeout(self._service.silence_s, connect=_CONNECT_S)
            self._http = httpx.Client(headers=headers, timeout=timeout, follow_redirects=False, verify=_certificates())
        return self._http

    def _key(self, address: "httpx.URL") -> dict[str, str]:
        """Return the header with the service's key, for its own host only."""
        import httpx

        service = self._service
        key = os.environ.get(service.key, "").strip() if service.key else ""
        if not key or address.host != httpx.URL(service.base_url).host:
            return {}
        return {service.key_header: service.key_form.format(key)}


@cache
def _certificates() -> "ssl.SSLContext":
    """Return whom to trust; reading that takes longer than a request."""
    import httpx

    return httpx.create_ssl_context()


def retry_after_s(headers: "httpx.Headers") -> float:
    """Return the seconds that a Retry-After header asks for, which may give them or a date; 0 for none.

    >>> import httpx
    >>> retry_after_s(httpx.Headers({"retry-after": "120"}))
    120.0
    >>> retry_after_s(httpx.Headers({"retry-after": "Mon, 01 Jan 2024 00:00:00 GMT"}))
    0.0
    """
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0
