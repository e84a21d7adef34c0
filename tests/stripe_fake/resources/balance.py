"""Balance transactions: what each movement of money leaves after Stripe's fee."""

from ..operations import listing, retrieve
from ..spec import Json
from ..world import World

FEE_BPS = 290
FEE_FIXED = 30
DISPUTE_FEE = 1500


def movement(world: World, source: Json, amount: int, *, kind: str, fee: int = 0, category: str = "") -> Json:
    """A signed amount in minor units on the account's balance."""
    currency = source["currency"]
    charged = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe fee",
    }
    return world.new(
        "balance_transaction",
        "txn",
        amount=amount,
        fee=fee,
        net=amount - fee,
        fee_details=[charged | {"type": "stripe_fee"}] if fee else [],
        currency=currency,
        source=source["id"],
        type=kind,
        reporting_category=category or kind,
        balance_type="payments",
        status="pending",
        available_on=world.now() + 2 * 24 * 3600,
    )


def card_fee(amount: int) -> int:
    return round(amount * FEE_BPS / 10_000) + FEE_FIXED


OPERATIONS = (
    retrieve("/v1/balance_transactions/{id}", "balance_transaction", "id"),
    listing("/v1/balance_transactions", "balance_transaction", "source", "type", "currency"),
)
