"""The part of Stripe's API that the fake plays, one module a resource."""

from ..operations import Operation
from . import (
    balance,
    charges,
    customers,
    disputes,
    events,
    intents,
    methods,
    prices,
    refunds,
    sessions,
)

OPERATIONS: tuple[Operation, ...] = (
    *balance.OPERATIONS,
    *charges.OPERATIONS,
    *customers.OPERATIONS,
    *disputes.OPERATIONS,
    *events.OPERATIONS,
    *intents.OPERATIONS,
    *methods.OPERATIONS,
    *prices.OPERATIONS,
    *refunds.OPERATIONS,
    *sessions.OPERATIONS,
)
