"""A tenant's own keys: given by its owner alone, sealed, never shown again, kept while money needs them."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
import stripe

import purvey
from purvey.kit.errors import NotFound
from purvey.kit.ids import new_id
from purvey.kit.money import Money
from purvey.kit.secret import Secret
from purvey.payments import BadSignature, References, State, gateway_keys
from purvey.payments.choice import Chosen, NoGateway, open_gateways
from purvey.payments.gateway import AccountGone, Credentials, KeyRefused
from purvey.payments.gateway_keys import KeysUnreadable, NoKeys, seal, unseal
from purvey.payments.stripe.several import SeveralAccounts
from purvey.payments.stripe.wire import Wire
from purvey.settings import SettingsError, read_settings
from tests.stripe_fake import StripeFake
from tests.vocabulary.till import ATLAS, Till, account_of, shared_http

HOOK = "whsec_0123456789abcdef"


def gateways_of(
    till: Till, *, platform_key: str | None = None, secret_key: str | None = None, test_bank: bool = False
) -> Chosen:
    """The shop's own gateways, with the fake at the other end."""
    settings = msgspec.structs.replace(
        till.shop.world.settings,
        stripe_api_base=till.fake.base_url,
        stripe_secret_key=platform_key,
        stripe_webhook_secret=HOOK if platform_key else None,
        test_bank=test_bank,
    )
    if secret_key:
        settings = msgspec.structs.replace(settings, secret_key=secret_key)
    chosen = open_gateways(settings, db=till.shop.db, clock=till.shop.clock)
    assert isinstance(chosen, Chosen)
    return chosen


@dataclass(frozen=True)
class Owner:
    """Who gives keys, for the audit log."""

    user_id: UUID
    tenant_id: UUID | None
    is_admin: bool = False
    address: str | None = None
    request_id: str | None = None


async def gives(till: Till, key: str) -> None:
    """The owner's keys, without the door and its question to Stripe."""
    await gateway_keys.give(
        till.shop.db,
        Owner(till.ana.id, till.tenant_id),
        tenant_id=till.tenant_id,
        provider="stripe",
        credentials=Credentials(Secret(key), Secret(HOOK)),
        secret_key=till.shop.world.settings.secret_key,
        now=till.shop.now,
    )


async def erases(till: Till) -> None:
    """What the sweep does, as soon as no sale can have read a retired key."""
    await gateway_keys.erase_retired_keys(till.shop.db, till.shop.now + gateway_keys.GRACE)


async def removes(till: Till) -> None:
    owner = Owner(till.ana.id, till.tenant_id)
    await gateway_keys.remove(till.shop.db, owner, tenant_id=till.tenant_id, provider="stripe", now=till.shop.now)


async def keys_kept(till: Till) -> list[bool]:
    """For each of the tenant's keys that the database still has, whether it is in use."""
    rows = await till.shop.db.records(
        "select retired_at is null as in_use from gateway_keys where tenant_id = $1 order by created_at, id",
        till.tenant_id,
    )
    return [row["in_use"] for row in rows]


def test_what_is_sealed_opens_only_in_its_own_place_under_its_own_key() -> None:
    plain, key = Secret("sk_live_much_money"), Secret("a" * 32)
    sealed = seal(plain, secret_key=key, label="1 secret")
    assert b"sk_live" not in sealed
    assert sealed != seal(plain, secret_key=key, label="1 secret")
    assert unseal(sealed, secret_key=key, label="1 secret") == plain
    for secret_key, label in ((Secret("b" * 32), "1 secret"), (key, "2 secret"), (key, "1 webhook")):
        with pytest.raises(KeysUnreadable):
            unseal(sealed, secret_key=secret_key, label=label)
    with pytest.raises(KeysUnreadable):
        unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), secret_key=key, label="1 secret")


async def test_nothing_in_the_database_shows_a_key(till: Till) -> None:
    await gives(till, till.fake.key)
    rows = await till.shop.db.records("select * from gateway_keys where tenant_id = $1", till.tenant_id)
    audited = await till.shop.db.records("select * from audit_log where tenant_id = $1", till.tenant_id)
    assert len(rows) == len(audited) == 1
    assert till.fake.key.encode() not in rows[0]["secret"]
    assert till.fake.key not in repr([dict(row.items()) for row in [*rows, *audited]])
    assert rows[0]["ending"] == till.fake.key[-4:] == audited[0]["detail"]["ending"]
    assert HOOK not in repr(dict(rows[0].items()))


async def test_a_tenant_sells_by_its_own_keys_or_not_at_all(till: Till) -> None:
    chosen = gateways_of(till)
    with pytest.raises(NoGateway, match="Nobody can pay EUR at this shop yet; ask its seller"):
        await chosen.for_sale(till.shop.db, till.tenant_id, "EUR")
    await gives(till, till.fake.key)
    gateway = await chosen.for_sale(till.shop.db, till.tenant_id, "EUR")
    assert (await gateway.open_checkout(till.order)).url.startswith(till.fake.base_url)
    with pytest.raises(NoGateway, match="USDC"):
        await chosen.for_sale(till.shop.db, till.tenant_id, "USDC")
    await chosen.close()


async def test_the_installations_own_key_serves_the_platforms_own_tenant_alone(till: Till) -> None:
    chosen = gateways_of(till, platform_key=till.fake.key)
    with pytest.raises(NoGateway):
        await chosen.for_sale(till.shop.db, till.tenant_id, "EUR")
    async with till.shop.db.transaction() as tx:
        before = await tx.value("update tenants set is_platform = false where is_platform returning id")
        await tx.do("update tenants set is_platform = true where id = $1", till.tenant_id)
    try:
        gateway = await chosen.for_sale(till.shop.db, till.tenant_id, "EUR")
        checkout = await gateway.open_checkout(till.order)
        named = await chosen.named(till.shop.db, None, "stripe")
        assert (await named.look_up(till.known_as(checkout))).state is State.OPEN
    finally:
        async with till.shop.db.transaction() as tx:
            await tx.do("update tenants set is_platform = false where id = $1", till.tenant_id)
            if before:
                await tx.do("update tenants set is_platform = true where id = $1", before)
        await chosen.close()


async def test_money_in_an_account_that_was_replaced_is_not_lost_sight_of(till: Till) -> None:
    paid, _ = await till.sells()
    async with StripeFake(wall_clock=lambda: till.shop.clock().timestamp()) as elsewhere:
        wire = Wire(elsewhere.base_url, retries=0)
        wire.http = shared_http()
        newest = await account_of(till.shop, wire, elsewhere.key, webhook_secret=HOOK)
        gone = await account_of(till.shop, wire, "sk_test_gone")
        both = SeveralAccounts([newest, gone, till.account])

        assert (await newest.look_up(till.known_as(paid))).state is State.UNKNOWN
        standing = await both.look_up(till.known_as(paid))
        assert standing.state is State.PAID
        assert (await both.expire(till.known_as(paid))).state is State.PAID
        back = await both.refund(till.known_as(paid), refund_id=new_id(), amount=Money(200, "EUR"), reason="torn")
        assert (back.state, till.count("refund"), elsewhere.every("refund")) == ("succeeded", 1, [])
        never = References(payment_id=new_id(), tenant_id=till.tenant_id, checkout_reference="cs_no", reference=None)
        assert (await both.look_up(never)).state is (await both.expire(never)).state is State.UNKNOWN

        order = till.order_of(Money(300, "EUR"))
        assert (await both.open_checkout(order)).url.startswith(elsewhere.base_url)
        assert not await both.owns_method(tenant_id=till.tenant_id, payer_id=till.bob.id, method="pm_1")
        body = b'{"id": "evt_1", "type": "x", "data": {"object": {}}}'
        for secret in (HOOK, "whsec_test"):
            signature = stripe.WebhookSignature.generate_signature_header(body.decode(), secret)
            assert both.read_notice({"Stripe-Signature": signature}, body, now=till.shop.now).id == "evt_1"
        with pytest.raises(BadSignature):
            both.read_notice({"Stripe-Signature": signature}, body + b" ", now=till.shop.now)


async def test_removed_keys_are_kept_while_a_payment_is_open_and_no_longer(till: Till) -> None:
    await gives(till, till.fake.key)
    chosen = gateways_of(till)
    till.order = till.order_of(ATLAS, account=till.account.account)
    await till.writes_down(till.order)
    checkout = await till.opens()
    await removes(till)
    await erases(till)
    assert await keys_kept(till) == [False]
    with pytest.raises(NoGateway):
        await chosen.for_sale(till.shop.db, till.tenant_id, "EUR")
    still = await chosen.named(till.shop.db, till.tenant_id, "stripe")
    assert (await still.look_up(till.known_as(checkout))).state is State.OPEN

    await till.shop.db.do(
        "update payments set status = 'EXPIRED', closed_at = now() where id = $1", till.order.payment_id
    )
    await erases(till)
    assert await keys_kept(till) == []
    with pytest.raises(NotFound):
        await chosen.named(till.shop.db, till.tenant_id, "stripe")
    with pytest.raises(NoKeys):
        await removes(till)
    await chosen.close()


async def test_of_keys_given_over_and_over_those_with_something_open_are_kept(till: Till) -> None:
    keys = [f"sk_test_0123456789{number}" for number in range(6)]
    for at, key in enumerate(keys):
        await gives(till, key)
        if at in (0, 3):
            await till.writes_down(till.order_of(ATLAS, account=Credentials(Secret(key), Secret(HOOK)).account))
    assert await gateway_keys.erase_retired_keys(till.shop.db, till.shop.now) == 0, "a sale may have just read it"
    await erases(till)
    assert await keys_kept(till) == [False, False, True]


async def test_a_payment_stays_in_the_account_that_it_was_begun_in(till: Till) -> None:
    """The seller changes to another account before the first one's session was noted, and again before a refund."""
    before = till.account
    till.order = till.order_of(ATLAS, account=before.account)
    await till.writes_down(till.order)
    async with StripeFake(wall_clock=lambda: till.shop.clock().timestamp()) as elsewhere:
        wire = Wire(elsewhere.base_url, retries=0)
        wire.http = shared_http()
        newest = await account_of(till.shop, wire, elsewhere.key)
        assert newest.account != before.account
        both = SeveralAccounts([newest, before])
        assert both.account == newest.account, "new sales go to the new one"

        first = await before.open_checkout(till.order)
        assert await both.open_checkout(till.order) == first, "there is one page to pay on"
        unnoted = till.known_as(None, account=before.account)
        assert (await both.look_up(unnoted)).checkout_reference == first.reference
        assert elsewhere.every("checkout.session") == []

        till.fake.choose(first.reference, "pay")
        noted = till.known_as(first, account=before.account)
        assert (await both.look_up(noted)).state is State.PAID
        back = await both.refund(noted, refund_id=new_id(), amount=Money(200, "EUR"), reason="torn")
        assert (back.state, till.count("refund"), elsewhere.every("refund")) == ("succeeded", 1, [])

        alone = SeveralAccounts([newest])
        with pytest.raises(AccountGone, match="whose key this shop no longer has"):
            await alone.look_up(noted)
        failed = await alone.refund(noted, refund_id=new_id(), amount=Money(200, "EUR"), reason="torn")
        assert (failed.state, "settle it at Stripe" in (failed.failure or "")) == ("failed", True)
        with pytest.raises(AccountGone, match="Cancel the purchase and begin again"):
            await alone.open_checkout(till.order)
        assert (await alone.expire(unnoted)).state is State.UNKNOWN, "nobody was told where to pay, so it may be closed"


async def test_another_key_of_the_same_account_finds_what_the_first_one_began(till: Till) -> None:
    wire = Wire(till.fake.base_url, retries=0)
    wire.http = shared_http()
    withdrawn = await account_of(till.shop, wire, "sk_test_withdrawn")
    till.order = till.order_of(ATLAS, account=withdrawn.account)
    await till.writes_down(till.order)
    first = await till.opens()
    for accounts in ([till.account], [till.account, withdrawn]):
        now = SeveralAccounts(accounts)
        assert await now.open_checkout(till.order) == first
        assert (await now.look_up(till.known_as(first, account=withdrawn.account))).state is State.OPEN
    with pytest.raises(KeyRefused):
        await SeveralAccounts([withdrawn]).look_up(till.known_as(first, account=withdrawn.account))
    with pytest.raises(KeyRefused):
        await SeveralAccounts([withdrawn]).open_checkout(till.order)


async def test_keys_of_ones_own_go_before_the_test_bank(till: Till) -> None:
    chosen = gateways_of(till, test_bank=True)
    assert (await chosen.for_sale(till.shop.db, till.tenant_id, "EUR")).name == "testbank"
    await gives(till, till.fake.key)
    assert (await chosen.for_sale(till.shop.db, till.tenant_id, "EUR")).name == "stripe"
    assert (await chosen.for_sale(till.shop.db, till.tenant_id, "USDC")).name == "testbank"
    await chosen.close()


def test_an_account_without_its_webhook_secret_is_refused_at_the_start(tmp_path: Path) -> None:
    given = {"PURVEY_HOME": str(tmp_path), "PURVEY_STRIPE_SECRET_KEY": "sk_test_0123456789abcdef"}
    with pytest.raises(SettingsError, match="go together"):
        read_settings(given, demo=True)
    assert read_settings(given | {"PURVEY_STRIPE_WEBHOOK_SECRET": HOOK}, demo=True).stripe_webhook_secret == Secret(
        HOOK
    )


def test_a_shop_that_has_not_used_stripe_yet_has_not_loaded_it() -> None:
    look = "import sys, purvey.app, purvey.worker, purvey.cli; print({'stripe', 'cryptography'} & set(sys.modules))"
    source = Path(purvey.__file__).parents[1]
    seen = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(source)}
    )
    assert seen.stdout.strip() == "set()"


async def test_keys_under_another_secret_key_are_unreadable_and_say_so(till: Till) -> None:
    await gives(till, till.fake.key)
    chosen = gateways_of(till, secret_key="another secret key of the installation")
    with pytest.raises(KeysUnreadable, match="give them again"):
        await chosen.for_sale(till.shop.db, till.tenant_id, "EUR")
    with pytest.raises(KeysUnreadable):
        await chosen.named(till.shop.db, till.tenant_id, "stripe")
    await chosen.close()
