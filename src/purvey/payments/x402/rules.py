"""When a payment pays a quote. Pure: the signature and the payer's balance are asked of the chain."""

from purvey.kit.money import Money
from purvey.payments.x402.model import (
    CURRENCY,
    LEAST_REMAINING_SECONDS,
    MOST_REMAINING_SECONDS,
    SCHEME,
    PaymentRefused,
    Quote,
    Shown,
)

DEPLOYED_LATER = "6492" * 16  # the end of a signature by a wallet that does not exist yet (ERC-6492)


def refuse_wrong(shown: Shown, quote: Quote) -> None:
    """Compare what was signed, not what the payer says they accepted, with what we asked; PaymentRefused."""
    if shown.scheme != SCHEME:
        raise PaymentRefused(f"Only the scheme {SCHEME!r} is taken here", code="unsupported_scheme")
    if shown.network != quote.network:
        raise PaymentRefused(f"This is to be paid on {quote.network}", code="network_mismatch")
    if shown.asset is not None and shown.asset != quote.asset.lower():
        raise PaymentRefused(f"This is to be paid in {quote.asset}", code="asset_mismatch")
    if shown.to != quote.pay_to.lower():
        raise PaymentRefused(
            f"This is to be paid to {quote.pay_to}", code="invalid_exact_evm_payload_recipient_mismatch"
        )
    if shown.value != quote.amount:
        raise PaymentRefused(
            f"Exactly {Money(quote.amount, CURRENCY)} is to be paid",
            code="invalid_exact_evm_payload_authorization_value_mismatch",
        )
    if shown.signature.endswith(DEPLOYED_LATER):
        raise PaymentRefused(
            "A wallet that is not on the chain yet cannot pay here: deploy it first, or pay from another",
            code="invalid_exact_evm_payload_undeployed_smart_wallet",
        )


def refuse_untimely(shown: Shown, *, at: int) -> None:
    """Whether it can be used now and for long enough; PaymentRefused. `at` is in seconds."""
    if shown.valid_after > at:
        raise PaymentRefused(
            "This payment is not valid yet", code="invalid_exact_evm_payload_authorization_valid_after"
        )
    if shown.valid_before < at + LEAST_REMAINING_SECONDS:
        raise PaymentRefused(
            f"This payment is over, or will be within {LEAST_REMAINING_SECONDS} seconds: sign a new one",
            code="invalid_exact_evm_payload_authorization_valid_before",
        )
    if shown.valid_before > at + MOST_REMAINING_SECONDS:
        raise PaymentRefused(
            f"This payment is valid for longer than {MOST_REMAINING_SECONDS // 60} minutes: sign one for "
            "maxTimeoutSeconds, as was asked",
            code="invalid_exact_evm_payload_authorization_valid_before",
        )
