"""Stripe: people pay on its hosted page, and what it says of a payment is read afresh each time.

One account is one secret key: the shop's own, or the installation's for the platform's own tenant.
The SDK is loaded at the first use, so that a shop without Stripe never pays for it.
"""

from purvey.payments.stripe.accounts import NAME as STRIPE
from purvey.payments.stripe.accounts import StripeAccounts
from purvey.payments.stripe.wire import STRIPE_VERSION

__all__ = ["STRIPE", "STRIPE_VERSION", "StripeAccounts"]
