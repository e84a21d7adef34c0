"""A form that is saved untouched changes nothing: not what it shows, and not what it does not show.

Every form of the pages either does something, and is listed with what it does, or keeps a thing: then it is opened here
on rows that are hard to show, and sent as it stands. A new one that is neither fails.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from tests.vocabulary import Person, Shop
from tests.web.browsing import Browser, Forms
from tests.web.test_every_page import handlers

# Forms that do something, or make something new; all others keep what there is.
DEEDS = [
    "/sign-in",
    "/sign-up",
    "/sign-out",
    "/verify-email",
    "/verify-email/resend",
    "/confirm-email",
    "/reset-password",
    "/reset-password/confirm",
    "/account/password",
    "/account/email",
    "/account/sessions/{session_id:uuid}/end",
    "/account/keys",
    "/account/keys/{key_id:uuid}/revoke",
    "/account/wallets",
    "/account/wallets/ask",
    "/account/wallets/unlink",
    "/admin/products/{product_id:uuid}/status",
    "/admin/queues/replay",
    "/admin/payments/{payment_id:uuid}/refund",
    "/admin/payments/{payment_id:uuid}/release",
    "/s/{site_slug:str}/shop/{product_slug:str}/buy",
    "/s/{site_slug:str}/shop/{product_slug:str}/reviews",
    "/s/{site_slug:str}/series/{series_slug:str}/{chapter_slug:str}/buy",
    "/purchases/{purchase_id:uuid}/cancel",
    "/purchases/{purchase_id:uuid}/refund-request",
    "/purchases/{purchase_id:uuid}/messages",
    "/purchases/{purchase_id:uuid}/withdraw",
    "/products/create",
    "/products/{product_id:uuid}/archive",
    "/products/{product_id:uuid}/restore",
    "/products/{product_id:uuid}/files",
    "/products/{product_id:uuid}/files/{file_id:uuid}/replace",
    "/products/{product_id:uuid}/files/{file_id:uuid}/remove",
    "/products/{product_id:uuid}/cover",
    "/products/{product_id:uuid}/cover/remove",
    "/products/{product_id:uuid}/media",
    "/products/{product_id:uuid}/media/{media_id:uuid}/remove",
    "/products/{product_id:uuid}/videos",
    "/sites/new",
    "/sites/{site_id:uuid}/team/invite",
    "/sites/{site_id:uuid}/team/invitations/{invitation_id:uuid}/revoke",
    "/sites/{site_id:uuid}/team/{user_id:uuid}/remove",
    "/invitations/accept",
    "/reviews/{review_id:uuid}/answer",
    "/series/create",
    "/series/{series_id:uuid}/delete",
    "/series/{series_id:uuid}/chapters/create",
    "/series/{series_id:uuid}/chapters/{chapter_id:uuid}/delete",
    "/refund-requests/{ticket_id:uuid}/messages",
    "/refund-requests/{ticket_id:uuid}/approve",
    "/refund-requests/{ticket_id:uuid}/decline",
    "/refund-requests/{ticket_id:uuid}/execute",
    "/orders/{purchase_id:uuid}/downloads/reset",
    "/orders/{purchase_id:uuid}/refund",
    "/orders/{purchase_id:uuid}/release",
    "/discounts/create",
    "/discounts/{code_id:uuid}/delete",
]
KEEPING = [
    "/account",
    "/products/{product_id:uuid}/edit",
    "/discounts/{code_id:uuid}/edit",
    "/series/{series_id:uuid}",
    "/series/{series_id:uuid}/chapters/{chapter_id:uuid}",
    "/sites/{site_id:uuid}/settings",
    "/sites/{site_id:uuid}/taxes",
    "/sites/{site_id:uuid}/payout-wallet",
    "/sites/{site_id:uuid}/team/{user_id:uuid}",
    "/orders/{purchase_id:uuid}/fulfilment",
]
ON_THE_SHELF = 103
PAGED = "  One.\r\n\r\n\tTwo.\nThree \n"  # line ends of every kind, and blanks around it
LATE, LATER = "2030-01-02T03:04:05.678901Z", "2031-01-02T03:04:59.999999Z"

# Everything of a tenant as text; what counts and remembers what was done is left out.
KEPT = """
select table_name
from information_schema.columns
where column_name = 'tenant_id'
    and table_schema = 'public'
    and table_name not in ('audit_log', 'audit_chains', 'events')
"""


async def snapshot(shop: Shop, ana: Person) -> dict[str, Any]:
    assert ana.site
    tenant = UUID(ana.site["tenantId"])
    tables = sorted(row["table_name"] for row in await shop.db.records(KEPT))
    queries = {
        name: f"select (to_jsonb(t) - 'sold_count')::text as row from {name} t where tenant_id = $1" for name in tables
    } | {
        "tenant": "select t::text as row from tenants t where id = $1",
        "owner": "select u::text as row from users u join memberships m on m.user_id = u.id where m.tenant_id = $1",
        "members": "select b::text as row from bundle_members b join products p on id = bundle_id where tenant_id = $1",
        "openers": "select o::text as row from series_opened_by o join series s on id = series_id where tenant_id = $1",
        "versions": "select v::text as row from price_versions v join prices p on p.id = price_id where tenant_id = $1",
        "stock": "select s::text as row from stock s join products p on p.id = product_id where tenant_id = $1",
    }
    return {name: sorted(row["row"] for row in await shop.db.records(sql, tenant)) for name, sql in queries.items()}


async def awkward_world(shop: Shop) -> tuple[Person, Person, Mapping[str, list[str]]]:
    """A seller and an editor of theirs, and for every keeping form the pages that show it on hard rows."""
    ana, ed = await shop.author("ana", currency="USD"), await shop.person("ed")
    assert ana.site
    here = f"/v1/sites/{ana.site['id']}"
    await shop.joins(ed, ana.site["tenantId"], "EDITOR")
    await shop.db.do(
        "update memberships set site_ids = $2 where user_id = $1", ed.id, [UUID(ana.site["id"])]
    )  # fmt: skip
    shelf = [await ana.sells(f"Thing {n}", displayOrder=n) for n in range(ON_THE_SHELF)]
    gone, last = shelf[0], shelf[-1]
    await ana.delete(f"{here}/products/{gone['id']}")
    plain = await ana.sells(
        "Awkward", price=None, displayOrder=500, productType="MERCHANDISE", category="course", description=PAGED,
        shortDesc=" blank around ", prices=[
            {"sku": f"a-{ana.name}", "amount": 1500, "currencyCode": "JPY"},
            {"sku": f"b-{ana.name}", "amount": 700, "recurring": {"interval": "month"}},
        ],
        availableFrom=LATE, availableUntil=LATER, thankYouMessage=PAGED, permissions={"club": ["in"]},
        redirectUrl="https://example.com/?a=1&b=%20", licenseText=PAGED, isFeatured=True, restockOnRefund=False,
        maxDownloads=2**31 - 1, stock=10**12,
    )  # fmt: skip
    wish = await ana.sells(
        "Wish", price=1999, isPayWhatYouWant=True, minimumAmount=101, comparePrice=2500, isSystem=True
    )
    draft = (await ed.post(f"{here}/products", {"name": "Draft"})).json()
    doomed = [await ana.sells("Part"), last, await ana.sells("Other part")]
    bundle = await ana.sells("All", productType="BUNDLE", memberIds=[each["id"] for each in doomed])
    await ana.delete(f"{here}/products/{doomed[0]['id']}")

    async def code(word: str, **terms: Any) -> dict[str, Any]:
        made = await ana.post(f"{here}/discount-codes", {"code": word, "startsAt": LATE, "endsAt": LATER, **terms})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    fixed = await code(
        "YEN", discountType="FIXED_AMOUNT", value=500, currencyCode="JPY", minimumAmount=1000, maxUses=7,
        duration="REPEATING", durationPeriods=3, productIds=[gone["id"], last["id"]], maxUsesPerBuyer=2, isActive=False,
    )  # fmt: skip
    percent = await code("PART", discountType="PERCENTAGE", value=12.34, minimumAmount=1, currencyCode="KWD")
    shelf += [await ana.sells(f"Rest {n}", displayOrder=1000) for n in range(500 - len(shelf) + 1)]
    many = await code("MANY", discountType="PERCENTAGE", value=5, productIds=[each["id"] for each in shelf[1:501]])
    only = await code("ONLY", discountType="PERCENTAGE", value=5, currencyCode="JPY", productIds=[last["id"]])
    series = await ana.begins_series("Walk", description=PAGED, openedBy=[gone["id"], last["id"]], isPublished=False)
    chapter = await ana.writes(series, "One", body=PAGED, price=1500, currencyCode="JPY", number=7, isPublished=False)
    kept_price = await ana.writes(series, "Two", accessLevel="SUBSCRIBERS")
    await ana.put(f"{here}/chapters/{kept_price['id']}", {"price": 300})
    settings = {"name": "Ana's Things", "description": PAGED, "refundWindowDays": 0, "saleNotice": False}
    assert (await ana.patch(here, settings)).status_code == 200
    wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    assert (await ana.patch(here, {"payoutWallet": wallet})).status_code == 200
    tax = await ana.patch(f"/v1/tenants/{ana.site['tenantId']}", {"taxRateBps": 1234, "taxInclusive": True})
    assert tax.status_code == 200
    shirt, ben = await ana.sells("Shirt", price=0, productType="MERCHANDISE"), await shop.person("ben")
    address = {"name": "Ben", "line1": "1", "city": "Ulm", "postalCode": "1", "countryCode": "DE"}
    order = await ben.buys(shirt, shippingAddress=address)
    note = {"state": "IN_PROGRESS", "note": PAGED}
    moved = await ana.patch(f"{here}/purchases/{order['id']}/fulfilment", note)
    assert moved.status_code == 200, moved.text
    team, its = f"/sites/{ana.site['id']}", f"?site={ana.site['slug']}"
    return ana, ed, {
        "/account": ["/account"],
        "/products/{product_id:uuid}/edit": [
            f"/products/{each['id']}/edit" for each in (plain, wish, draft, bundle, last)
        ],
        "/discounts/{code_id:uuid}/edit": [
            f"/discounts/{each['id']}/edit{its}" for each in (fixed, percent, only, many)
        ],
        "/series/{series_id:uuid}": [f"/series/{series['id']}{its}"],
        "/series/{series_id:uuid}/chapters/{chapter_id:uuid}": [
            f"/series/{series['id']}/chapters/{each['id']}{its}" for each in (chapter, kept_price)
        ],
        "/sites/{site_id:uuid}/settings": [f"{team}/settings"],
        "/sites/{site_id:uuid}/taxes": [f"{team}/settings"],
        "/sites/{site_id:uuid}/payout-wallet": [f"{team}/settings"],
        "/sites/{site_id:uuid}/team/{user_id:uuid}": [f"{team}/team"],
        "/orders/{purchase_id:uuid}/fulfilment": [f"/orders/{order['id']}{its}"],
    }  # fmt: skip


def route_of(action: str) -> str | None:
    """The form that an address is of: one in so many words goes before one with places in it."""
    path = action.partition("?")[0]
    found = [each for each in [*DEEDS, *KEEPING] if re.fullmatch(re.sub(r"\{\w+:\w+\}", "[^/]+", each), path)]
    return min(found, key=lambda each: each.count("{"), default=None)


@pytest.mark.feature("A30", "A24", "A32")
async def test_no_form_saved_untouched_changes_anything(shop: Shop) -> None:
    ana, ed, pages = await awkward_world(shop)
    await shop.settles()
    assert set(pages) == set(KEEPING)
    sent = dict.fromkeys(KEEPING, 0)
    for person in (ana, ed):
        browser = Browser(shop, person)
        for route, places in pages.items():
            for place in places:
                r = await browser.open(place)
                if r.status_code == 403 and person is ed:
                    continue
                assert r.status_code == 200, (place, r.text)
                forms = [form["action"] for form in Forms(r.text).forms if form["method"] == "post"]
                for action in {each for each in forms if route_of(each) == route}:
                    await browser.open(place)
                    before = await snapshot(shop, ana)
                    r = await browser.send(f"^{re.escape(action)}$")
                    assert r.status_code == 200 and 'role="alert"' not in r.text, (place, r.text)
                    after = await snapshot(shop, ana)
                    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}, (place, before)
                    sent[route] += person is ana
    assert all(sent.values()), sent


def test_every_form_does_something_or_keeps_something(shop: Shop) -> None:
    posted = [path for method, path, _ in handlers(shop) if method == "POST"]
    assert sorted([*DEEDS, *KEEPING]) == sorted(posted)
