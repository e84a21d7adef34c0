"""The order before it goes out to be paid: what it comes to, where tax is on top of its price or a code is used."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response

from purvey import purchases, tenants
from purvey.access import Identity
from purvey.kit.db import Database
from purvey.payments import Gateways
from purvey.purchases import Order, OtherTotal, Started, Summary
from purvey.settings import Settings
from purvey.web.forms import Form
from purvey.web.rendering import page
from purvey.web.session import Page

SEEN = "seenTotal"


async def begun_or_shown(
    request: Page,
    order: Order,
    form: Form,
    *,
    site_slug: str,
    back: str,
    db: Database,
    gateways: Gateways,
    settings: Settings,
    me: Identity,
    now: datetime,
) -> Started | Response[Any]:
    """The purchase, or the page that shows first what it comes to. What was shown is what is charged."""
    order = msgspec.structs.replace(order, seen_total=form.whole(SEEN))
    refused = None
    shown = await to_look_at(db, me, order, now=now)
    if shown is None:
        try:
            return await purchases.buy(db, gateways, me, order, key=None, base_url=settings.base_url, now=now)
        except OtherTotal as other:
            refused, shown = other, await purchases.summary(db, me, order, now=now)
    return page(
        request,
        "shop/summary.html",
        refused=refused,
        form=form,
        site=await tenants.find_site_by_slug(db, site_slug),
        order=shown,
        code=(order.discount_code or "").strip().upper(),
        back=back,
        headers={"Cache-Control": "private, no-cache"},  # kept by the browser alone, for who comes back from the bank
    )


async def to_look_at(db: Database, me: Identity, order: Order, *, now: datetime) -> Summary | None:
    """What its buyer should see first; None when they did, or when it is just the price that the page before showed."""
    if order.seen_total is not None:
        return None
    found = await purchases.summary(db, me, order, now=now)
    on_top = found.price.tax_amount and not found.price.tax_inclusive
    return found if on_top or order.discount_code else None
