"""USDC by x402: a quote is ours, an authorization is entered once, and only the chain says what became of it.

A door asks `rail.quoted`, answers `payment_required`, reads `shown`, finds the quote by `matched`, then
`rail.verify`, `rail.enter` in its own transaction, `rail.carry_out`. Nothing here knows what is sold.
"""

from purvey.payments.x402.asking import PaymentNeeded
from purvey.payments.x402.events import SettlementDecided, SettlementReturned, SettlementVanished
from purvey.payments.x402.model import (
    LIFE,
    QUOTE_KEPT,
    AlreadyEntered,
    Ask,
    MalformedPayment,
    PaymentRefused,
    Quote,
    Settlement,
    Shown,
    State,
    Token,
)
from purvey.payments.x402.rail import Rail
from purvey.payments.x402.refunds import TransactionTaken, name_transaction
from purvey.payments.x402.store import by_id, forget_quotes, matched, of_payment, of_subject, quote
from purvey.payments.x402.watch import check, finish
from purvey.payments.x402.wire import (
    of_payload,
    payment_required,
    payment_required_v2,
    payment_response,
    read_payment,
    requirements,
    settled,
    shown,
)

__all__ = [
    "LIFE",
    "QUOTE_KEPT",
    "AlreadyEntered",
    "Ask",
    "MalformedPayment",
    "PaymentNeeded",
    "PaymentRefused",
    "Quote",
    "Rail",
    "Settlement",
    "SettlementDecided",
    "SettlementReturned",
    "SettlementVanished",
    "Shown",
    "State",
    "Token",
    "TransactionTaken",
    "by_id",
    "check",
    "finish",
    "forget_quotes",
    "matched",
    "name_transaction",
    "of_payload",
    "of_payment",
    "of_subject",
    "payment_required",
    "payment_required_v2",
    "payment_response",
    "quote",
    "read_payment",
    "requirements",
    "settled",
    "shown",
]
