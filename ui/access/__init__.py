"""Who may come in: the gate in front of every face, its rules, and the name of who asks."""

from ui.access.gate import Gate
from ui.access.rules import Access
from ui.access.users import Users
from ui.access.visitors import visitor

__all__ = ["Access", "Gate", "Users", "visitor"]
