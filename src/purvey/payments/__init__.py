"""Payments: money in and money back, through whichever gateway the seller has.

Payments never learn what is being paid for: they know a subject's reference and an amount.
Start reading at `model.LIFE`, the table of everything that can happen to a payment.
"""

from purvey.payments.actions import (
    THE_BANK_DECIDES,
    Applied,
    NotReleasable,
    apply,
    begin,
    put_on_hold,
    release,
)
from purvey.payments.choice import NoGateway
from purvey.payments.events import GatewayNotified, PaymentMoved, RefundApproved, StripeNotified
from purvey.payments.gateway import (
    AccountGone,
    AwaitsSeller,
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
from purvey.payments.gateway_keys import ERASE_EVERY_SECONDS, erase_retired_keys
from purvey.payments.model import (
    LIFE,
    MONEY_CAME,
    PAID,
    REFUND_LIFE,
    Dispute,
    DisputeStatus,
    Happening,
    Payment,
    Refund,
    RefundHappening,
    RefundStatus,
    Status,
)
from purvey.payments.moving import hand_over
from purvey.payments.play_money import PlayMoney, refuse_beside_test_bank, refuse_live_keys
from purvey.payments.reactions import reactions
from purvey.payments.reclaiming import reclaim
from purvey.payments.refund_store import disputes_of, find_refund, refunds_due, refunds_of
from purvey.payments.refunding import (
    NotRefundable,
    RefundTooMuch,
    approve_refund,
    begin_sending,
    is_over,
    request_refund,
    turn_down_refund,
)
from purvey.payments.store import NEWEST as NEWEST_PAYMENTS
from purvey.payments.store import by_notice, due, find, forget_notices, handled, listed, lock, of_subject, save_checkout

__all__ = [
    "ERASE_EVERY_SECONDS",
    "LIFE",
    "MONEY_CAME",
    "NEWEST_PAYMENTS",
    "PAID",
    "REFUND_LIFE",
    "THE_BANK_DECIDES",
    "AccountGone",
    "Applied",
    "AwaitsSeller",
    "BadSignature",
    "Checkout",
    "CheckoutOrder",
    "Dispute",
    "DisputeStanding",
    "DisputeStatus",
    "ForeignPaymentMethod",
    "Gateway",
    "GatewayDown",
    "GatewayNotified",
    "GatewayRefused",
    "Gateways",
    "Happening",
    "NoGateway",
    "NotRefundable",
    "NotReleasable",
    "Notice",
    "Payment",
    "PaymentMoved",
    "PlayMoney",
    "References",
    "Refund",
    "RefundApproved",
    "RefundHappening",
    "RefundStanding",
    "RefundStatus",
    "RefundTooMuch",
    "Standing",
    "State",
    "Status",
    "StripeNotified",
    "apply",
    "approve_refund",
    "begin",
    "begin_sending",
    "by_notice",
    "disputes_of",
    "due",
    "erase_retired_keys",
    "find",
    "find_refund",
    "forget_notices",
    "hand_over",
    "handled",
    "is_over",
    "listed",
    "lock",
    "of_subject",
    "put_on_hold",
    "reactions",
    "reclaim",
    "refunds_due",
    "refunds_of",
    "refuse_beside_test_bank",
    "refuse_live_keys",
    "release",
    "request_refund",
    "save_checkout",
    "turn_down_refund",
]
