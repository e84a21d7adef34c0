"""What the doors of tenants take and show, in the words of the wire."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from purvey.kit.absolute import whole
from purvey.kit.addresses import Address
from purvey.kit.fields import CurrencyCode, Time
from purvey.kit.ids import Id
from purvey.kit.versions import Version
from purvey.tenants.model import Invitation, Member, Role, Site, Tenant

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Description = Annotated[str, Meta(max_length=5000)]
Slug = Annotated[str, Meta(min_length=3, max_length=60)]
TaxRate = Annotated[int, Meta(ge=0, le=10_000, description="Hundredths of a percent: 1900 is 19 %.")]
Days = Annotated[int, Meta(ge=0, le=3650)]
Sites = Annotated[list[Id], Meta(min_length=1, max_length=100)]


class Form(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A body; a field that is not one of its own is refused with its name."""


class CreateTenant(Form):
    name: Name
    tax_rate_bps: TaxRate = 0
    tax_inclusive: bool = False


class ChangeTenant(Form):
    name: Name | UnsetType = UNSET
    tax_rate_bps: TaxRate | UnsetType = UNSET
    tax_inclusive: bool | UnsetType = UNSET

    id: Id | UnsetType = UNSET
    is_personal: Any = UNSET
    created_at: Time | UnsetType = UNSET


class CreateSite(Form):
    """Without `tenantId` the site goes to one's personal tenant, which is made at the first."""

    slug: Slug
    name: Name
    currency_code: CurrencyCode
    description: Description | None = None
    tenant_id: Id | None = None


class ChangeSite(Form):
    """`refundWindowDays`: how long buyers may ask for their money; `saleNotice`: mail the author at each sale.

    `slug` can be changed once, where a wallet's address named the site. `payoutWallet` is where what is paid in USDC
    goes; it takes an owner in person.
    """

    slug: Slug | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    refund_window_days: Days | UnsetType = UNSET
    sale_notice: bool | UnsetType = UNSET
    verified_email_for_limited: bool | UnsetType = UNSET
    payout_wallet: Address | UnsetType | None = UNSET
    version: Version | UnsetType = UNSET

    id: Id | UnsetType = UNSET
    tenant_id: Id | UnsetType = UNSET
    slug_may_change: Any = UNSET
    currency_code: Any = UNSET
    created_at: Time | UnsetType = UNSET

    updated_at: Any = UNSET


class Invite(Form):
    """`siteIds` limits the role to some of the tenant's sites."""

    email: Annotated[str, Meta(min_length=3, max_length=254)]
    role: Role
    site_ids: Sites | None = None


class AcceptInvitation(Form):
    token: Annotated[str, Meta(min_length=1, max_length=200)]


class ChangeMember(Form):
    role: Role
    site_ids: Sites | UnsetType | None = UNSET

    tenant_id: Id | UnsetType = UNSET
    user_id: Id | UnsetType = UNSET
    username: Any = UNSET
    display_name: Any = UNSET
    email: Any = UNSET
    avatar_url: Any = UNSET
    joined_at: Time | UnsetType = UNSET


TENANT_READ_ONLY = ("id", "is_personal", "created_at")
SITE_READ_ONLY = ("id", "tenant_id", "slug_may_change", "currency_code", "created_at")
MEMBER_READ_ONLY = ("tenant_id", "user_id", "username", "display_name", "email", "avatar_url", "joined_at")


class TenantView(msgspec.Struct, rename="camel", kw_only=True):
    id: UUID
    name: str
    is_personal: bool
    tax_rate_bps: int
    tax_inclusive: bool
    created_at: datetime


class SiteView(msgspec.Struct, rename="camel", kw_only=True):
    id: UUID
    tenant_id: UUID
    slug: str
    slug_may_change: bool
    name: str
    description: str | None
    currency_code: str
    refund_window_days: int
    sale_notice: bool
    verified_email_for_limited: bool
    payout_wallet: str | None
    created_at: datetime
    updated_at: datetime
    version: int


class MemberView(msgspec.Struct, rename="camel", kw_only=True):
    tenant_id: UUID
    user_id: UUID
    username: str
    display_name: str
    email: str | None
    avatar_url: str | None
    role: Role
    site_ids: list[UUID] | None
    joined_at: datetime

    def whole_at(self, base_url: str) -> Self:
        return msgspec.structs.replace(self, avatar_url=whole(self.avatar_url, base_url))


class InvitationView(msgspec.Struct, rename="camel", kw_only=True):
    id: UUID
    tenant_id: UUID
    email: str
    role: Role
    site_ids: list[UUID] | None
    invited_by: UUID
    created_at: datetime
    expires_at: datetime


def tenant_view(tenant: Tenant) -> TenantView:
    return msgspec.convert(tenant, TenantView, from_attributes=True)


def site_view(site: Site) -> SiteView:
    return SiteView(
        id=site.id,
        tenant_id=site.tenant_id,
        slug=site.slug,
        slug_may_change=site.slug_may_change,
        name=site.name,
        description=site.description,
        currency_code=site.currency,
        refund_window_days=site.refund_window_days,
        sale_notice=site.sale_notice,
        verified_email_for_limited=site.verified_email_for_limited,
        payout_wallet=site.payout_wallet,
        created_at=site.created_at,
        updated_at=site.updated_at,
        version=site.version,
    )


def member_view(member: Member) -> MemberView:
    return MemberView(
        tenant_id=member.tenant_id,
        user_id=member.user_id,
        username=member.username,
        display_name=member.display_name,
        email=member.email,
        avatar_url=member.avatar_url,
        role=member.role,
        site_ids=member.site_ids,
        joined_at=member.created_at,
    )


def invitation_view(invitation: Invitation) -> InvitationView:
    return msgspec.convert(invitation, InvitationView, from_attributes=True)
