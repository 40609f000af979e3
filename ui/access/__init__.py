"""Who may come in: the gate in front of every face, its rules, and the name of who asks."""

from ui.access.gate import Gate
from ui.access.rules import NO_UPLOADS, Access
from ui.access.users import Users
from ui.access.visitors import at_home, may_upload, visitor

__all__ = ["NO_UPLOADS", "Access", "Gate", "Users", "at_home", "may_upload", "visitor"]
