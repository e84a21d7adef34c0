"""What the platform takes of a sale, and what a fee that was paid is good for. Pure."""

from typing import Any

from purvey.fees.model import Credit, CreditState, Rates
from purvey.kit.errors import Conflict, FieldError, Invalid, Refusal
from purvey.kit.money import BASIS_POINTS, USDC, Money, grain_of, half_even

NO_RATES = Rates(0, 0)
VANISHED = "The payment of this platform fee is on the chain no more; it counts again as soon as it is back"
USED = "This platform fee was used already; pay another: POST /api/platform/fee"
BUSY = {CreditState.HELD, CreditState.USED, CreditState.RETURNED}


class Unfit(Refusal):
    """A fee that will not do for this purchase."""


class FeeMissing(Unfit, Invalid):
    """No platform fee is named, or none that this wallet paid."""

    code = "platform_fee_missing"


class FeeTooSmall(Unfit, Invalid):
    """The fee was paid for a smaller purchase."""

    code = "platform_fee_too_small"


class FeeUsed(Unfit, Conflict):
    """The fee is another purchase's."""

    code = "duplicate_transaction"


class FeeVanished(Unfit, Conflict):
    """The fee's payment is on the chain no more."""

    code = "platform_fee_vanished"


def fee_of(amount: Money, rates: Rates) -> Money:
    """The fee of a sale in USDC: a share, half-even to the amount's own grain (ruling 3), and at least the minimum."""
    assert amount.currency == USDC, f"fees are in {USDC}, not {amount.currency}"
    grain = grain_of(amount)
    share = half_even(amount.minor * rates.bps, BASIS_POINTS * grain) * grain
    return Money(max(share, rates.minimum), USDC)


def owed_of(amount: Money, rates: Rates) -> Money:
    """The fee of a sale whose buyer paid none: no sale costs its seller more than it brings, and a gift nothing."""
    return min(fee_of(amount, rates), amount)


def refuse_unfit(credit: Credit | None, amount: Money) -> Credit:
    """The credit, when it is there, unused, and covers a purchase of this amount by the rates it was paid by."""
    if credit is None or credit.state is CreditState.FAILED:
        raise unfit(FeeMissing, "This wallet has paid no such platform fee: POST /api/platform/fee first")
    if credit.state is CreditState.PENDING:
        raise unfit(FeeMissing, "The platform fee is not settled yet; try again in a moment", retry_after_seconds=2)
    if credit.state in BUSY:
        used = {"purchase_id": str(credit.purchase_id)} if credit.purchase_id else {}
        raise unfit(FeeUsed, USED, extra=used)
    if credit.vanished_at is not None:
        raise unfit(FeeVanished, VANISHED, retry_after_seconds=60)
    needed = fee_of(amount, credit.rates)
    if credit.money < needed:
        raise unfit(FeeTooSmall, f"The platform fee was {credit.money}, and this purchase needs {needed}")
    return credit


def unfit(kind: type[Unfit], detail: str, **more: Any) -> Unfit:
    return kind(detail, errors=[FieldError("/platform_fee_tx", detail, kind.code)], **more)
