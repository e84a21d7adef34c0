"""The test bank, whose money is play, never stands beside money that is real."""

from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest

from purvey import payments, purchases
from purvey.kit.errors import NotFound
from purvey.kit.ids import new_id
from purvey.kit.secret import Secret
from purvey.payments import Gateways, PlayMoney, gateway_keys
from purvey.payments.choice import NoGateway, open_gateways
from purvey.payments.testbank.gateway import bank_of
from purvey.purchases.recovery import go_on_with_refund
from purvey.settings import Settings
from tests.cli.program import free_port, run
from tests.conftest import fresh_database
from tests.vocabulary.shop import Shop

pytestmark = pytest.mark.feature("C4")
SECRET_KEY = "0123456789abcdefghijklmnopqrstuvwxyz-of-play"


def settings(*, stripe: str | None = None, networks: tuple[str, ...] = (), test_bank: bool = True) -> Settings:
    return Settings(
        home=Path("/nowhere"), secret_key=Secret(SECRET_KEY), test_bank=test_bank, x402_networks=networks,
        stripe_secret_key=Secret(stripe) if stripe else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (settings(stripe="sk_live_0123456789abcdef"), "live Stripe key"),
        (settings(stripe="rk_live_0123456789abcdef"), "live Stripe key"),
        (settings(stripe="sk_of_a_form_to_come"), "live Stripe key"),
        (settings(networks=("eip155:8453",)), "eip155:8453"),
        (settings(networks=("eip155:84532", "eip155:10")), "eip155:10 in PURVEY_X402_NETWORKS"),
    ],
)
def test_settings_that_mix_play_money_with_real_money_are_refused(given: Settings, words: str) -> None:
    with pytest.raises(PlayMoney) as refused:
        payments.refuse_beside_test_bank(given)
    assert words in refused.value.detail and "PURVEY_TEST_BANK" in refused.value.detail


@pytest.mark.parametrize(
    "given",
    [
        settings(),
        settings(stripe="sk_test_0123456789abcdef", networks=("eip155:84532", "eip155:11155111")),
        settings(stripe="sk_live_0123456789abcdef", networks=("eip155:8453",), test_bank=False),
    ],
)
def test_what_is_all_play_or_all_real_is_served(given: Settings) -> None:
    payments.refuse_beside_test_bank(given)


async def test_a_live_key_is_not_taken_where_the_test_bank_is(shop: Shop) -> None:
    assert shop.world.settings.test_bank
    ana = await shop.author("ana")
    door = f"/v1/tenants/{(ana.site or {})['tenantId']}/gateways/stripe"
    for key in ("sk_live_0123456789abcdef", "rk_live_0123456789abcdef"):
        refused = await ana.put(door, {"secretKey": key, "webhookSecret": "whsec_0123456789"})
        assert (refused.status_code, refused.json()["code"]) == (409, "play_money"), refused.text
        assert "sk_test_" in refused.json()["detail"] and "PURVEY_TEST_BANK" in refused.json()["detail"]
    assert (await ana.get(door)).status_code == 404, "nothing was kept"


async def kept_key(dsn: str, key: str, *, sealed_under: str = SECRET_KEY) -> UUID:
    """A tenant that has given this key; the key's id."""
    tenant, id = new_id(), new_id()
    connection = await asyncpg.connect(dsn)
    await connection.execute("insert into tenants (id, name, created_at) values ($1, 'Ana', now())", tenant)
    sealed = [
        gateway_keys.seal(Secret(each), secret_key=Secret(sealed_under), label=f"{id} {label}")
        for each, label in ((key, "secret"), ("whsec_x", "webhook"))
    ]
    await connection.execute(
        "insert into gateway_keys (id, tenant_id, provider, secret, webhook_secret, ending, account, created_at)"
        " values ($1, $2, 'stripe', $3, $4, 'cdef', 'a', now())",
        id, tenant, *sealed,
    )  # fmt: skip
    await connection.close()
    return id


async def test_nothing_serves_or_works_with_the_test_bank_on_while_a_tenant_has_a_live_key_and_the_doctor_says_so(
    postgres: str, worker_id: str, tmp_path: Path
) -> None:
    dsn = await fresh_database(postgres, f"play_{worker_id}")
    given = {"PURVEY_DATABASE_URL": dsn, "PURVEY_SECRET_KEY": SECRET_KEY, "PURVEY_TEST_BANK": "on"}
    await kept_key(dsn, "sk_test_0123456789abcdef")
    await kept_key(dsn, "sk_live_sealed_by_a_key_that_is_lost", sealed_under=SECRET_KEY[::-1])
    healthy = run(tmp_path, "doctor", **given)
    assert "money      ok   test bank" in healthy.stdout, healthy.stdout + healthy.stderr
    await kept_key(dsn, "rk_live_0123456789abcdef")
    for words in (
        ("serve", "--port", str(free_port())),
        ("serve", "--workers", "2", "--port", str(free_port())),
        ("work",),
    ):
        ended = run(tmp_path, *words, **given)
        [said] = [line for line in ended.stderr.splitlines() if line.startswith("purvey:")]
        assert ended.returncode == 1 and "1 live Stripe key of tenants" in said, ended
    ill = run(tmp_path, "doctor", **given)
    assert ill.returncode == 1 and "money      ILL  PURVEY_TEST_BANK is on, and 1 live Stripe key" in ill.stdout
    assert "rk_live" not in ill.stdout + ill.stderr
    real = run(tmp_path, "doctor", **{**given, "PURVEY_TEST_BANK": "off"})
    assert "live Stripe key" not in real.stdout


@pytest.mark.parametrize("command", [("work",), ("doctor",)])
def test_no_command_works_with_the_test_bank_beside_real_usdc(tmp_path: Path, command: tuple[str, ...]) -> None:
    given = {
        "PURVEY_SECRET_KEY": SECRET_KEY, "PURVEY_TEST_BANK": "on", "PURVEY_X402_NETWORKS": "base",
        "PURVEY_RPC_URLS": "eip155:8453=http://127.0.0.1:9", "PURVEY_X402_FACILITATOR_KEY": "0x" + "11" * 32,
        "PURVEY_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
    }  # fmt: skip
    ended = run(tmp_path, *command, **given)
    assert ended.returncode == 1 and "eip155:8453 in PURVEY_X402_NETWORKS" in ended.stdout + ended.stderr, ended


def turned_off(shop: Shop) -> Gateways:
    """The gateways of the same shop once its test bank is off."""
    given = msgspec.structs.replace(shop.world.settings, test_bank=False)
    return open_gateways(given, db=shop.db, clock=lambda: shop.now)


async def test_what_was_begun_at_the_test_bank_ends_when_it_is_off(shop: Shop) -> None:
    """A checkout there is over in time and lets its units go, money there can go back; nothing is begun or paid."""
    ana, ben = await shop.author("ana"), await shop.person("ben")
    few, many = await ana.sells("Few", stock=1), await ana.sells("Many")
    left, had = await ben.buys(few), await ben.has(many)
    gateways = turned_off(shop)
    with pytest.raises(NoGateway):
        await gateways.for_sale(shop.db, UUID((ana.site or {})["tenantId"]), "EUR")
    with pytest.raises(NotFound, match="no test bank"):
        await bank_of(shop.db, gateways)

    shop.minutes_pass(31)
    await purchases.sweep_payments(shop.db, gateways, base_url=shop.world.settings.base_url, now=shop.now)
    assert (await ben.sees(left))["status"] == "EXPIRED"
    assert await shop.stock_of(few) == (1, 0, 0)

    async with shop.db.transaction() as tx:
        refund = await payments.request_refund(
            tx, UUID(had["paymentId"]), amount=None, reason="play is over", requested_by=None, now=shop.now
        )
        refund = await payments.approve_refund(tx, refund.id, now=shop.now)
    await go_on_with_refund(shop.db, gateways, refund, now=shop.now)
    await shop.settles()
    assert (await ben.sees(had))["status"] == "REFUNDED"
    await gateways.close()
    await shop.books_agree(ana)
