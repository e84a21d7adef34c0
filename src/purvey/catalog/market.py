"""What can be bought with USDC, across every shop (B1, B2). The list and the detail are one statement each.

A product stands here by one of its prices (`rules.usdc_price_of`), which its row names. What comes after the purchase
is never read.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from purvey.catalog.bundles import AVAILABLE_FROM, AVAILABLE_UNTIL, PARTS, REMAINING, WHOLE
from purvey.catalog.cover import IMAGE
from purvey.catalog.model import Category, ProductType
from purvey.catalog.search import words_of
from purvey.kit.db import Queries
from purvey.kit.errors import NotFound
from purvey.kit.money import USDC
from purvey.kit.pages import Asked, Order
from purvey.pricing import Tax, paid_for


class NoSuchProduct(NotFound):
    """No product has this id, or none that may be seen by who asks."""

    code = "product_not_found"


class WayToPay(msgspec.Struct, frozen=True, kw_only=True):
    """By which of its prices a product is paid in USDC, and where to; None where its seller named no wallet."""

    product_id: UUID
    site_id: UUID
    name: str
    price_id: UUID
    sku: str
    payout_wallet: str | None


class MarketProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product with its one price in USDC, in minor units, and whose it is. `remaining` is of limited ones.

    `is_complete`: everything in it is on sale. Tax is inside of the price, or comes on top; `price_with_tax` is paid.
    `has_wallet`: its seller has said where USDC goes.
    """

    id: UUID
    name: str
    slug: str
    description: str | None
    product_type: ProductType
    category: Category
    price: int
    price_id: UUID
    tax_rate_bps: int
    tax_inclusive: bool
    is_pay_what_you_want: bool
    minimum_amount: int
    is_limited: bool
    total_quantity: int | None
    remaining: int | None
    is_complete: bool
    available_from: datetime | None
    available_until: datetime | None
    image_url: str | None
    has_file: bool
    has_wallet: bool
    site_slug: str
    creator_id: UUID
    username: str
    display_name: str
    avatar_url: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def price_with_tax(self) -> int:
        return paid_for(self.price, USDC, Tax(rate_bps=self.tax_rate_bps, inclusive=self.tax_inclusive))


class KeptProduct(MarketProduct, frozen=True, kw_only=True):
    """The same with what only its team and buyers may know. `is_default_price`: agents pay its default price."""

    site_id: UUID
    is_default_price: bool
    is_active: bool
    suspended_at: datetime | None
    suspended_reason: str | None
    sold_count: int
    thank_you_message: str | None
    redirect_url: str | None
    use_redirect_url: bool
    license_enabled: bool
    license_text: str | None
    version: int


COLUMNS = f"""
    p.id, p.name, p.slug, p.description, p.product_type, p.category,
    v.amount as price, r.id as price_id,
    t.tax_rate_bps, t.tax_inclusive or p.is_pay_what_you_want as tax_inclusive,
    p.is_pay_what_you_want, p.minimum_amount,
    p.is_limited, p.total_quantity, {REMAINING} as remaining, {WHOLE} as is_complete,
    {IMAGE} as image_url,
    exists (
        select
        from product_files f
        where f.product_id in (select p.id union all select member_id from bundle_members where bundle_id = p.id)
            and f.removed_at is null
    ) as has_file,
    s.payout_wallet is not null as has_wallet,
    s.slug as site_slug, u.id as creator_id, u.username, u.display_name, u.avatar_url,
    p.created_at, p.updated_at
"""
SOLD_FOR_USDC = f"""
from products p
join sites s on s.id = p.site_id
join tenants t on t.id = s.tenant_id
join users u on u.id = s.created_by
join prices r on r.id = p.usdc_price_id
join price_versions v on v.id = r.current_version_id
left join stock k on k.product_id = p.id and p.is_limited
{PARTS}
"""
ON_MARKET = f"""
select {COLUMNS}, {AVAILABLE_FROM} as available_from, {AVAILABLE_UNTIL} as available_until
{SOLD_FOR_USDC}
where p.usdc_price_id is not null
    and p.is_active
    and p.deleted_at is null
    and p.suspended_at is null
    and not p.is_system
    and p.payment_integration = 'gateway'
"""

# The same for those who keep it, on sale or not, with its own dates.
KEPT = f"""
select {COLUMNS}, p.available_from, p.available_until,
    p.site_id, r.is_default as is_default_price, p.is_active, p.suspended_at, p.suspended_reason,
    coalesce(k.sold, p.sold_count) as sold_count, p.thank_you_message, p.redirect_url, p.use_redirect_url,
    p.license_enabled, p.license_text, p.version
{SOLD_FOR_USDC}
where p.usdc_price_id is not null
    and p.deleted_at is null
    and not p.is_system
"""

NEWEST: Order[Any] = Order("market", ("p.id",), (UUID,), lambda product: (product.id,), descending=True)
ONE = f"{ON_MARKET} and p.id = $1"
KEPT_ONE = f"{KEPT} and p.id = $1"

# A page of what somebody keeps, on every site whose team they are in.
KEPT_BY = f"""
{KEPT}
    and exists (
        select
        from memberships m
        where m.tenant_id = p.tenant_id
            and m.user_id = $1
            and (m.site_ids is null or p.site_id = any(m.site_ids))
    )
    and {NEWEST.beyond(2)}
order by {NEWEST.by}
limit $3
"""

# What may be asked for besides.
ASKED_FOR: Mapping[str, str] = {
    "username": "u.username = {}",
    "category": "p.category = {}",
    "q": "p.searchable @@ to_tsquery('simple', {})",
}


@cache
def listed(*filters: str) -> str:
    """A page of what is on sale at the time $1, beyond the place $2, by what else is asked for from $4 on."""
    asked_for = "".join(f" and {each.format(f'${at}')}" for at, each in enumerate(filters, start=4))
    return f"""
{ON_MARKET}
    and {WHOLE}
    and coalesce({AVAILABLE_FROM} <= $1, true)
    and coalesce({AVAILABLE_UNTIL} > $1, true)
    and {NEWEST.beyond(2)}
    {asked_for}
order by {NEWEST.by}
limit $3
"""


async def market_page(
    db: Queries,
    *,
    asked: Asked,
    username: str | None = None,
    category: Category | None = None,
    q: str | None = None,
    now: datetime,
) -> list[MarketProduct]:
    """What is on sale for USDC, the newest first; one row more than the page holds when there is more."""
    wanted = {"username": username and username.lower(), "category": category, "q": words_of(q)}
    filters = {ASKED_FOR[name]: value for name, value in wanted.items() if value is not None}
    return await db.rows(MarketProduct, listed(*filters), now, *asked.place(NEWEST), asked.limit, *filters.values())


async def market_product(db: Queries, product_id: UUID) -> MarketProduct:
    """A product that is sold for USDC, or was, or will be; NoSuchProduct."""
    return there(await db.maybe(MarketProduct, ONE, product_id))


async def kept_page(db: Queries, user_id: UUID, *, asked: Asked) -> list[KeptProduct]:
    """What somebody's teams sell for USDC, the newest first; one row more than the page holds when there is more."""
    return await db.rows(KeptProduct, KEPT_BY, user_id, *asked.place(NEWEST), asked.limit)


async def kept_product(db: Queries, product_id: UUID) -> KeptProduct:
    """A product for those who keep it; NoSuchProduct. Whether the asker does is for the door to ask."""
    return there(await db.maybe(KeptProduct, KEPT_ONE, product_id))


P = TypeVar("P", bound=MarketProduct)


def there(product: P | None) -> P:
    if product is None:
        raise NoSuchProduct("No product has this id, or it has no price in USDC")
    return product


# How a product is paid in USDC, whether or not it can be bought now.
WAY_TO_PAY = """
select p.id as product_id, p.site_id, p.name, r.id as price_id, r.sku, s.payout_wallet
from products p
join sites s on s.id = p.site_id
join prices r on r.id = p.usdc_price_id
where p.id = $1
    and not p.is_system
"""


async def way_to_pay(db: Queries, product_id: UUID) -> WayToPay:
    """How a product is paid in USDC; NoSuchProduct when it is not."""
    found = await db.maybe(WayToPay, WAY_TO_PAY, product_id)
    if found is None:
        raise NoSuchProduct("No product has this id, or it is not sold for USDC")
    return found
