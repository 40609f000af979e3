"""Questions to one service in, its pages out: asked for politely, kept on disk, and not asked for twice.

Knows nothing of papers.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from index.errors import SourceError
from index.sources.live.address import check_service
from index.sources.live.connection import Connection, Failed
from index.sources.live.pages import Pages, pages_folder
from index.sources.live.service import Service
from index.sources.live.turn import turn

if TYPE_CHECKING:
    from tenacity import RetryCallState

TRIES = 6
TRIES_UNREACHED = 2
"""Tries of a service that was not reached at all: more would only make people wait for the message."""
LONGEST_WAIT_S = 300.0
"""A service that wants a longer pause is not waited for."""
_LONGEST_BACKOFF_S = 60.0
_SAID_CHARS = 200
_OFF = ("", "0", "false", "no", "off")
_TEMPORARY = {408, 425, 429, 500, 502, 503, 504}

Page = TypeVar("Page")


class Unfit(Exception):
    """An answer is not what was asked for, and may be when it is asked for again; the message says what it is."""


class Unanswered(SourceError):
    """A service gave no usable answer, however often it was asked.

    Attributes:
        unfit: It did answer, but not with what was asked for.
    """

    def __init__(self, message: str, unfit: bool) -> None:
        super().__init__(message)
        self.unfit = unfit


class _Again(Exception):
    """A request failed in a way that may pass."""

    def __init__(self, reason: str, after_s: float = 0.0, reached: bool = True, unfit: bool = False) -> None:
        super().__init__(reason)
        self.after_s = after_s
        self.reached = reached
        self.unfit = unfit


class Client:
    """Asks one service for pages.

    Args:
        service: Which one.
        offline: Make no connection, and give pages that were kept, however old they are; the environment's
            PAPERCHAT_OFFLINE=1 says the same.
        sleep: Waits.
        say: Is told in a few words why nothing happens for a while.

    Raises:
        SourceError: The folder for pages cannot be written, or the service's address is not one that may be asked.
    """

    def __init__(
        self,
        service: Service,
        offline: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        say: Callable[[str], None] = lambda note: None,
    ) -> None:
        check_service(service.base_url)
        self.service = service
        self._offline = offline or os.environ.get("PAPERCHAT_OFFLINE", "").lower() not in (
            "",
            "0",
            "false",
            "no",
            "off",
        )
        self._sleep = sleep
        self._say = say
        self._folder = pages_folder() / service.folder
        try:
            self._pages = Pages(self._folder, service.fresh_s)
        except OSError as error:
            raise self._unwritable(error) from error
        self._connection = Connection(service)
        self._got = 0

    def get(
        self,
        params: Mapping[str, str],
        read: Callable[[bytes], Page],
        path: str = "",
        explain: Callable[[bytes], str] = lambda body: "",
    ) -> Page:
        """Return one page as `read` reads it: one that was kept, else asked for as often as it makes sense.

        Args:
            params: Of the question.
            read: Makes a page of a body; raises `Unfit` for one that should be asked for again. Only what it takes
                is kept.
            path: Follows the service's base address.
            explain: Finds what the service says about a question that it refuses, "" for nothing.

        Raises:
            Unanswered: The service gave no usable answer.
            SourceError: It cannot be reached, refuses the question, wants too long a pause, or is not to be asked.
        """
        address = self._address(params, path)
        page = self._kept(address, read)
        if page is None:
            if self._offline:
                raise SourceError(
                    f"paperchat is offline, and what {self.service.name} should be asked for was not kept"
                    f"{self._so_far()}. Run it once with a connection, without --offline and PAPERCHAT_OFFLINE."
                )
            page = self._asked(address, read, explain)
        self._got += 1
        return page

    def forget(self, params: Mapping[str, str], path: str = "") -> None:
        """Delete a page that was kept, so that it is asked for anew."""
        self._pages.forget(self._address(params, path))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _address(self, params: Mapping[str, str], path: str) -> str:
        import httpx

        return str(httpx.URL(self.service.base_url + path, params=dict(params)))

    def _kept(self, address: str, read: Callable[[bytes], Page]) -> Page | None:
        body = self._pages.read(address, of_any_age=self._offline)
        try:
            return read(body) if body is not None else None
        except Unfit:
            self._pages.forget(address)
            return None

    def _asked(self, address: str, read: Callable[[bytes], Page], explain: Callable[[bytes], str]) -> Page:
        """Ask until there is a page that `read` takes, and keep it."""
        from tenacity import Retrying, retry_if_exception_type

        retrying = Retrying(
            sleep=self._sleep,
            stop=_is_enough,
            wait=self._wait_s,
            retry=retry_if_exception_type(_Again),
            before_sleep=self._tell_wait,
            reraise=True,
        )
        try:
            got: tuple[bytes, Page] = retrying(self._try, address, read, explain)
            self._pages.keep(address, got[0])
        except _Again as error:
            if error.reached:
                tries = retrying.statistics["attempt_number"]
                raise Unanswered(
                    f"{self.service.name} gave no usable answer in {tries} tries: {error}{self._so_far()}. Run the "
                    f"same command again later{self._hint()}.",
                    error.unfit,
                ) from error
            raise SourceError(
                f"{self.service.name} cannot be reached: {error}{self._so_far()}. Check the connection and run the "
                "same command again."
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        return got[1]

    def _try(self, address: str, read: Callable[[bytes], Page], explain: Callable[[bytes], str]) -> tuple[bytes, Page]:
        """Ask once, when it is one's turn."""
        with turn(self._folder, self.service.pause_s, LONGEST_WAIT_S, self._sleep, self._tell_turn) as mine:
            try:
                answer = self._connection.get(address)
            except Failed as error:
                raise _Again(str(error), reached=error.reached) from error
            temporary = answer.status in _TEMPORARY
            if temporary:
                mine.hold_off(min(answer.retry_after_s, LONGEST_WAIT_S))
        if temporary and answer.retry_after_s > LONGEST_WAIT_S:
            raise SourceError(
                f"{self.service.name} wants to be left alone for {answer.retry_after_s:,.0f} seconds{self._so_far()}. "
                f"Run the same command again after that{self._hint()}."
            )
        if temporary:
            raise _Again(f"HTTP {answer.status}{_said(explain(answer.body))}", answer.retry_after_s)
        if answer.status != 200:
            raise SourceError(self._refusal(answer.status, _said(explain(answer.body))))
        try:
            return answer.body, read(answer.body)
        except Unfit as error:
            raise _Again(str(error), unfit=True) from error

    def _wait_s(self, state: "RetryCallState") -> float:
        """Return how long the service wants us to wait, or a random time that grows (full jitter), if that is more."""
        from tenacity import wait_random_exponential

        jitter = wait_random_exponential(multiplier=self.service.backoff_s, max=_LONGEST_BACKOFF_S)
        return max(_error_of(state).after_s, jitter(state))

    def _tell_wait(self, state: "RetryCallState") -> None:
        seconds = state.next_action.sleep if state.next_action else 0.0
        self._say(f"{self.service.name}: {_error_of(state)}; asked again in {seconds:.0f} s")

    def _tell_turn(self) -> None:
        self._say(f"waiting for another process that asks {self.service.name}")

    def _so_far(self) -> str:
        """Return what was not in vain."""
        if not self._got:
            return ""
        return f" ({self._got} pages that it gave are kept, and will not be asked for again)"

    def _refusal(self, status: int, said: str) -> str:
        text = f"{self.service.name} refuses the question with HTTP {status}{said}{self._so_far()}."
        return f"{text} Change it, or run the same command again later{self._hint()}."

    def _hint(self) -> str:
        """Return that a key may help, where the service knows keys and none was given."""
        key = self.service.key
        return f", or set {key} to a key of yours" if key and not os.environ.get(key) else ""

    def _unwritable(self, error: OSError) -> SourceError:
        reason = f"Cannot write to {self._folder}: {error.strerror}"
        return SourceError(f"{reason}. Make room, or set PAPERCHAT_CACHE to another folder.")


def _is_enough(state: "RetryCallState") -> bool:
    return state.attempt_number >= (TRIES if _error_of(state).reached else TRIES_UNREACHED)


def _error_of(state: "RetryCallState") -> _Again:
    """Return why a request failed."""
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, _Again) else _Again(str(error))


def _said(text: str) -> str:
    """Return what a service says of it, to follow a status."""
    text = " ".join(text.split())[:_SAID_CHARS].rstrip(" .")
    return f" (“{text}”)" if text else ""
