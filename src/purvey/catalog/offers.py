"""An offer: whatever is being bought, seen alike. Read in one statement with the buyer's own standing by purchases."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey.catalog.bundles import AVAILABLE_FROM, AVAILABLE_UNTIL, PARTS, WHOLE
from purvey.catalog.stock import Shelf
from purvey.kit.db import Queries
from purvey.kit.money import Money
from purvey.pricing import QuantityTransform, Rounding, Tax, Terms

BUNDLE = "BUNDLE"
BY_HAND = {"MERCHANDISE": "shippingAddress", "COMMISSION_SLOT": "brief"}  # what each asks of its buyer


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A product at a price, or a chapter, as it is sold at this moment.

    `on_sale`: active, neither withdrawn nor suspended, and so is every member of a bundle; its time is theirs, too.
    `shelves` has a row for each limited product that a sale would take from. `minimum_amount` is set for
    pay-what-you-want alone. Amounts are minor units for one unit.
    """

    item_type: str
    item_id: UUID
    tenant_id: UUID
    site_id: UUID
    name: str
    product_type: str | None
    price_version_id: UUID | None
    unit_amount: int
    currency: str
    divide_by: int | None
    round: str | None
    recurring: bool
    by_invoice: bool
    minimum_amount: int | None
    on_sale: bool
    available_from: datetime | None
    available_until: datetime | None
    wants_verified_email: bool
    license_text: str | None
    tax_rate_bps: int
    tax_inclusive: bool
    member_ids: list[UUID]
    shelves: list[Shelf]

    @property
    def by_hand(self) -> bool:
        """Whether the author fulfils it; everything else is digital and owned once."""
        return self.product_type in BY_HAND

    def terms(self, *, quantity: int = 1, chosen_amount: int | None = None) -> Terms:
        """The offer as somebody asks for it, before any discount."""
        transform = None
        if self.divide_by is not None and self.round is not None:
            transform = QuantityTransform(divide_by=self.divide_by, round=Rounding(self.round))
        return Terms(
            unit_amount=Money(self.unit_amount, self.currency),
            quantity=quantity,
            transform=transform,
            minimum_amount=None if self.minimum_amount is None else Money(self.minimum_amount, self.currency),
            chosen_amount=None if chosen_amount is None else Money(chosen_amount, self.currency),
            tax=Tax(rate_bps=self.tax_rate_bps, inclusive=self.tax_inclusive),
        )


# A product at the price that $2 names, or at its default; no row when there is no such product or price.
PRODUCT_OFFER = f"""
select 'product' as item_type, p.id as item_id, p.tenant_id, p.site_id, p.name, p.product_type,
    v.id as price_version_id, v.amount as unit_amount, v.currency, v.divide_by, v.round,
    v.recurring_interval is not null as recurring, p.payment_integration = 'invoice' as by_invoice,
    case when p.is_pay_what_you_want then p.minimum_amount end as minimum_amount,
    p.is_active and p.deleted_at is null and p.suspended_at is null and pr.archived_at is null
        and {WHOLE} as on_sale,
    {AVAILABLE_FROM} as available_from, {AVAILABLE_UNTIL} as available_until,
    s.verified_email_for_limited as wants_verified_email,
    case when p.license_enabled then p.license_text end as license_text,
    t.tax_rate_bps, t.tax_inclusive,
    members.ids as member_ids,
    coalesce((
        select jsonb_agg(to_jsonb(k) order by k.product_id)
        from stock k
        join products l on l.id = k.product_id and l.is_limited
        where k.product_id = any(members.ids || p.id)
    ), '[]') as shelves
from products p
join prices pr on pr.product_id = p.id and case when $2::uuid is null then pr.is_default else pr.id = $2 end
join price_versions v on v.id = pr.current_version_id
join sites s on s.id = p.site_id
join tenants t on t.id = p.tenant_id
{PARTS}
cross join lateral (
    select array(select member_id from bundle_members where bundle_id = p.id order by member_id) as ids
) as members
where p.id = $1
"""


async def find_offer(db: Queries, product_id: UUID, price_id: UUID | None = None) -> Offer | None:
    """A product at a price, its default one when none is named; None when there is no such product or price."""
    return await db.maybe(Offer, PRODUCT_OFFER, product_id, price_id)
