"""Access: who is asking, and which doors they may use."""

from purvey.access.model import ROLE_PERMISSIONS, Identity, Permission
from purvey.access.store import identify
from purvey.kit.audit_log import audit, changes
from purvey.kit.throttles import throttle

__all__ = ["ROLE_PERMISSIONS", "Identity", "Permission", "audit", "changes", "identify", "throttle"]
