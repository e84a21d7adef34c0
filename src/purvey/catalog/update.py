"""A product is changed: what is sent is merged, a stale writer changes nothing (A4, rulings 5 and 8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from purvey import access
from purvey.access import Identity
from purvey.catalog import bundles, costs, naming, quantities, rules, store
from purvey.catalog.create import price_created
from purvey.catalog.events import PriceDeleted, PriceUpdated, ProductUpdated
from purvey.catalog.forms import UpdateProduct
from purvey.catalog.model import Price, Product
from purvey.catalog.quantities import CountHeld
from purvey.catalog.repricing import PriceList, repriced
from purvey.catalog.views import ProductView, view_of
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict
from purvey.kit.events import publish
from purvey.kit.versions import refuse_changed, refuse_stale
from purvey.tenants import Site

READ_ONLY = (
    "id",
    "site_id",
    "tenant_id",
    "author_id",
    "created_at",
    "first_active_at",
    "deleted_at",
    "suspension",
    "kind",
    "fulfilment",
    "suggestion",
    "price_id",
    "cover_image_url",
    "preview_images",
    "download_file_ref",
    "download_file_name",
    "download_file_size",
    "download_mime_type",
    "files",
    "media",
    "members",
)
OWN_FIELDS = ("name", "slug", "product_type", "category", *rules.ALIKE)


class Archived(Conflict):
    """It was archived; only restoring is left."""

    code = "archived"


class Suspended(Conflict):
    """The platform took it off the shop; its team cannot put it back."""

    code = "suspended"


async def update_product(
    db: Database,
    me: Identity,
    *,
    site: Site,
    product_id: UUID,
    form: UpdateProduct,
    count_held: CountHeld,
    if_match: str | None = None,
    base_url: str = "",
    now: datetime,
) -> ProductView:
    """Merge what was sent. Stale or StaleVersion, Archived, Suspended, SlugTaken, SkuTaken, TooFewCopies, Invalid."""
    async with db.transaction() as tx:
        if form.slug is not UNSET:
            await store.lock_tenant(tx, site.tenant_id)
        before = await store.lock(tx, site.id, product_id)
        now = max(now, before.updated_at)  # whoever waited for the lock brings an older time
        whole = await store.find(tx, site.id, product_id)
        refuse_stale(before.version, sent=form.version, if_match=if_match)
        refuse_changed(form, view_of(whole).whole_at(base_url), *READ_ONLY)
        refuse_out_of_hand(before, form)
        prices = repriced(whole.prices, form, now=now)
        after = merged(before, form, prices, now=now)
        old_members = [member.id for member in whole.members]
        members = old_members if form.member_ids is UNSET else form.member_ids
        if after == before and not prices.differs and members == old_members:
            return view_of(whole)
        decided = costs.differing(costs.costs_of(before, old_members), costs.costs_of(after, members))
        access.refuse_pricing(me, [*(["/prices"] if prices.differs else []), *decided])
        default = prices.default.terms
        rules.refuse_unsound(after, offered=prices.offered, default=default, member_count=len(members))
        await refuse_clashes(tx, before, after, prices)
        after = await store.update_product(tx, after, now=now)
        await quantities.keep_true(tx, before, after, count_held=count_held)
        await write_prices(tx, after, prices, now=now)
        await store.put_on_market(tx, after.id, rules.usdc_price_of(after, prices.after))
        if members != old_members:
            await bundles.refill(tx, after, members, before=old_members)
        await tell(tx, me, before, after, prices, members=members, old_members=old_members, now=now)
        return view_of(await store.find(tx, site.id, product_id))


def refuse_out_of_hand(product: Product, form: UpdateProduct) -> None:
    """What is archived stays as it is, and what the platform switched off stays off."""
    if product.deleted_at is not None:
        raise Archived("This product is archived; restore it first", extra={"deletedAt": product.deleted_at})
    if product.suspended_at is not None and form.is_active is True:
        raise Suspended(
            f"The platform switched this product off: {product.suspended_reason or 'no reason was given'}",
            extra={"reason": product.suspended_reason},
        )


def merged(before: Product, form: UpdateProduct, prices: PriceList, *, now: datetime) -> Product:
    """The product with what was sent; what is missing stays."""
    sent = {name: value for name in OWN_FIELDS if (value := getattr(form, name)) is not UNSET}
    if "name" in sent:
        sent["name"] = sent["name"].strip()
    is_active = sent.get("is_active", before.is_active)
    return msgspec.structs.replace(
        before,
        **sent,
        first_active_at=before.first_active_at or (now if is_active else None),
        currency=prices.default.terms.currency,
        default_amount=prices.default.terms.amount,
        kind=rules.kind_of(prices.offered),
    )


async def refuse_clashes(tx: Tx, before: Product, after: Product, prices: PriceList) -> None:
    """SlugTaken, SkuTaken, or a bundle inside a bundle."""
    if after.slug != before.slug:
        await naming.refuse_taken_slug(tx, after.site_id, after.slug)
    if prices.added:
        await naming.refuse_repeated(tx, prices.added)
    if after.product_type != before.product_type:
        await bundles.refuse_nested(tx, after)


async def write_prices(tx: Tx, product: Product, prices: PriceList, *, now: datetime) -> None:
    if prices.new:
        naming.refuse_taken(prices.added, await store.insert_prices(tx, product, unchosen(prices.new), now=now))
    if prices.reworded:
        await store.insert_versions(tx, prices.reworded, now=now)
    if prices.differs:
        await store.update_prices(tx, product.id, prices.after)


def unchosen(prices: Sequence[Price]) -> list[Price]:
    """New prices before one of them becomes the default: a product has one at a time."""
    return [msgspec.structs.replace(price, is_default=False) for price in prices]


async def tell(
    tx: Tx,
    me: Identity,
    before: Product,
    after: Product,
    prices: PriceList,
    *,
    members: Sequence[UUID],
    old_members: Sequence[UUID],
    now: datetime,
) -> None:
    """Publish what changed, and note who did it."""
    changed = changed_fields(before, after) | ({"memberIds": list(members)} if members != old_members else {})
    if changed:
        publish(tx, product_updated(after, changed, now=now))
    for price in prices.new:
        publish(tx, price_created(after, price, now=now))
    for price in prices.changed:
        publish(tx, price_changed(after, prices.old[price.id], price, now=now))
    detail = access.changes(before, after)
    if members != old_members:
        detail["member_ids"] = msgspec.to_builtins([old_members, members])
    if prices.differs:
        old = {price.id: msgspec.to_builtins(price) for price in prices.before}
        detail["prices"] = [[old.get(price.id), msgspec.to_builtins(price)] for price in [*prices.new, *prices.changed]]
    await access.audit(
        tx, me, action="product.updated", subject_type="product", subject_id=after.id, detail=detail, now=now
    )


def product_updated(product: Product, changed: dict[str, Any], *, now: datetime) -> ProductUpdated:
    return ProductUpdated(
        subject_id=product.id,
        tenant_id=product.tenant_id,
        at=now,
        site_id=product.site_id,
        slug=product.slug,
        version=product.version,
        changed=changed,
    )


def changed_fields(before: Product, after: Product) -> dict[str, Any]:
    """The new values of what differs, by the names they have on the wire."""
    wire = dict(zip(ProductView.__struct_fields__, ProductView.__struct_encode_fields__, strict=True))
    wire |= {"currency": "currencyCode"}
    return {wire[name]: new for name, (_, new) in access.changes(before, after).items() if name in wire}


def price_changed(product: Product, old: Price, new: Price, *, now: datetime) -> PriceUpdated | PriceDeleted:
    if new.archived_at is not None and old.archived_at is None:
        return PriceDeleted(subject_id=new.id, tenant_id=product.tenant_id, at=now, product_id=product.id, sku=new.sku)
    terms = new.terms
    return PriceUpdated(
        subject_id=new.id,
        tenant_id=product.tenant_id,
        at=now,
        product_id=product.id,
        sku=new.sku,
        version_id=new.version_id,
        previous_version_id=old.version_id,
        amount=terms.amount,
        currency=terms.currency,
        compare_at_amount=terms.compare_at_amount,
        recurring=terms.recurring,
        transform=terms.transform,
    )
