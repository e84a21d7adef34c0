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
    """A public storefront of a tenant. `slug_may_change` once, where a wallet named it."""

    id: UUID
    tenant_id: UUID
    slug: str
    slug_may_change: bool
    name: str
    description: str | None
    currency: str
    refund_window_days: int
    sale_notice: bool
    verified_email_for_limited: bool
    payout_wallet: str | None
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    version: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of a tenant's team. `site_ids` limits the role to some of its sites; None is all, and the tenant."""

    tenant_id: UUID
    user_id: UUID
    role: Role
    site_ids: list[UUID] | None
    created_at: datetime
    username: str
    display_name: str
    email: str | None
    avatar_url: str | None


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a tenant's team, offered to whoever owns an e-mail address, for seven days."""

    id: UUID
    tenant_id: UUID
    email: str
    role: Role
    site_ids: list[UUID] | None
    invited_by: UUID
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
