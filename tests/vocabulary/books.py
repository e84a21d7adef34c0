"""Rich books: a little of everything that money and goods can do here, so that each table has rows with a story.

The shop takes the test bank's money, Stripe's for who has given their keys, and USDC.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from purvey.settings import Settings
from tests.stripe_fake import StripeFake
from tests.vocabulary.chain import ETHER, Chain
from tests.vocabulary.paying import USDC, Market
from tests.vocabulary.reviewing import reviews
from tests.vocabulary.shop import Person
from tests.vocabulary.stripe_shop import OWN_HOOK

Json = dict[str, Any]


class Bazaar(NamedTuple):
    """A market, and the Stripe of those who sell by it."""

    shop: Market
    stripe: StripeFake

    async def settles(self) -> None:
        await self.stripe.delivered()
        await self.shop.settles()


@asynccontextmanager
async def bazaar_settings(home: Any, clock: Any, chain: Chain) -> AsyncIterator[tuple[Settings, StripeFake, str]]:
    """What an installation needs for it, its Stripe, and the platform's wallet."""
    key, platform = await chain.wallet(ether=ETHER), await chain.wallet()
    async with StripeFake(wall_clock=lambda: clock().timestamp()) as stripe:
        yield (
            Settings(
                home=home, secret_key="k" * 20 + "test-secret-key", test_bank=True, sign_up_limit=0,
                siwa_plain_wallets=True, stripe_api_base=stripe.base_url,
                rpc_urls={chain.network: chain.url}, x402_networks=(chain.network,),
                x402_facilitator_key="0x" + bytes(key.key).hex(), x402_platform_wallet=platform.address,
            ),
            stripe,
            platform.address,
        )  # fmt: skip


async def fill_books(bazaar: Bazaar) -> None:
    """Weeks of business in a few seconds."""
    await sales_in_usdc(bazaar)  # first: authorizations are signed for the chain's clock
    await sales_by_bank(bazaar)
    await money_back(bazaar)
    await disputes(bazaar)
    await sales_by_stripe(bazaar)
    await things_to_do_by_hand(bazaar)
    for _ in range(2):
        await bazaar.shop.sweeps()
    await open_checkouts(bazaar)
    await bazaar.settles()


async def code_of(seller: Person, **fields: Any) -> Json:
    assert seller.site is not None
    answer = await seller.post(f"/v1/sites/{seller.site['id']}/discount-codes", fields)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def put(seller: Person, product: Json, **fields: Any) -> Json:
    assert seller.site is not None
    answer = await seller.put(f"/v1/sites/{seller.site['id']}/products/{product['id']}", fields)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def fetches(buyer: Person, purchase: Json) -> None:
    answer = await buyer.get(f"/v1/purchases/{purchase['id']}/download", follow_redirects=True)
    assert answer.status_code == 200, answer.text


async def sales_by_bank(bazaar: Bazaar) -> None:
    """Goods of each kind: limited and not, bundles, codes, chapters, prices that change, what costs nothing."""
    shop = bazaar.shop
    ana = await shop.author("ana")
    assert ana.site is not None
    tax = await ana.patch(f"/v1/tenants/{ana.site['tenantId']}", {"taxRateBps": 2000, "taxInclusive": False})
    assert tax.status_code == 200, tax.text
    ben, cid, dan = [await shop.person(name) for name in ("ben", "cid", "dan")]
    atlas = await ana.sells("Field Atlas", price=1200, maxDownloads=3, licenseEnabled=True, licenseText="Read it.")
    await ana.adds_file(atlas)
    print_ = await ana.sells("Print", price=5000, stock=5)
    pack = await ana.sells("Pack", price=1500, stock=9)
    bundle = await ana.sells("Everything", price=6000, productType="BUNDLE", memberIds=[print_["id"], pack["id"]])
    gift = await ana.sells("Gift", price=0)
    await ana.adds_file(gift, "gift.pdf")
    tip = await ana.sells("Song", price=500, isPayWhatYouWant=True, minimumAmount=100)
    await code_of(ana, code="SPRING", discountType="PERCENTAGE", value=25, maxUses=10, maxUsesPerBuyer=2)
    await code_of(
        ana, code="FIVER", discountType="FIXED_AMOUNT", value=500, currencyCode="EUR", productIds=[pack["id"]]
    )
    series = await ana.begins_series()
    chapter = await ana.writes(series, price=300)

    bought = await ben.has(atlas, code="SPRING")
    for _ in range(2):
        await fetches(ben, bought)
    assert (await reviews(ben, atlas, 4, "Good maps")).status_code == 201
    await ben.has(print_, quantity=2)
    await cid.has(bundle)
    await dan.has(pack, code="FIVER")
    await dan.has(tip, amount=700)
    free = await dan.buys(gift)
    await fetches(dan, free)
    reset = await ana.post(f"/v1/sites/{ana.site['id']}/purchases/{free['id']}/downloads/reset")
    assert reset.status_code == 200, reset.text
    await fetches(dan, free)
    read = (await ben.post(f"/v1/chapters/{chapter['id']}/purchase", {})).json()
    await ben.pays(read | {"id": read["purchaseId"]})
    await put(ana, atlas, price=1400)
    await put(ana, gift, isLimited=True, totalQuantity=10)
    await cid.has(atlas)
    cancelled = await dan.buys(atlas, code="SPRING")
    assert (await dan.post(f"/v1/purchases/{cancelled['id']}/cancel")).status_code == 200
    await shop.settles()
    await dan.declines(await dan.buys(print_))
    late = await dan.buys(atlas, code="SPRING")
    await dan.pays_too_late(late)


async def money_back(bazaar: Bazaar) -> None:
    """Whole and in parts, asked for by tickets, failed, from a payment on hold, too late to be honoured."""
    shop = bazaar.shop
    rob = await shop.author("rob")
    assert rob.site is not None
    desk = f"/v1/sites/{rob.site['id']}/refund-requests"
    buyers = [await shop.person(name) for name in ("eva", "fay", "gil", "hal", "ivy", "jon")]
    map_ = await rob.sells("Map", price=2000, stock=20)
    sold = [await buyer.has(map_) for buyer in buyers]
    assert (await rob.refunds(sold[0])).status_code == 202
    for amount in (300, 400):
        assert (await rob.refunds(sold[1], amount=amount)).status_code == 202
    tickets = []
    for buyer, purchase in zip(buyers[2:5], sold[2:5], strict=True):
        asked = await buyer.post(f"/v1/purchases/{purchase['id']}/refund-request", {"reason": "It is not for me"})
        assert asked.status_code == 201, asked.text
        tickets.append(asked.json())
    done = await rob.post(f"{desk}/{tickets[0]['id']}/approve", {"execute": True})
    assert done.status_code == 200, done.text
    assert (await rob.post(f"{desk}/{tickets[1]['id']}/approve", {"amount": 500})).status_code == 200
    assert (await rob.post(f"{desk}/{tickets[2]['id']}/decline")).status_code == 200
    await shop.settles()
    started = await buyers[5].buys(await rob.sells("Chart", price=900))
    await buyers[5].answers_the_bank(started, "pay", refunds="fail")
    await shop.settles()
    assert (await rob.refunds({"id": started["id"]}, amount=200)).status_code == 202
    rare = await rob.sells("Rare", price=700, stock=1)
    first, second = await shop.person("kim"), await shop.person("lea")
    held = await first.buys(rare)
    shop.minutes_pass(31)
    await shop.sweeps()
    await second.has(rare)
    await shop.db.do(
        "update test_bank_sessions set state = 'open', expires_at = now() + interval '5 hours'"
        " where idempotency_key = $1",
        UUID(held["paymentId"]),
    )
    await first.pays(held)
    await shop.settles()


async def disputes(bazaar: Bazaar) -> None:
    """One is open, one was won, one was lost."""
    shop = bazaar.shop
    sue = await shop.author("sue")
    book = await sue.sells("Book", price=1000, stock=5)
    for outcome in (None, "won", "lost"):
        buyer = await shop.person("max")
        started = await buyer.buys(book)
        await buyer.pays(started)
        if outcome == "won":
            await sue.refunds({"id": started["id"]}, amount=100)
            await shop.settles()
        assert (await shop.http.post(f"{started['checkoutUrl']}/dispute")).status_code == 303
        await shop.settles()
        if outcome:
            closed = await shop.http.post(f"{started['checkoutUrl']}/close", data={"outcome": outcome})
            assert closed.status_code == 303, closed.text
            await shop.settles()


async def sales_by_stripe(bazaar: Bazaar) -> None:
    """Paid, declined and paid, refunded here and there, disputed there; a refund that has no place."""
    shop, stripe = bazaar
    tom = await shop.author("tom")
    assert tom.site is not None
    keys = {"secretKey": stripe.key, "webhookSecret": OWN_HOOK}
    given = await tom.put(f"/v1/tenants/{tom.site['tenantId']}/gateways/stripe", keys)
    assert given.status_code == 200, given.text
    stripe.webhook_url, stripe.webhook_secret = given.json()["webhookUrl"], OWN_HOOK
    film = await tom.sells("Film", price=2500)

    async def sold() -> tuple[Json, str]:
        buyer = await shop.person("ned")
        started = await buyer.buys(film)
        await buyer.answers_the_bank(started, "pay")
        await bazaar.settles()
        assert (await buyer.sees(started))["status"] == "SUCCEEDED"
        return started, str(stripe.find(str(started["checkoutUrl"]).rsplit("/", 1)[-1])["payment_intent"])

    await sold()
    part, _ = await sold()
    assert (await tom.refunds(part, amount=500)).status_code == 202
    await bazaar.settles()
    _, intent = await sold()
    dispute = stripe.dispute(intent)
    await bazaar.settles()
    stripe.close_dispute(dispute["id"], won=False)
    await bazaar.settles()
    choosy = await shop.person("oli")
    started = await choosy.buys(film)
    await choosy.answers_the_bank(started, "decline")
    await bazaar.settles()
    await choosy.answers_the_bank(started, "pay")
    await bazaar.settles()


async def sales_in_usdc(bazaar: Bazaar) -> None:
    """Agents buy with fee and without, by code, and one has its money back."""
    shop = bazaar.shop
    uma = await shop.creator("uma")
    assert uma.site is not None
    art = await uma.sells("Art", price=9_990_000)
    rare = await uma.sells("Rare art", price=20 * USDC, stock=3)
    await code_of(uma, code="AGENT", discountType="PERCENTAGE", value=20)
    one, two = await shop.buyer(), await shop.buyer()
    await one.buys(art, amount=7.99, discount_code="AGENT")
    sold = await two.buys(art)
    await two.buys(rare)
    await two.pays_fee(5)  # and uses it for nothing
    assert (await uma.refunds(sold["purchase"])).status_code == 202
    await shop.settles()
    [owed] = (await uma.get(f"/v1/sites/{uma.site['id']}/owed")).json()["data"]
    account, price = uma.account, owed["amount"]  # type: ignore[attr-defined]
    hash = await shop.chain.send_as(account, shop.chain.usdc, "transfer(address,uint256)", two.address, price)
    refund = f"/v1/sites/{uma.site['id']}/purchases/{owed['purchaseId']}/refunds/{owed['refundId']}"
    assert (await uma.put(f"{refund}/transaction", {"transactionHash": hash})).status_code in {200, 202}
    for _ in range(2):
        await shop.db.do("update refunds set ask_at = now() where id = $1", UUID(owed["refundId"]))
        await shop.sweeps()


async def things_to_do_by_hand(bazaar: Bazaar) -> None:
    """A thing that is sent, to where its buyer lives."""
    shop = bazaar.shop
    vic = await shop.author("vic")
    assert vic.site is not None
    cup = await vic.sells("Cup", price=1800, productType="MERCHANDISE", stock=4)
    home = {"name": "Wim", "line1": "1 Long Street", "city": "Ghent", "postalCode": "9000", "countryCode": "BE"}
    wim = await shop.person("wim")
    bought = await wim.has(cup, shippingAddress=home)
    path = f"/v1/sites/{vic.site['id']}/purchases/{bought['id']}/fulfilment"
    sent = await vic.patch(path, {"state": "SHIPPED", "note": "by bike"})
    assert sent.status_code == 200, sent.text


async def open_checkouts(bazaar: Bazaar) -> None:
    """Somebody is about to pay, and something that was sold is not rolled up yet."""
    shop = bazaar.shop
    xia, yul = await shop.author("xia"), await shop.person("yul")
    await code_of(xia, code="SOON", discountType="PERCENTAGE", value=10)
    await yul.buys(await xia.sells("Lamp", price=3000, stock=2), code="SOON")
    await yul.has(await xia.sells("Shade", price=800))


@asynccontextmanager
async def opened(served: Any, chain: Chain, stripe: StripeFake, platform: str, clock: Any) -> AsyncIterator[Bazaar]:
    """The words for a world that is served."""
    world, base_url = served
    async with httpx.AsyncClient(base_url=base_url, timeout=60) as http:
        yield Bazaar(Market(world, base_url=base_url, clock=clock, http=http, chain=chain, platform=platform), stripe)
