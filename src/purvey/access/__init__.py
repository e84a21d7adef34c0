"""Access: who is asking, and which doors they may use."""

from purvey.access.model import ROLE_PERMISSIONS, Identity, Permission
from purvey.access.store import identify

__all__ = ["ROLE_PERMISSIONS", "Identity", "Permission", "identify"]
