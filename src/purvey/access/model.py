"""People, and what their roles let them do."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from purvey.tenants import Role


class Permission(StrEnum):
    """What a door may ask for: the eleven of C19, those that ruling 14 adds, and one that everybody has as a buyer."""

    VIEW_PRODUCTS = "ViewProducts"
    EDIT_PRODUCTS = "EditProducts"
    EDIT_PRODUCT_PRICE = "EditProductPrice"
    VIEW_BILLING_DETAILS = "ViewBillingDetails"
    EDIT_BILLING_DETAILS = "EditBillingDetails"
    MANAGE_REFUNDS = "ManageRefunds"
    APPROVE_REFUNDS = "ApproveRefunds"
    MANAGE_DISCOUNTS = "ManageDiscounts"
    MANAGE_MEMBERS = "ManageMembers"
    MANAGE_KEYS = "ManageKeys"
    MAKE_PURCHASES = "MakePurchases"
    PLATFORM_VIEW_BILLING = "PlatformAdminViewBillingDetails"
    PLATFORM_EDIT_BILLING = "PlatformAdminEditBillingDetails"
    PLATFORM_VIEW_SUBSCRIPTIONS = "PlatformAdminViewSubscriptions"
    PLATFORM_EDIT_SUBSCRIPTIONS = "PlatformAdminEditSubscriptions"
    PLATFORM_VIEW_TENANT_PRODUCTS = "PlatformAdminViewTenantProducts"
    PLATFORM_EDIT_TENANT_PRODUCTS = "PlatformAdminEditTenantProducts"


P = Permission
FIVE = frozenset(
    {
        P.VIEW_PRODUCTS,
        P.EDIT_PRODUCTS,
        P.EDIT_PRODUCT_PRICE,
        P.VIEW_BILLING_DETAILS,
        P.EDIT_BILLING_DETAILS,
    }
)
MANAGER = FIVE | {P.MANAGE_REFUNDS, P.APPROVE_REFUNDS, P.MANAGE_DISCOUNTS}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.OWNER: MANAGER | {P.MANAGE_MEMBERS, P.MANAGE_KEYS},
    Role.MANAGER: MANAGER,
    Role.EDITOR: frozenset({P.VIEW_PRODUCTS, P.EDIT_PRODUCTS}),
    Role.SUPPORT: frozenset({P.VIEW_PRODUCTS, P.VIEW_BILLING_DETAILS, P.APPROVE_REFUNDS}),
    Role.VIEWER: frozenset({P.VIEW_PRODUCTS}),
}
OWN = frozenset({P.MAKE_PURCHASES})  # of every person, whatever their role; a key has it only when it was given
PLATFORM = frozenset(permission for permission in P if permission.startswith("PlatformAdmin"))


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking, and what they may do in the tenant that this door is about.

    `site_id` and `tenant_id` are the scope, when the path names one that exists; `role` is the person's in it.
    `scopes` limits an API key, and `key_tenant_id` too when it was made for one tenant; None for a person's own
    session. `wallet` is the address that an agent signed in with, and `signed` says that it signed this very request.
    `address` and `request_id` are for the audit log.
    """

    user_id: UUID
    email: str | None
    email_verified: bool
    username: str
    display_name: str
    is_admin: bool
    credential: bytes
    scopes: frozenset[str] | None = None
    key_tenant_id: UUID | None = None
    tenant_id: UUID | None = None
    role: Role | None = None
    wallet: str | None = None
    signed: bool = False
    address: str | None = None
    request_id: str | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything this credential may do in the scope of the door."""
        return self.permissions_as(self.role)

    def permissions_as(self, role: Role | None) -> frozenset[Permission]:
        """The same, had they this role."""
        own = OWN | (ROLE_PERMISSIONS[role] if role else frozenset())
        if self.is_admin:
            own = frozenset(Permission)
        return own if self.scopes is None else frozenset(p for p in own if p in self.scopes)

    @property
    def in_person(self) -> bool:
        """Whether this is a session of the person's own, and no key they gave to a program."""
        return self.scopes is None

    @property
    def belongs(self) -> bool:
        """Whether the scope is theirs to know of: a member's, or anyone's for a platform admin."""
        return self.tenant_id is not None and (self.role is not None or self.is_admin)


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who acts, in any number of tenants. `email` is kept in lower case."""

    id: UUID
    email: str | None
    email_verified_at: datetime | None
    username: str
    display_name: str
    avatar_url: str | None
    is_admin: bool
    created_at: datetime


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Thirty days in which one browser or program is taken for a person."""

    id: UUID
    user_id: UUID
    token_hash: bytes
    created_at: datetime
    expires_at: datetime
    address: str | None
    agent: str | None


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """What a person gives to a program: some of what they may do, in one tenant or in all of theirs."""

    id: UUID
    tenant_id: UUID | None
    name: str
    prefix: str
    scopes: list[Permission]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class Purpose(StrEnum):
    """What a token in a mail is good for, once."""

    VERIFY_EMAIL = "verify-email"
    RESET_PASSWORD = "reset-password"


class Visit(msgspec.Struct, frozen=True):
    """Where a request comes from: the network address, and what the browser calls itself."""

    address: str
    agent: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log."""

    id: UUID
    tenant_id: UUID | None
    actor_id: UUID | None
    actor_name: str | None
    action: str
    subject_type: str
    subject_id: str
    detail: dict[str, Any]
    address: str | None
    request_id: str | None
    at: datetime
