"""The test bank as a gateway: the same few words as any provider of money, on books of its own."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import msgspec

from purvey.kit.db import Database, Queries
from purvey.kit.errors import NotFound
from purvey.kit.events import publish
from purvey.kit.money import Money
from purvey.kit.secret import Secret
from purvey.payments import gateway as words
from purvey.payments.gateway import (
    BadSignature,
    Checkout,
    CheckoutOrder,
    DisputeStanding,
    Notice,
    References,
    RefundStanding,
    Standing,
)
from purvey.payments.testbank import signing, store
from purvey.payments.testbank.events import BankMovesMoney
from purvey.payments.testbank.model import BankRefund, Delivery, Session, State

ID_BYTES = 24
CALL_SECONDS = 10.0
KEPT_SECONDS = 2.0  # shorter than any server keeps a silent connection, so that none is used as it closes
STANDS = {
    State.OPEN: words.State.OPEN,
    State.PAID: words.State.PAID,
    State.DECLINED: words.State.DECLINED,
    State.EXPIRED: words.State.EXPIRED,
}


class NoticeBody(msgspec.Struct, frozen=True, rename="camel"):
    """What a webhook of the bank says: which payment moved, never how."""

    kind: str
    payment_id: UUID
    checkout_reference: str
    reference: str | None = None


class TestBank:
    """Money that nobody has. `delivery` is how this installation's webhooks are sent, unless a page says otherwise.

    One that is not open any more has no pages: what was begun there is ended by it, and nothing is begun.
    """

    __test__ = False  # not a test, whatever pytest thinks of its name
    name = "testbank"
    account: str | None = None  # everybody's is the same
    shortest_hold = timedelta(minutes=1)
    longest_hold = timedelta(days=1)

    def __init__(
        self, db: Database, *, base_url: str, secret: Secret, clock: Callable[[], datetime], is_open: bool = True
    ) -> None:
        self.is_open = is_open
        self.db, self.base_url, self.secret, self.clock = db, base_url, secret, clock
        self.delivery = Delivery.NORMAL
        self.http = httpx.AsyncClient(
            timeout=CALL_SECONDS,
            verify=base_url.startswith("https:"),
            trust_env=False,
            limits=httpx.Limits(keepalive_expiry=KEPT_SECONDS),
        )

    async def close(self) -> None:
        await self.http.aclose()

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        session = await store.open_session(
            self.db,
            id=secrets.token_urlsafe(ID_BYTES),
            key=order.payment_id,
            amount=order.amount.minor,
            currency=order.amount.currency,
            description=order.description,
            success_url=order.success_url,
            cancel_url=order.cancel_url,
            webhook_url=f"{self.base_url}/v1/webhooks/{self.name}",
            delivery={},
            expires_at=order.expires_at,
            now=self.clock(),
        )
        return Checkout(f"{self.base_url}/test-bank/{session.id}", session.id, session.expires_at)

    async def owns_method(self, *, tenant_id: UUID, payer_id: UUID, method: str) -> bool:
        """The test bank keeps nobody's way to pay."""
        return False

    async def look_up(self, payment: References) -> Standing:
        session = await store.find(self.db, id=payment.checkout_reference, key=payment.payment_id)
        return await self.standing(session)

    async def expire(self, payment: References) -> Standing:
        session = await store.find(self.db, id=payment.checkout_reference, key=payment.payment_id)
        if session is not None:
            session = await store.expire(self.db, session.id) or await store.by_id(self.db, session.id)
        return await self.standing(session)

    async def refund(self, payment: References, *, refund_id: UUID, amount: Money, reason: str) -> RefundStanding:
        session = await store.find(self.db, id=payment.checkout_reference, key=payment.payment_id)
        if session is None:
            return RefundStanding(str(refund_id), refund_id, amount, "failed", "the bank has no such payment")
        async with self.db.transaction() as tx:
            made = await store.send_back(
                tx,
                id=f"re_{secrets.token_urlsafe(ID_BYTES)}",
                key=refund_id,
                session_id=session.id,
                amount=amount.minor,
                now=self.clock(),
            )
            if made is not None:
                publish(tx, self.moves_money(session))
        refund = made or await store.refund_by_key(self.db, refund_id)
        if refund is None:
            return RefundStanding(
                str(refund_id), refund_id, amount, "failed", "the bank has not so much of this payment"
            )
        return refund_standing(refund, session)

    def moves_money(self, session: Session) -> BankMovesMoney:
        return BankMovesMoney(
            subject_id=session.idempotency_key, tenant_id=None, at=self.clock(), session_id=session.id
        )

    async def standing(self, session: Session | None) -> Standing:
        """Everything the bank knows of a checkout."""
        if session is None:
            return Standing(state=words.State.UNKNOWN)
        paid = session.state is State.PAID
        refunds = await store.refunds_of(self.db, session.id) if paid else []
        return Standing(
            state=STANDS[session.state],
            checkout_reference=session.id,
            reference=session.payment_reference,
            paid=session.money if paid else None,
            failure="the bank declined" if session.state is State.DECLINED else None,
            refunds=tuple(refund_standing(refund, session) for refund in refunds),
            disputes=disputes_of(session),
        )

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        id = signing.verified(self.secret, headers, body, now=now)
        try:
            said = msgspec.json.decode(body, type=NoticeBody)
        except msgspec.MsgspecError:
            raise BadSignature("This notice cannot be read") from None
        return Notice(id, said.kind, said.payment_id, said.checkout_reference, said.reference)


def refund_standing(refund: BankRefund, session: Session) -> RefundStanding:
    failure = "the bank could not send it" if refund.state == "failed" else None
    money = Money(refund.amount, session.currency)
    return RefundStanding(refund.id, refund.idempotency_key, money, refund.state, failure)


def disputes_of(session: Session) -> tuple[DisputeStanding, ...]:
    if session.dispute is None:
        return ()
    return (DisputeStanding(f"dp_{session.id}", session.money, session.dispute, "the buyer does not know of it"),)


async def bank_of(db: Queries, gateways: words.Gateways) -> TestBank:
    """This installation's test bank; NotFound where there is none, or none any more."""
    bank = await gateways.named(db, None, TestBank.name)
    assert isinstance(bank, TestBank)
    if not bank.is_open:
        raise NotFound("This shop has no test bank")
    return bank
