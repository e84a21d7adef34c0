"""The public shop: what buyers see of a site's products (A9, A10). Each page is one statement.

What only an owner may have (files, licence, thank-you message, redirect) is never read here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any, NamedTuple, Self
from uuid import UUID

import msgspec

from purvey.catalog.bundles import AVAILABLE_FROM, AVAILABLE_UNTIL, PARTS, REMAINING, WHOLE
from purvey.catalog.cover import IMAGE
from purvey.catalog.model import Category, Fulfilment, Kind, PaymentIntegration, ProductType, Recurring
from purvey.catalog.rules import fulfilment_of
from purvey.catalog.search import words_of
from purvey.catalog.views import preview_images
from purvey.catalog.ways import Tills, Way, ways_to_pay
from purvey.kit.absolute import whole, wholly
from purvey.kit.db import Queries, Record
from purvey.kit.errors import NotFound
from purvey.kit.pages import Asked, Order, Page, page_of
from purvey.pricing import QuantityTransform, Tax, paid_for


class Badge(StrEnum):
    """What a buyer should notice at a glance."""

    SALE = "sale"
    SCHEDULED = "scheduled"
    ENDED = "ended"
    UNAVAILABLE = "unavailable"  # a product in this bundle is not on sale
    LIMITED_STOCK = "limitedStock"
    SOLD_OUT = "soldOut"


class Sort(StrEnum):
    FEATURED = "featured"
    NEWEST = "newest"
    PRICE = "price"
    PRICE_DOWN = "-price"
    NAME = "name"
    BEST_SELLING = "best-selling"


class ShopProduct(msgspec.Struct, rename="camel"):
    """A product on the shelf. Its fields are in the order of SHELF's columns, but for the last two. `remaining` is of
    limited ones, and of bundles that hold one. `price_with_tax` is what is paid; `waysToPay` is empty while nobody can
    pay it here.
    """

    id: UUID
    name: str
    slug: str
    short_desc: str | None
    product_type: ProductType
    category: Category
    kind: Kind
    price: int
    compare_price: int | None
    currency_code: str
    price_id: UUID
    is_pay_what_you_want: bool
    minimum_amount: int
    is_featured: bool
    display_order: int
    available_from: datetime | None
    available_until: datetime | None
    created_at: datetime
    image_url: str | None
    cover_image_url: str | None
    remaining: int | None
    badges: list[Badge]
    tax_rate_bps: int
    tax_inclusive: bool
    price_with_tax: int
    ways_to_pay: list[Way]

    def whole_at(self, base_url: str) -> Self:
        return msgspec.structs.replace(
            self, image_url=whole(self.image_url, base_url), cover_image_url=whole(self.cover_image_url, base_url)
        )


class ShopPrice(msgspec.Struct, kw_only=True, rename="camel"):
    """One of its prices; `waysToPay` is empty while nobody can pay it here."""

    id: UUID
    sku: str
    amount: int
    amount_with_tax: int
    currency_code: str
    compare_at_amount: int | None
    recurring: Recurring | None
    quantity_transform: QuantityTransform | None
    is_default: bool
    ways_to_pay: list[Way] = []


class ShopFile(msgspec.Struct, kw_only=True, rename="camel"):
    """What a buyer will get; how to get it is told to owners alone."""

    file_name: str
    size_bytes: int
    mime_type: str


class ShopMedia(msgspec.Struct, kw_only=True, rename="camel"):
    media_type: str
    url: str
    external_url: str | None
    mime_type: str | None
    width: int | None
    height: int | None
    renditions: list[dict[str, Any]]

    def whole_at(self, base_url: str) -> Self:
        url = whole(self.url, base_url) or self.url
        return msgspec.structs.replace(self, url=url, renditions=wholly(self.renditions, base_url))


class ShopMember(msgspec.Struct, kw_only=True, rename="camel"):
    """A product that comes with a bundle; `is_available` when it can be had by itself now."""

    id: UUID
    name: str
    slug: str
    product_type: ProductType
    is_available: bool


class ShopProductDetail(msgspec.Struct, kw_only=True, rename="camel"):
    """A product as a buyer reads of it before buying. `price_with_tax` is what is paid: tax is inside of `price`, or on
    top of it; always inside where one pays what one wants.
    """

    id: UUID
    name: str
    slug: str
    short_desc: str | None
    description: str | None
    product_type: ProductType
    category: Category
    kind: Kind
    fulfilment: Fulfilment
    price: int
    compare_price: int | None
    currency_code: str
    tax_rate_bps: int
    tax_inclusive: bool
    price_with_tax: int
    price_id: UUID
    suggestion: int | None
    prices: list[ShopPrice]
    is_pay_what_you_want: bool
    minimum_amount: int
    is_featured: bool
    available_from: datetime | None
    available_until: datetime | None
    max_downloads: int | None
    max_per_buyer: int | None
    created_at: datetime
    updated_at: datetime
    image_url: str | None
    cover_image_url: str | None
    preview_images: list[str]
    remaining: int | None
    badges: list[Badge]
    media: list[ShopMedia]
    files: list[ShopFile]
    members: list[ShopMember]
    ways_to_pay: list[Way]

    def whole_at(self, base_url: str) -> Self:
        return msgspec.structs.replace(
            self,
            image_url=whole(self.image_url, base_url),
            cover_image_url=whole(self.cover_image_url, base_url),
            preview_images=[f"{base_url}{url}" for url in self.preview_images],
            media=[each.whole_at(base_url) for each in self.media],
        )


Ways = Callable[..., list[Way]]  # `ways_to_pay` of one site
NOT_TO_BE_HAD = frozenset({Badge.SCHEDULED, Badge.ENDED, Badge.UNAVAILABLE, Badge.SOLD_OUT})
WIDTH = len(ShopProduct.__struct_fields__) - 2  # what is paid, and how, is found out, not read
TAX = "t.tax_rate_bps, t.tax_inclusive or p.is_pay_what_you_want as tax_inclusive"

# How a product looks on the shelf at the time $2: first what `ShopProduct` holds, then what sorts and filters it.
ON_SHELF = f"""
select p.id, p.name, p.slug, p.short_desc, p.product_type, p.category, p.kind,
    v.amount as price, v.compare_at_amount as compare_price, v.currency as currency_code, r.id as price_id,
    p.is_pay_what_you_want, p.minimum_amount, p.is_featured, p.display_order,
    {AVAILABLE_FROM} as available_from, {AVAILABLE_UNTIL} as available_until, p.created_at,
    {IMAGE} as image_url, p.cover ->> 'url' as cover_image_url,
    {REMAINING} as remaining,
    array_remove(array[
        case when v.compare_at_amount > v.amount then 'sale' end,
        case when {AVAILABLE_FROM} > $2 then 'scheduled' end,
        case when {AVAILABLE_UNTIL} <= $2 then 'ended' end,
        case when not {WHOLE} then 'unavailable' end,
        case when {REMAINING} > 0 then 'limitedStock' when {REMAINING} <= 0 then 'soldOut' end
    ], null) as badges,
    p.usdc_price_id, p.payment_integration,
    v.recurring_interval is not null as is_recurring, (
        select array_agg(o.currency)
        from prices e
        join price_versions o on o.id = e.current_version_id
        where e.product_id = p.id
            and not e.is_default
            and e.archived_at is null
            and o.recurring_interval is null
    ) as currencies,
    p.name_key,
    p.default_amount, p.sold_count, p.site_id, p.searchable
from products p
join prices r on r.product_id = p.id and r.is_default
join price_versions v on v.id = r.current_version_id
left join stock k on k.product_id = p.id and p.is_limited
{PARTS}
where p.is_active
    and p.deleted_at is null
    and p.suspended_at is null
    and not p.is_system
"""
READ = ShopProduct.__struct_fields__[: WIDTH - 2]
PAID_BY = ("usdc_price_id", "payment_integration", "is_recurring", "currencies")
SORTED_BY = ("name_key", "default_amount", "sold_count")
COLUMNS = ", ".join([*(f"p.{name}" for name in READ), TAX, *(f"p.{name}" for name in (*PAID_BY, *SORTED_BY))])

ORDERS: Mapping[Sort, Order[Record]] = {
    Sort(order.name): order
    for order in (
        Order[Record](
            "featured",
            sql=("not p.is_featured", "p.display_order", "p.id"),
            kinds=(bool, int, UUID),
            place=lambda row: (not row["is_featured"], row["display_order"], row["id"]),
        ),
        Order[Record](
            "newest",
            sql=("p.created_at", "p.id"),
            kinds=(datetime, UUID),
            place=lambda row: (row["created_at"], row["id"]),
            descending=True,
        ),
        Order[Record](
            "price",
            sql=("p.default_amount", "p.id"),
            kinds=(int, UUID),
            place=lambda row: (row["default_amount"], row["id"]),
        ),
        Order[Record](
            "-price",
            sql=("p.default_amount", "p.id"),
            kinds=(int, UUID),
            place=lambda row: (row["default_amount"], row["id"]),
            descending=True,
        ),
        Order[Record](
            "name", sql=("p.name_key", "p.id"), kinds=(str, UUID), place=lambda row: (row["name_key"], row["id"])
        ),
        Order[Record](
            "best-selling",
            sql=("p.sold_count", "p.id"),
            kinds=(int, UUID),
            place=lambda row: (row["sold_count"], row["id"]),
            descending=True,
        ),
    )
}


class Shape(NamedTuple):
    """What a statement for a page must hold. What is not asked for is not in it, and the limit is written out:
    then PostgreSQL plans it once and for all, instead of again at each request.
    """

    sort: Sort
    limit: int
    continues: bool = False
    skips: bool = False
    of_type: bool = False
    searched: bool = False
    upcoming: bool = False


@cache
def shelf(shape: Shape) -> str:
    """A page of a site's shelf; one row of nulls when it is empty, and none when there is no such site.

    It is asked with the site's slug, the time, and what the shape names, in its order.
    """
    order = ORDERS[shape.sort]
    following = 3 + shape.continues * len(order.kinds)
    return f"""
select {COLUMNS}
from sites s
join tenants t on t.id = s.tenant_id
left join lateral (
    select *
    from ({ON_SHELF}) as p
    where {asked_for(shape, following + shape.skips)}
        {f"and {order.beyond(3)}" if shape.continues else ""}
    order by {order.by}
    limit {shape.limit}
    {f"offset ${following}" if shape.skips else ""}
) as p on true
where s.slug = $1
order by {order.by}
"""


@cache
def counted_shelf(shape: Shape) -> str:
    """How many products all pages have; asked with the site's slug, the time, and what the shape names."""
    return f"""
select count(p.id)
from sites s
left join lateral (
    select p.id
    from ({ON_SHELF}) as p
    where {asked_for(shape, 3)}
) as p on true
where s.slug = $1
"""


def asked_for(shape: Shape, first: int) -> str:
    """The conditions of products that are asked for, bound from `$first` on."""
    conditions = ["p.site_id = s.id", "(p.available_until is null or p.available_until > $2)"]
    if not shape.upcoming:
        conditions.append("(p.available_from is null or p.available_from <= $2)")
    if shape.of_type:
        conditions.append(f"p.product_type = ${first}")
    if shape.searched:
        conditions.append(f"p.searchable @@ to_tsquery('simple', ${first + shape.of_type})")
    return " and ".join(conditions)


# A product as a buyer reads of it: whether or not it can be bought at this moment.
SHOP_PRODUCT = f"""
select p.id, p.name, p.slug, p.short_desc, q.description, p.product_type, p.category, p.kind,
    p.price, p.compare_price, p.currency_code, {TAX}, p.price_id,
    case when p.is_pay_what_you_want then p.price end as suggestion,
    p.is_pay_what_you_want, p.minimum_amount, p.is_featured, p.available_from, p.available_until,
    q.max_downloads, q.max_per_buyer,
    p.created_at, q.updated_at, p.image_url, p.cover_image_url, p.remaining, p.badges,
    p.usdc_price_id, p.payment_integration, p.is_recurring, p.currencies,
    (
        select jsonb_agg(
            jsonb_build_object(
                'id', r.id, 'sku', r.sku, 'amount', v.amount, 'amountWithTax', v.amount, 'currencyCode', v.currency,
                'compareAtAmount', v.compare_at_amount, 'isDefault', r.is_default,
                'recurring', case when v.recurring_interval is not null then
                    jsonb_build_object('interval', v.recurring_interval, 'intervalCount', v.recurring_interval_count)
                end,
                'quantityTransform', case when v.divide_by is not null then
                    jsonb_build_object('divideBy', v.divide_by, 'round', v.round) end
            )
            order by r.is_default desc, r.position, r.id
        )
        from prices r
        join price_versions v on v.id = r.current_version_id
        where r.product_id = p.id
            and r.archived_at is null
    ) as prices,
    (
        select jsonb_agg(
            jsonb_build_object(
                'mediaType', m.media_type, 'url', coalesce(m.external_url, '/' || m.storage_key),
                'externalUrl', m.external_url, 'mimeType', m.mime_type,
                'width', m.width, 'height', m.height, 'renditions', m.renditions
            )
            order by m.position, m.id
        )
        from media m
        where m.product_id = p.id
    ) as media,
    (
        select jsonb_agg(
            jsonb_build_object('fileName', v.file_name, 'sizeBytes', v.size_bytes, 'mimeType', v.mime_type)
            order by f.position, f.id
        )
        from product_files f
        join file_versions v on v.id = f.current_version_id
        where f.product_id = p.id
            and f.removed_at is null
    ) as files,
    (
        select jsonb_agg(
            jsonb_build_object(
                'id', o.id, 'name', o.name, 'slug', o.slug, 'productType', o.product_type,
                'isAvailable', o.is_active and o.deleted_at is null and o.suspended_at is null
                    and coalesce(o.available_from <= $2, true) and coalesce(o.available_until > $2, true)
                    and coalesce(k.reserved + k.sold < k.total, true)
            )
            order by b.position
        )
        from bundle_members b
        join products o on o.id = b.member_id
        left join stock k on k.product_id = o.id and o.is_limited
        where b.bundle_id = p.id
    ) as members
from sites s
join tenants t on t.id = s.tenant_id
join ({ON_SHELF}) as p on p.site_id = s.id and p.slug = $3
join products q on q.id = p.id
where s.slug = $1
"""
LISTS: Mapping[str, Any] = {
    "prices": list[ShopPrice],
    "media": list[ShopMedia],
    "files": list[ShopFile],
    "members": list[ShopMember],
}


async def shop_page(
    db: Queries,
    site_slug: str,
    *,
    tills: Tills,
    asked: Asked,
    now: datetime,
    sort: Sort = Sort.FEATURED,
    product_type: ProductType | None = None,
    q: str | None = None,
    upcoming: bool = False,
) -> Page[ShopProduct]:
    """A page of what a site sells at this time; NotFound when there is no such site."""
    words = words_of(q)
    order = ORDERS[sort]
    shape = Shape(
        sort,
        asked.limit,
        continues=asked.cursor is not None,
        skips=asked.offset > 0,
        of_type=product_type is not None,
        searched=words is not None,
        upcoming=upcoming,
    )
    place = asked.place(order) if shape.continues else ()
    skipped = [asked.offset] if shape.skips else []
    filters = [each for each in (product_type, words) if each is not None]
    rows = await db.records(shelf(shape), site_slug, now, *place, *skipped, *filters)
    if not rows:
        raise NotFound("There is no such site")
    total = await db.value(counted_shelf(shape), site_slug, now, *filters) if asked.count else None
    if rows[0]["id"] is None:
        rows = []
    ways = cache(partial(ways_to_pay, tills))  # most products of a shop are sold alike
    return page_of(rows, lambda row: on_shelf(row, ways), asked=asked, order=order, total=total)


def on_shelf(row: Any, ways: Ways) -> ShopProduct:
    tax = Tax(rate_bps=row["tax_rate_bps"], inclusive=row["tax_inclusive"])
    paid = paid_for(row["price"], row["currency_code"], tax)
    return ShopProduct(*[*row[:WIDTH], paid, ways_of(row, ways)])


def ways_of(row: Any, ways: Ways) -> list[Way]:
    """How a product can be had, by whichever of its prices."""
    return ways(
        currencies=(*(() if row["is_recurring"] else (row["currency_code"],)), *(row["currencies"] or ())),
        is_free=not (row["minimum_amount"] if row["is_pay_what_you_want"] else row["price"]),
        by_wallet=row["usdc_price_id"] is not None,
        by_invoice=row["payment_integration"] == PaymentIntegration.INVOICE,
        fulfilment=fulfilment_of(ProductType(row["product_type"])),
    )


def ways_of_price(price: ShopPrice, row: Any, tills: Tills) -> list[Way]:
    """The same of one price."""
    least = row["minimum_amount"] if row["is_pay_what_you_want"] and price.is_default else price.amount
    return ways_to_pay(
        tills,
        currencies=[price.currency_code] if price.recurring is None else [],
        is_free=not least,
        by_wallet=price.id == row["usdc_price_id"],
        by_invoice=row["payment_integration"] == PaymentIntegration.INVOICE,
        fulfilment=fulfilment_of(ProductType(row["product_type"])),
    )


async def shop_product(
    db: Queries, site_slug: str, product_slug: str, *, tills: Tills, now: datetime
) -> ShopProductDetail:
    """A product as buyers read of it, on sale, to come or ended; NotFound when it is not shown."""
    row = await db.record(SHOP_PRODUCT, site_slug, now, product_slug)
    if row is None:
        raise NotFound("There is no such product in this shop")
    found = dict(row.items())
    lists = {name: msgspec.convert(found[name], kind) if found[name] else [] for name, kind in LISTS.items()}
    tax = Tax(rate_bps=found["tax_rate_bps"], inclusive=found["tax_inclusive"])
    for price in lists["prices"]:
        price.amount_with_tax = paid_for(price.amount, price.currency_code, tax)
        price.ways_to_pay = ways_of_price(price, row, tills)
    for name in PAID_BY:
        del found[name]
    return ShopProductDetail(
        **(found | lists),
        fulfilment=fulfilment_of(ProductType(found["product_type"])),
        preview_images=preview_images(lists["media"]),
        price_with_tax=paid_for(found["price"], found["currency_code"], tax),
        ways_to_pay=ways_of(row, partial(ways_to_pay, tills)),
    )
