"""A request in, a table of papers to work with out."""

from typing import Any

from ui.page.desk import Desk, Updates, markup


class Lists:
    """The view of paper lists."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.table = markup("", "list")
        self.shown: list[Any] = [self.table]

    def show(self, request: str) -> Updates:
        """Return what becomes of the components, `shown`, when a list is asked for elsewhere."""
        return {self.table: ""}

    def connect(self) -> None:
        """Connect the components with what happens when they are used."""
