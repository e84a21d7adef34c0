"""People, and what their roles let them do."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import msgspec

from purvey.tenants import Role


class Permission(StrEnum):
    """What a door may ask for: the eleven of C19, and those that ruling 14 adds."""

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
PLATFORM = frozenset(permission for permission in P if permission.startswith("PlatformAdmin"))


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking, and what they may do in the tenant that this door is about.

    `site_id` and `tenant_id` are the scope, when the path names one that exists; `role` is the person's in it.
    `scopes` limits an API key; None for a person's own session. `address` and `request_id` are for the audit log.
    """

    user_id: UUID
    email: str | None
    email_verified: bool
    username: str
    display_name: str
    is_admin: bool
    credential: bytes
    scopes: frozenset[str] | None = None
    tenant_id: UUID | None = None
    role: Role | None = None
    address: str | None = None
    request_id: str | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything this credential may do in the scope of the door."""
        own = ROLE_PERMISSIONS[self.role] if self.role else frozenset()
        if self.is_admin:
            own = frozenset(Permission)
        return own if self.scopes is None else frozenset(p for p in own if p in self.scopes)

    @property
    def belongs(self) -> bool:
        """Whether the scope is theirs to know of: a member's, or anyone's for a platform admin."""
        return self.tenant_id is not None and (self.role is not None or self.is_admin)
