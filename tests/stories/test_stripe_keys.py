"""Sellers give their Stripe keys, change them and take them away."""

import json
from typing import Any
from uuid import UUID

import pytest
import stripe
from tests.vocabulary.stripe_shop import OWN_HOOK, PLATFORM_HOOK, StripeShop


@pytest.mark.feature("C4")
async def test_without_keys_nothing_is_sold_that_costs_something(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.author("ana"), await stripe_shop.person("ben")
    atlas, leaflet = await ana.sells(stock=1), await ana.sells("Leaflet", price=0)
    refused = await ben.asks_to_buy(atlas)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_gateway")
    assert await stripe_shop.stock_of(atlas) == (1, 0, 0)
    assert (await ben.asks_to_buy(leaflet)).status_code == 201

    assert (await stripe_shop.gives_keys(ana)).status_code == 200
    assert (await ben.asks_to_buy(atlas)).status_code == 202


async def test_a_key_is_shown_by_its_last_letters_only(stripe_shop: StripeShop) -> None:
    ana = await stripe_shop.author("ana")
    door = stripe_shop.keys_door(ana)
    assert (await ana.get(door)).status_code == 404
    given = await stripe_shop.gives_keys(ana)
    key = stripe_shop.fake.key
    assert given.json()["secretKeyEnding"] == key[-4:]
    assert given.json()["webhookUrl"] == f"{stripe_shop.base_url}/v1/webhooks/stripe/{(ana.site or {})['tenantId']}"
    seen = await ana.get(door)
    assert seen.json() == given.json()
    assert key not in given.text + seen.text
    assert OWN_HOOK not in given.text + seen.text

    again = await ana.put(
        door, {"secretKey": key, "webhookSecret": OWN_HOOK}, headers={"Idempotency-Key": "keys-please"}
    )
    assert again.status_code == 200
    kept = await stripe_shop.db.value("select count(*) from idempotency_keys where key = 'keys-please'")
    assert kept == 0


async def test_only_an_owner_has_to_do_with_keys(stripe_shop: StripeShop) -> None:
    ana, stranger = await stripe_shop.seller("ana"), await stripe_shop.author("eve")
    door, tenant_id = stripe_shop.keys_door(ana), (ana.site or {})["tenantId"]
    assert (await stripe_shop.http.get(door)).status_code == 401
    for ask in (stranger.get(door), stripe_shop.gives_keys(stranger, of=ana), stranger.delete(door)):
        assert (await ask).status_code == 404
    for role in ("MANAGER", "EDITOR", "SUPPORT", "VIEWER"):
        member = await stripe_shop.person("mia")
        await stripe_shop.joins(member, tenant_id, role)
        for ask in (member.get(door), stripe_shop.gives_keys(member, of=ana), member.delete(door)):
            assert (await ask).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("secretKey", ""),
        ("secretKey", "pk_test_0123456789abcdef"),
        ("secretKey", "sk_test_with space 0123456"),
        ("secretKey", "sk_test_" + "x" * 300),
        ("secretKey", "sk_test_0123456789\u00e9"),
        ("secretKey", 7),
        ("secretKey", None),
        ("webhookSecret", "sk_test_0123456789abcdef"),
        ("webhookSecret", ""),
        ("more", "than is asked"),
    ],
)
async def test_what_is_no_key_is_refused_by_its_name(stripe_shop: StripeShop, field: str, value: object) -> None:
    ana = await stripe_shop.author("ana")
    body = {"secretKey": stripe_shop.fake.key, "webhookSecret": OWN_HOOK, field: value}
    answer = await ana.put(stripe_shop.keys_door(ana), body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


async def test_a_key_that_stripe_does_not_accept_is_not_taken(stripe_shop: StripeShop) -> None:
    ana = await stripe_shop.author("ana")
    wrong = "sk_test_0123456789abcdef"
    answer = await stripe_shop.gives_keys(ana, key=wrong)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/secretKey")
    assert wrong not in answer.text
    assert (await ana.get(stripe_shop.keys_door(ana))).status_code == 404

    stripe_shop.fake.fail_next("GET /v1/checkout", 503, times=3)
    assert (await stripe_shop.gives_keys(ana)).status_code == 503
    assert (await stripe_shop.gives_keys(ana)).status_code == 200


async def erases_keys(shop: StripeShop) -> None:
    for sweep in shop.world.sweeps:
        if sweep.name == "payments.retired-keys":
            await sweep.do(shop.db, shop.now)


@pytest.mark.feature("A22", "C4")
async def test_a_refund_by_a_shop_that_has_no_keys_any_more_fails_and_says_what_to_do(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    atlas = await ana.sells()
    paid = await ben.buys(atlas)
    await ben.pays(paid)
    assert (await ana.delete(stripe_shop.keys_door(ana))).status_code == 204
    stripe_shop.minutes_pass(2)
    await erases_keys(stripe_shop)

    assert (await ana.refunds(paid)).status_code == 202
    await stripe_shop.settles()
    [failed] = await stripe_shop.db.records(
        "select status, failure from refunds where payment_id = $1", UUID(paid["paymentId"])
    )
    assert (failed["status"], "give them again" in failed["failure"]) == ("FAILED", True)
    await stripe_shop.books_agree(ana)

    assert (await stripe_shop.gives_keys(ana)).status_code == 200
    assert (await ana.refunds(paid)).status_code == 202
    await stripe_shop.settles()
    assert (await ben.sees(paid))["status"] == "REFUNDED"
    await stripe_shop.books_agree(ana)


@pytest.mark.feature("A12", "C4")
async def test_a_payment_remembers_the_account_it_was_begun_in(stripe_shop: StripeShop) -> None:
    ana, ben = await stripe_shop.seller("ana"), await stripe_shop.person("ben")
    begun = await ben.buys(await ana.sells())
    account = await stripe_shop.db.value("select account from payments where id = $1", UUID(begun["paymentId"]))
    given = "select account from gateway_keys where tenant_id = $1 and retired_at is null"
    assert account == await stripe_shop.db.value(given, UUID((ana.site or {})["tenantId"]))
    assert stripe_shop.fake.key not in account


async def test_removed_keys_sell_nothing_more_and_finish_what_was_begun(stripe_shop: StripeShop) -> None:
    ana, ben, eve = await stripe_shop.seller("ana"), await stripe_shop.person("ben"), await stripe_shop.person("eve")
    tenant_id = UUID((ana.site or {})["tenantId"])
    atlas = await ana.sells()
    begun = await ben.buys(atlas)
    assert (await ana.delete(stripe_shop.keys_door(ana))).status_code == 204
    assert (await ana.delete(stripe_shop.keys_door(ana))).status_code == 404
    assert (await ana.get(stripe_shop.keys_door(ana))).status_code == 404
    refused = await eve.asks_to_buy(atlas)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_gateway")

    async def kept() -> int:
        count: int = await stripe_shop.db.value("select count(*) from gateway_keys where tenant_id = $1", tenant_id)
        return count

    stripe_shop.minutes_pass(2)
    await erases_keys(stripe_shop)
    assert await kept() == 1
    assert (await ben.pays(begun))["status"] == "SUCCEEDED"
    await erases_keys(stripe_shop)
    assert await kept() == 0
    gone = await stripe_shop.http.post(f"/v1/webhooks/stripe/{tenant_id}", content=b"{}")
    assert gone.status_code == 404
    actions = await stripe_shop.db.records(
        "select action from audit_log where tenant_id = $1 and subject_type = 'gateway' order by at, id", tenant_id
    )
    assert [row["action"] for row in actions] == ["gateway.keys-given", "gateway.keys-removed"]


@pytest.mark.feature("C4")
async def test_the_first_tenant_of_a_platform_admin_sells_by_the_installations_own_key(
    stripe_shop: StripeShop,
) -> None:
    async def opens_a_site(name: str, *, admin: bool) -> Any:
        person = await stripe_shop.person(name, admin=admin)
        made = await person.post("/v1/sites", {"slug": person.name, "name": name, "currencyCode": "EUR"})
        assert made.status_code == 201, made.text
        person.site = made.json()
        return await person.sells()

    stranger = await opens_a_site("eve", admin=False)
    platform = await opens_a_site("ada", admin=True)
    another = await opens_a_site("amy", admin=True)
    ben = await stripe_shop.person("ben")
    for other in (stranger, another):
        refused = await ben.asks_to_buy(other)
        assert (refused.status_code, refused.json()["code"]) == (409, "no_gateway")

    stripe_shop.fake.webhook_url = f"{stripe_shop.base_url}/v1/webhooks/stripe"
    stripe_shop.fake.webhook_secret = PLATFORM_HOOK
    paid = await ben.has(platform)
    assert paid["status"] == "SUCCEEDED"


async def test_keys_are_not_tried_out_without_end(stripe_shop: StripeShop) -> None:
    ana = await stripe_shop.author("ana")
    answers = [(await stripe_shop.gives_keys(ana, key="sk_test_0123456789abcdef")).status_code for _ in range(21)]
    assert answers == [422] * 20 + [429]


@pytest.mark.feature("A33", "C4")
async def test_events_of_two_sellers_accounts_with_the_same_id_are_two_events(stripe_shop: StripeShop) -> None:
    ana, eve = await stripe_shop.seller("ana"), await stripe_shop.seller("eve")
    body = '{"id": "evt_same", "type": "charge.updated", "data": {"object": {"object": "charge", "id": "ch_1"}}}'

    async def hears(tenant: str) -> None:
        signed = stripe.WebhookSignature.generate_signature_header(body, OWN_HOOK)
        door = f"/v1/webhooks/stripe/{tenant}"
        heard = await stripe_shop.http.post(door, content=body.encode(), headers={"Stripe-Signature": signed})
        assert heard.status_code == 200, heard.text

    tenants = [(person.site or {})["tenantId"] for person in (ana, eve)]
    for tenant in (*tenants, *tenants):
        await hears(tenant)
    kept = await stripe_shop.db.records("select tenant_id::text from inbox where notice_id = 'evt_same' order by id")
    assert [row["tenant_id"] for row in kept] == tenants
    told = await stripe_shop.db.value(
        "select count(*) from events where type = 'GATEWAY_NOTIFIED' and tenant_id = any($1) and"
        " payload ->> 'notice_id' = 'evt_same'",
        [UUID(tenant) for tenant in tenants],
    )
    assert told == 2


@pytest.mark.feature("A33", "C4")
async def test_a_seller_cannot_make_the_shop_ask_after_anothers_payment(stripe_shop: StripeShop) -> None:
    ana, eve, ben = await stripe_shop.seller("ana"), await stripe_shop.seller("eve"), await stripe_shop.person("ben")
    begun = await ben.buys(await ana.sells())
    await stripe_shop.settles()
    asked = len(stripe_shop.fake.requests)
    about = {"object": "payment_intent", "id": "pi_x", "metadata": {"payment_id": begun["paymentId"]}}
    body = json.dumps({"id": f"evt_{begun['paymentId']}", "type": "payment_intent.created", "data": {"object": about}})
    signed = stripe.WebhookSignature.generate_signature_header(body, OWN_HOOK)
    heard = await stripe_shop.http.post(
        f"/v1/webhooks/stripe/{(eve.site or {})['tenantId']}",
        content=body.encode(),
        headers={"Stripe-Signature": signed},
    )
    assert heard.status_code == 200
    await stripe_shop.settles()
    assert len(stripe_shop.fake.requests) == asked
