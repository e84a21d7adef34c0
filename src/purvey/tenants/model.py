"""A tenant, its sites, and the roles of its members."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class Role(StrEnum):
    OWNER = "OWNER"
    MANAGER = "MANAGER"
    EDITOR = "EDITOR"
    SUPPORT = "SUPPORT"
    VIEWER = "VIEWER"


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """Whose books these are. `tax_rate_bps` is in hundredths of a percent."""

    id: UUID
    name: str
    is_personal: bool
    is_platform: bool
    tax_rate_bps: int
    tax_inclusive: bool
    limits: dict[str, Any]
    created_at: datetime


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A public storefront of a tenant."""

    id: UUID
    tenant_id: UUID
    slug: str
    name: str
    description: str | None
    currency: str
    refund_window_days: int
    sale_notice: bool
    verified_email_for_limited: bool
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    version: int
