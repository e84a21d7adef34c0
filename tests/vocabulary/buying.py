"""Words of stories in which somebody buys something, at the test bank."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx

from purvey import payments, purchases

if TYPE_CHECKING:
    from tests.vocabulary.shop import Person, Shop

Json = dict[str, Any]


async def asks_to_buy(person: "Person", product: Json, *, key: str | None = None, **terms: Any) -> httpx.Response:
    """The door's own answer, whatever it is; `code` is a discount code."""
    if "code" in terms:
        terms["discountCode"] = terms.pop("code")
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"itemType": "product", "productId": product["id"], **terms}
    return await person.post("/v1/purchases", body, headers=headers)


async def buys(person: "Person", product: Json, **terms: Any) -> Json:
    """Begin a purchase, or have it at once when it is free: what the door answers, with `id` the purchase's."""
    answer = await asks_to_buy(person, product, **terms)
    assert answer.status_code in {201, 202}, answer.text
    found: Json = answer.json()
    return found | {"id": found.get("purchaseId") or found["id"]}


async def answers_the_bank(person: "Person", purchase: Json, outcome: str, **delivery: str) -> httpx.Response:
    """Press a button on the bank's page."""
    answer = await person.shop.http.post(purchase["checkoutUrl"], data={"outcome": outcome, **delivery})
    assert answer.status_code == 303, answer.text
    return answer


async def pays(person: "Person", purchase: Json, **delivery: str) -> Json:
    """Pay, and wait until the shop has heard of it; the purchase as it is then."""
    await answers_the_bank(person, purchase, "pay", **delivery)
    await person.shop.settles()
    return await sees(person, purchase)


async def pays_too_late(person: "Person", purchase: Json) -> Json:
    """Pay when its time is over: the bank takes money for a checkout that it had called expired."""
    shop = person.shop
    shop.minutes_pass(31)
    await shop.sweeps()
    assert (await sees(person, purchase))["status"] == "EXPIRED"
    await shop.db.do(
        "update test_bank_sessions set state = 'open', expires_at = $2 where idempotency_key = $1",
        UUID(purchase["paymentId"]),
        shop.now + timedelta(minutes=5),
    )
    return await pays(person, purchase)


async def declines(person: "Person", purchase: Json, **delivery: str) -> Json:
    """The card is declined; the purchase as it is then."""
    await answers_the_bank(person, purchase, "decline", **delivery)
    await person.shop.settles()
    return await sees(person, purchase)


async def has(person: "Person", product: Json, **terms: Any) -> Json:
    """Buy and pay."""
    return await pays(person, await buys(person, product, **terms))


async def sees(person: "Person", purchase: Json) -> Json:
    """The purchase, as its buyer sees it now."""
    answer = await person.get(f"/v1/purchases/{purchase['id']}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def owns(person: "Person", product: Json) -> bool:
    """Whether a live entitlement to the product is theirs."""
    sql = "select count(*) from entitlements where user_id = $1 and product_id = $2 and state = 'LIVE'"
    return bool(await person.shop.db.value(sql, person.id, UUID(product["id"])))


async def refunds(person: "Person", purchase: Json, **terms: Any) -> httpx.Response:
    """Give money back for a sale of one's own site; the door's own answer."""
    assert person.site is not None
    body = {"reason": "a change of mind", **terms}
    return await person.post(f"/v1/sites/{person.site['id']}/purchases/{purchase['id']}/refunds", body)


async def bank_finds(shop: "Shop", purchase: Json, refund_state: str) -> None:
    """The bank thinks again about every refund of a payment, and the shop asks."""
    payment_id = UUID(purchase["paymentId"])
    await shop.db.do(
        "update test_bank_refunds r set state = $2 from test_bank_sessions s"
        " where s.id = r.session_id and s.idempotency_key = $1",
        payment_id,
        refund_state,
    )
    await shop.db.do("update test_bank_sessions set refunded = 0 where idempotency_key = $1", payment_id)
    payment = await payments.find(shop.db, payment_id)
    assert payment is not None
    await purchases.catch_up(shop.db, shop.world.gateways, payment, now=shop.now)
    await shop.settles()


async def releases(person: "Person", purchase: Json) -> httpx.Response:
    """Keep the money of a sale of one's own site that is on hold; the door's own answer."""
    assert person.site is not None
    body = {"reason": "the bank has it after all"}
    return await person.post(f"/v1/sites/{person.site['id']}/purchases/{purchase['id']}/release", body)


async def stock_of(shop: "Shop", product: Json) -> tuple[int, int, int]:
    """A limited product's total, reserved and sold."""
    row = await shop.db.record("select total, reserved, sold from stock where product_id = $1", UUID(product["id"]))
    assert row is not None, "nothing counts this product"
    return row["total"], row["reserved"], row["sold"]


async def sweeps(shop: "Shop") -> None:
    """Everything that purchases do every so often, now."""
    for sweep in shop.world.sweeps:
        if sweep.name.startswith(("purchases.", "catalog.sold")):
            await sweep.do(shop.db, shop.now)
    await shop.settles()


async def books_agree(shop: "Shop", seller: "Person") -> None:
    """Every law of the seller's books holds."""
    assert seller.site is not None
    broken = await purchases.audit_books(shop.db, tenant_id=UUID(seller.site["tenantId"]))
    assert broken == [], "\n".join(broken)
