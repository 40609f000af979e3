"""A request in, a table of papers to work with out."""

from ui.page.desk import Desk, markup


class Lists:
    """The view of paper lists."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.table = markup("", "list")

    def connect(self) -> None:
        """Connect the components with what happens when they are used."""
