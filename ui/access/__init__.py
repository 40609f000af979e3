"""Who may come in: the gate in front of every face, its rules, and the name of who asks."""

from ui.access.gate import Gate
from ui.access.rules import Access
from ui.access.users import Users
from ui.access.visitors import at_home, visitor

__all__ = ["Access", "Gate", "Users", "at_home", "visitor"]
