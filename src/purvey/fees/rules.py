"""What the platform takes of a sale, and what a fee that was paid is good for. Pure."""

from purvey.fees.model import Credit, CreditState, Rates
from purvey.kit.errors import Conflict, Invalid
from purvey.kit.money import BASIS_POINTS, USDC, Money, grain_of, half_even

NO_RATES = Rates(0, 0)
USED = "This platform fee was used already; pay another: POST /api/platform/fee"
BUSY = {CreditState.HELD, CreditState.USED, CreditState.RETURNED}


class FeeMissing(Invalid):
    """No platform fee is named, or none that this wallet paid."""

    code = "platform_fee_missing"


class FeeTooSmall(Invalid):
    """The fee was paid for a smaller purchase."""

    code = "platform_fee_too_small"


class FeeUsed(Conflict):
    """The fee is another purchase's."""

    code = "duplicate_transaction"


def fee_of(amount: Money, rates: Rates) -> Money:
    """The fee of a sale in USDC: a share, half-even to the amount's own grain (ruling 3), and at least the minimum."""
    assert amount.currency == USDC, f"fees are in {USDC}, not {amount.currency}"
    grain = grain_of(amount)
    share = half_even(amount.minor * rates.bps, BASIS_POINTS * grain) * grain
    return Money(max(share, rates.minimum), USDC)


def refuse_unfit(credit: Credit | None, amount: Money) -> Credit:
    """The credit, when it is there, unused, and covers a purchase of this amount by the rates it was paid by."""
    if credit is None or credit.state is CreditState.FAILED:
        raise FeeMissing.field(
            "/platform_fee_tx", "This wallet has paid no such platform fee: POST /api/platform/fee first",
            code="platform_fee_missing",
        )  # fmt: skip
    if credit.state is CreditState.PENDING:
        raise FeeMissing("The platform fee is not settled yet; try again in a moment", retry_after_seconds=2)
    if credit.state in BUSY:
        used = {"purchase_id": str(credit.purchase_id)} if credit.purchase_id else {}
        raise FeeUsed(USED, extra=used)
    needed = fee_of(amount, credit.rates)
    if credit.money < needed:
        raise FeeTooSmall.field(
            "/platform_fee_tx", f"The platform fee was {credit.money}, and this purchase needs {needed}",
            code="platform_fee_too_small",
        )  # fmt: skip
    return credit
