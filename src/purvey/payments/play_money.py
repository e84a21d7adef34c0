"""Play money never stands beside real money: who has paid nothing at the test bank would own what others paid for."""

from typing import Final

import msgspec

from purvey.kit.db import Queries
from purvey.kit.errors import Conflict
from purvey.kit.secret import Secret
from purvey.payments import gateway_keys
from purvey.payments.gateway_keys import KeysUnreadable
from purvey.settings import TEST_NETWORKS, Settings

TEST_PREFIXES: Final = ("sk_test_", "rk_test_")

# Every key that is kept, also those that only finish what was begun with them.
KEPT = "select id, secret from gateway_keys order by created_at, id"


class PlayMoney(Conflict):
    """The test bank is on beside real money."""

    code = "play_money"


class Kept(msgspec.Struct, frozen=True):
    id: object
    secret: bytes


def is_live(key: Secret) -> bool:
    """Whether a Stripe key moves real money; one of a form we do not know is taken to."""
    return not key.reveal().startswith(TEST_PREFIXES)


def refuse_beside_test_bank(settings: Settings) -> None:
    """PlayMoney when the settings alone ask for both."""
    if not settings.test_bank:
        return
    if settings.stripe_secret_key is not None and is_live(settings.stripe_secret_key):
        raise PlayMoney("PURVEY_TEST_BANK is on beside a live Stripe key: turn it off, or use a test key")
    real = [network for network in settings.x402_networks if network not in TEST_NETWORKS]
    if real:
        raise PlayMoney(
            f"PURVEY_TEST_BANK is on beside {', '.join(real)} in PURVEY_X402_NETWORKS, where USDC is real: "
            "turn it off, or use base-sepolia"
        )


async def refuse_live_keys(db: Queries, settings: Settings) -> None:
    """PlayMoney when the test bank is on and a tenant has given a live key."""
    if not settings.test_bank:
        return
    kept = await db.rows(Kept, KEPT)
    live = sum(is_live_when_opened(each, settings.secret_key) for each in kept)
    if live:
        raise PlayMoney(
            f"PURVEY_TEST_BANK is on, and {live} live Stripe key{'s' if live > 1 else ''} of tenants are kept in this "
            "database: turn it off, or have them removed"
        )


def is_live_when_opened(kept: Kept, secret_key: Secret) -> bool:
    """The same of a sealed key; one that cannot be opened moves no money."""
    try:
        return is_live(gateway_keys.unseal(kept.secret, secret_key=secret_key, label=f"{kept.id} secret"))
    except KeysUnreadable:
        return False
