"""The index in, what is in it out: a map of all papers, counts, and a way to add sources."""

from ui.page.desk import Desk, markup


class Corpus:
    """The view of the corpus."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.map = markup("", "map")

    def connect(self) -> None:
        """Connect the components with what happens when they are used."""
