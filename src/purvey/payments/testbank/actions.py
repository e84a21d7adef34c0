"""What can be done on the bank's page. Each has its effect and leaves a webhook to be sent."""

import secrets
from datetime import datetime

from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.events import publish
from purvey.payments.testbank import store
from purvey.payments.testbank.events import BankHasLateNews, BankHasNews
from purvey.payments.testbank.gateway import TestBank
from purvey.payments.testbank.model import Delivery, Outcome, Session, State


class CheckoutOver(Conflict):
    """The checkout was paid, expired or is in another state than this needs."""

    code = "checkout_over"


async def look(db: Database, session_id: str) -> Session:
    """A checkout by its secret address; NotFound."""
    session = await store.by_id(db, session_id)
    if session is None:
        raise NotFound("There is no such checkout")
    return session


async def decide(
    bank: TestBank,
    session_id: str,
    outcome: Outcome,
    *,
    delivery: Delivery | None = None,
    refunds: str | None = None,
    now: datetime,
) -> Session:
    """Pay, decline or leave. Leaving changes nothing: the buyer may come back until it expires."""
    if outcome is Outcome.LEAVE:
        return await look(bank.db, session_id)
    how = {"webhooks": delivery or bank.delivery} | ({"refunds": refunds} if refunds else {})
    state = State.PAID if outcome is Outcome.PAY else State.DECLINED
    reference = f"tb_{secrets.token_urlsafe(16)}" if state is State.PAID else None
    async with bank.db.transaction() as tx:
        decided = await store.decide(tx, session_id, state, reference=reference, delivery=how, now=now)
        if decided is None:
            session = await look(bank.db, session_id)
            if session.state is state is State.PAID:
                return session  # a second click
            raise CheckoutOver(f"This checkout is {session.state}; start again in the shop")
        tell(tx, decided, "checkout.paid" if state is State.PAID else "checkout.declined", now=now)
    return decided


async def open_dispute(bank: TestBank, session_id: str, *, now: datetime) -> Session:
    """The buyer says they never bought it."""
    async with bank.db.transaction() as tx:
        session = await store.dispute(tx, session_id, "open", before=None)
        if session is None:
            raise CheckoutOver("Only a paid checkout without a dispute can be disputed")
        tell(tx, session, "dispute.opened", now=now)
    return session


async def close_dispute(bank: TestBank, session_id: str, *, won: bool, now: datetime) -> Session:
    """The bank decides: `won` by the seller, or lost."""
    async with bank.db.transaction() as tx:
        session = await store.dispute(tx, session_id, "won" if won else "lost", before="open")
        if session is None:
            raise CheckoutOver("There is no open dispute here")
        tell(tx, session, "dispute.closed", now=now)
    return session


def tell(tx: Tx, session: Session, kind: str, *, now: datetime) -> None:
    """Leave webhooks to be sent, in the way that this checkout's are."""
    match session.delivery.get("webhooks", Delivery.NORMAL):
        case Delivery.NEVER:
            return
        case Delivery.LATE:
            publish(tx, news(session, kind, now, BankHasLateNews))
        case Delivery.TWICE:
            publish(tx, news(session, kind, now, repeat=2))
        case Delivery.OUT_OF_ORDER:
            publish(tx, news(session, kind, now))
            publish(tx, news(session, "checkout.opened", now))
        case _:
            publish(tx, news(session, kind, now))


def news(
    session: Session, kind: str, now: datetime, of: type[BankHasNews] = BankHasNews, *, repeat: int = 1
) -> BankHasNews:
    return of(
        subject_id=session.idempotency_key,
        tenant_id=None,
        at=now,
        session_id=session.id,
        kind=kind,
        repeat=repeat,
    )
