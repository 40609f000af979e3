"""Questions to one service in, its pages out: asked for politely, kept on disk, and not asked for twice.

Knows nothing of papers.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from index.errors import SourceError
from index.sources.live.address import check_service
from index.sources.live.connection import Connection, Failed
from index.sources.live.pages import Pages, pages_folder
from index.sources.live.patience import Again, persist
from index.sources.live.service import Service
from index.sources.live.turn import turn

LONGEST_WAIT_S = 300.0
"""A service that wants a longer pause is not waited for."""
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
        self._offline = offline or os.environ.get("PAPERCHAT_OFFLINE", "").lower() not in _OFF
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
        """Ask until there is a page that `read` takes."""
        try:
            return persist(
                lambda: self._try(address, read, explain), self.service.backoff_s, self._sleep, self._tell_wait
            )
        except Again as error:
            if error.reached:
                raise Unanswered(
                    f"{self.service.name} gave no usable answer in {error.tries} tries: {error}{self._so_far()}. Run "
                    f"the same command again later{self._hint()}.",
                    error.unfit,
                ) from error
            raise SourceError(
                f"{self.service.name} cannot be reached: {error}{self._so_far()}. Check the connection and run the "
                "same command again."
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error

    def _try(self, address: str, read: Callable[[bytes], Page], explain: Callable[[bytes], str]) -> Page:
        """Ask once, when it is one's turn and no other process had the page meanwhile; keep what `read` takes."""
        with turn(self._folder, self.service.pause_s, LONGEST_WAIT_S, self._sleep, self._tell_turn) as mine:
            if (page := self._kept(address, read)) is not None:
                return page
            try:
                answer = self._connection.get(address)
            except Failed as error:
                raise Again(str(error), reached=error.reached) from error
            if answer.status == 200:
                try:
                    page = read(answer.body)
                except Unfit as error:
                    raise Again(str(error), unfit=True) from error
                self._pages.keep(address, answer.body)
                return page
            if answer.status in _TEMPORARY:
                mine.hold_off(min(answer.retry_after_s, LONGEST_WAIT_S))
        said = _said(explain(answer.body))
        if answer.status not in _TEMPORARY:
            raise SourceError(self._refusal(answer.status, said))
        if answer.retry_after_s > LONGEST_WAIT_S:
            raise SourceError(
                f"{self.service.name} wants to be left alone for {answer.retry_after_s:,.0f} seconds{self._so_far()}. "
                f"Run the same command again after that{self._hint()}."
            )
        raise Again(f"HTTP {answer.status}{said}", answer.retry_after_s)

    def _tell_wait(self, why: Again, seconds: float) -> None:
        self._say(f"{self.service.name}: {why}; asked again in {seconds:.0f} s")

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


def _said(text: str) -> str:
    """Return what a service says of it, to follow a status."""
    text = " ".join(text.split())[:_SAID_CHARS].rstrip(" .")
    return f" (“{text}”)" if text else ""
