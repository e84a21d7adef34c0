"""Payments: money in and money back, through whichever gateway the seller has.

Payments never learn what is being paid for: they know a reference and an amount.
"""

from purvey.payments.gateway import (
    BadSignature,
    Checkout,
    CheckoutOrder,
    DisputeStanding,
    ForeignPaymentMethod,
    Gateway,
    GatewayDown,
    GatewayRefused,
    Gateways,
    Notice,
    References,
    RefundStanding,
    Standing,
    State,
)

__all__ = [
    "BadSignature",
    "Checkout",
    "CheckoutOrder",
    "DisputeStanding",
    "ForeignPaymentMethod",
    "Gateway",
    "GatewayDown",
    "GatewayRefused",
    "Gateways",
    "Notice",
    "References",
    "RefundStanding",
    "Standing",
    "State",
]
