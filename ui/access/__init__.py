"""Who may come in: the gate in front of every face, and the name of who asks."""

from ui.access.gate import Gate
from ui.access.visitors import visitor

__all__ = ["Gate", "visitor"]
