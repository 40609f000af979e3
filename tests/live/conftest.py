"""Services of this machine in place of those of the web, a cache of the test's own, and waiting that takes no time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index.paper import Paper
from index.sources import LeftOut, Selection
from index.sources.live import records
from index.sources.live.service import SERVICES
from tests.live.services import Arxiv, Days, entries, serving


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache folder of this test; the network may be asked, but no proxy."""
    monkeypatch.setenv("PAPERCHAT_CACHE", str(tmp_path / "cache"))
    for name in (
        "PAPERCHAT_OFFLINE",
        "OPENALEX_API_KEY",
        "S2_API_KEY",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what puts a service of this machine in place of one of the web."""

    def put(kind: str, days: Days, page: int = 10, **values: float | str) -> None:
        changes: dict[str, Any] = {"pause_s": 0.0, **values}
        service = replace(SERVICES[kind], base_url=days.url, page=page, **changes)
        monkeypatch.setitem(SERVICES, kind, service)

    return put


@pytest.fixture
def arxiv(put: Callable[..., None]) -> Iterator[Days]:
    """Return arXiv with 45 papers, ten a page."""
    with serving(Days(Arxiv(entries(45)), "application/atom+xml; charset=utf-8")) as days:
        put("arxiv", days)
        yield days


class Harvest:
    """What came of asking: papers, what was left out, how long was waited, and what was told."""

    def __init__(
        self, source: str, selection: Selection | None = None, offline: bool = False, changed_since: str | None = None
    ) -> None:
        self.waits: list[float] = []
        self.told: list[str] = []
        self.papers: list[Paper] = []
        self.left_out: list[LeftOut] = []
        self.records = records(
            source, selection, self._tell, offline=offline, changed_since=changed_since, sleep=self.waits.append
        )

    def all(self) -> "Harvest":
        for each in self.records:
            if isinstance(each, Paper):
                self.papers.append(each)
            else:
                self.left_out.append(each)
        return self

    def _tell(self, source: str, records: int, taken: int) -> None:
        self.told.append(source)
