"""One Stripe account in the words every gateway speaks."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from purvey.kit.db import Database
from purvey.kit.money import Money
from purvey.payments.gateway import (
    Checkout,
    CheckoutOrder,
    Credentials,
    GatewayDown,
    GatewayRefused,
    Notice,
    References,
    RefundStanding,
    Standing,
    State,
)
from purvey.payments.stripe import customers, notices
from purvey.payments.stripe.model import Dispute, Known, Refund, Session, of, our_id
from purvey.payments.stripe.rules import refund_standing, standing_of
from purvey.payments.stripe.units import NotSoFine, to_stripe
from purvey.payments.stripe.wire import BUSY, asking, reading, sdk

if TYPE_CHECKING:
    from stripe import IdempotencyError, InvalidRequestError, StripeClient

log = structlog.get_logger("purvey.stripe")

PAGE = 100
NAME_LENGTH = 250
REASON_LENGTH = 500
SHORTEST_LIFE = timedelta(minutes=30)
LONGEST_LIFE = timedelta(hours=24)
MARGIN = timedelta(minutes=2)  # for the way there, and for clocks that differ
WHOLE = ["payment_intent.latest_charge.refunds"]
MISSING = "resource_missing"
UUID_WITH_TIME = 7


class StripeAccount:
    """A gateway by one secret key. `account`: its fingerprint; `ending`: its last letters, which may be shown."""

    name = "stripe"
    shortest_hold = SHORTEST_LIFE + MARGIN
    longest_hold = LONGEST_LIFE - MARGIN

    def __init__(
        self,
        db: Database,
        client: "StripeClient",
        *,
        credentials: Credentials,
        clock: Callable[[], datetime],
    ) -> None:
        self.db, self.v1, self.clock = db, client.v1, clock
        self.webhook_secret = credentials.webhook_secret
        self.account, self.ending = credentials.account, credentials.ending

    # Asking for money

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """The session of this order, the same however often it is asked for."""
        stripe = sdk()
        try:
            units = to_stripe(order.amount)
        except NotSoFine as refusal:
            raise GatewayRefused(refusal.detail) from None
        with asking(self.ending):
            try:
                return checkout_of(await self.session_for(order, units))
            except (stripe.InvalidRequestError, stripe.CardError) as refusal:
                log.warning("stripe refuses a checkout", payment=str(order.payment_id), said=refusal.user_message)
                raise GatewayRefused(f"Stripe will not take this payment: {refusal.user_message}") from None
            except stripe.IdempotencyError as reuse:
                return checkout_of(await self.made_before(order, reuse))

    async def session_for(self, order: CheckoutOrder, units: int) -> Session:
        """Ask for a session; again, under another key, when only what it names stood in the way."""
        stripe = sdk()
        customer, ends_at = await self.customer_of(order), order.expires_at
        key = f"checkout-{order.payment_id}"
        try:
            return await self.create_session(order, units, customer=customer, ends_at=ends_at, key=key)
        except stripe.InvalidRequestError as refusal:
            if is_about(refusal, "customer"):  # made in another account, or deleted there
                await customers.forget(self.db, order.tenant_id, order.payer_id, self.name, reference=customer)
                customer = await self.customer_of(order, instead_of=customer)
            elif refusal.param == "expires_at":  # what is left of the hold is too short for a session
                ends_at = self.clock() + self.shortest_hold
            else:
                raise
        except stripe.IdempotencyError as reuse:
            with suppress(GatewayDown):
                return await self.made_before(order, reuse)
        return await self.create_session(order, units, customer=customer, ends_at=ends_at, key=f"{key}-again")

    async def create_session(
        self, order: CheckoutOrder, units: int, *, customer: str, ends_at: datetime, key: str
    ) -> Session:
        ours = {"payment_id": str(order.payment_id), "tenant_id": str(order.tenant_id)}
        product = {"name": order.description[:NAME_LENGTH] or "Purchase"}
        price = {"currency": order.amount.currency.lower(), "unit_amount": units, "product_data": product}
        wanted: Any = {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "customer": customer,
            "client_reference_id": str(order.payment_id),
            "metadata": ours,
            "payment_intent_data": {"metadata": ours} | ({"receipt_email": order.email} if order.email else {}),
            "expires_at": int(ends_at.timestamp()),
            "success_url": order.success_url,
            "cancel_url": order.cancel_url,
        }
        return of(Session, await self.v1.checkout.sessions.create_async(wanted, {"idempotency_key": key}))

    async def made_before(self, order: CheckoutOrder, reuse: "IdempotencyError") -> Session:
        """The key was used with other words, by an older purvey say: the session made then is the one that counts."""
        if reuse.http_status == BUSY:
            raise reuse
        session = await self.find_by_customer(order.payment_id)
        if session is None:
            raise GatewayDown("Stripe remembers this payment, but shows no checkout for it; try again")
        return session

    # Payment customers

    async def customer_of(self, order: CheckoutOrder, *, instead_of: str = "") -> str:
        """What this account calls the payer; made at their first payment."""
        known = await customers.find(self.db, order.tenant_id, order.payer_id, self.name)
        if known is not None:
            return known
        wanted: Any = {"metadata": {"tenant_id": str(order.tenant_id), "user_id": str(order.payer_id)}}
        if order.email:
            wanted["email"] = order.email
        salt = sha256(f"{order.email}\n{instead_of}".encode()).hexdigest()[:16]
        key = f"customer-{order.tenant_id}-{order.payer_id}-{salt}"
        made = await self.v1.customers.create_async(wanted, {"idempotency_key": key})
        return await customers.keep(
            self.db, order.tenant_id, order.payer_id, self.name, reference=made.id, now=self.clock()
        )

    async def owns_method(self, *, tenant_id: UUID, payer_id: UUID, method: str) -> bool:
        """Whether a payment method is attached to the payer's own customer."""
        customer = await customers.find(self.db, tenant_id, payer_id, self.name)
        if customer is None or not method.isascii() or not method.replace("_", "").isalnum():
            return False
        with reading(self.ending):
            try:
                found = await self.v1.payment_methods.retrieve_async(method)
            except sdk().InvalidRequestError as refusal:
                if refusal.code == MISSING:
                    return False
                raise
        return found.to_dict().get("customer") == customer

    # What became of it

    async def look_up(self, payment: References) -> Standing:
        """Everything Stripe has on a payment: its session, intent, refunds and disputes."""
        with reading(self.ending):
            session = await self.find_session(payment)
            return Standing(state=State.UNKNOWN) if session is None else await self.standing(session)

    async def expire(self, payment: References) -> Standing:
        """Close the session, unless its buyer was faster."""
        with reading(self.ending):
            session = await self.find_session(payment)
            if session is None:
                return Standing(state=State.UNKNOWN)
            if session.status == "open":
                session = await self.closed(session)
            return await self.standing(session)

    async def closed(self, session: Session) -> Session:
        try:
            expired = await self.v1.checkout.sessions.expire_async(session.id, {"expand": WHOLE})
        except sdk().InvalidRequestError:
            return await self.whole(session.id)
        return of(Session, expired)

    async def find_session(self, payment: References) -> Session | None:
        """The session by its own id, by its intent's, or, when neither was noted, among its customer's."""
        if payment.checkout_reference is None and payment.reference is None:
            return await self.find_by_customer(payment.payment_id)
        try:
            if payment.checkout_reference is not None:
                return await self.whole(payment.checkout_reference)
            assert payment.reference is not None
            listed = await self.v1.checkout.sessions.list_async({"payment_intent": payment.reference})
        except sdk().InvalidRequestError as refusal:
            if refusal.code == MISSING:
                return None
            raise
        return await self.whole(listed.data[0].id) if listed.data else None

    async def find_by_customer(self, payment_id: UUID) -> Session | None:
        """A session that was asked for and never noted. Without a customer none was asked for."""
        customer = await customers.of_payment(self.db, payment_id, self.name)
        if customer is None:
            return None
        wanted: Any = {"customer": customer, "limit": PAGE, **made_since(payment_id)}
        try:
            listed = await self.v1.checkout.sessions.list_async(wanted)
            async for each in listed.auto_paging_iter():
                if of(Known, each).client_reference_id == str(payment_id):
                    return await self.whole(each.id)
        except sdk().InvalidRequestError as refusal:
            if refusal.code != MISSING:
                raise
        return None

    async def whole(self, session_id: str) -> Session:
        return of(Session, await self.v1.checkout.sessions.retrieve_async(session_id, {"expand": WHOLE}))

    async def standing(self, session: Session) -> Standing:
        intent = session.payment_intent
        charge = intent.latest_charge if intent else None
        refunds: list[Refund] = []
        disputes: list[Dispute] = []
        if intent and charge and charge.refunds:
            pages_left = charge.refunds.has_more
            refunds = [each async for each in self.refunds_of(intent.id)] if pages_left else charge.refunds.data
        if intent and charge and charge.disputed:
            wanted: Any = {"payment_intent": intent.id, "limit": PAGE}
            listed = await self.v1.disputes.list_async(wanted)
            disputes = [of(Dispute, each) async for each in listed.auto_paging_iter()]
        return standing_of(session, oldest_first(refunds), oldest_first(disputes))

    # Money back

    async def refund(self, payment: References, *, refund_id: UUID, amount: Money, reason: str) -> RefundStanding:
        """Send money back once: what this refund has done already is looked for before it is asked for."""
        stripe = sdk()
        failed = RefundStanding(str(refund_id), refund_id, amount, "failed", "Stripe has no such payment")
        intent = payment.reference or (await self.look_up(payment)).reference
        if intent is None:
            return failed
        with asking(self.ending):
            try:
                async for made in self.refunds_of(intent):
                    if our_id(made.metadata, "refund_id") == refund_id:
                        return refund_standing(made)
                return refund_standing(
                    await self.create_refund(payment, intent, refund_id=refund_id, amount=amount, reason=reason)
                )
            except (stripe.InvalidRequestError, stripe.CardError) as refusal:
                return RefundStanding(str(refund_id), refund_id, amount, "failed", refusal.user_message)
            except NotSoFine as refusal:
                return RefundStanding(str(refund_id), refund_id, amount, "failed", refusal.detail)
            except stripe.IdempotencyError:
                raise GatewayDown("Stripe was asked for this refund in other words; try again tomorrow") from None

    async def create_refund(
        self, payment: References, intent: str, *, refund_id: UUID, amount: Money, reason: str
    ) -> Refund:
        ours = {
            "refund_id": str(refund_id),
            "payment_id": str(payment.payment_id),
            "tenant_id": str(payment.tenant_id),
            "note": reason[:REASON_LENGTH],
        }
        wanted: Any = {
            "payment_intent": intent,
            "amount": to_stripe(amount),
            "reason": "requested_by_customer",
            "metadata": {name: value for name, value in ours.items() if value},
        }
        return of(Refund, await self.v1.refunds.create_async(wanted, {"idempotency_key": f"refund-{refund_id}"}))

    async def refunds_of(self, intent: str) -> AsyncIterator[Refund]:
        wanted: Any = {"payment_intent": intent, "limit": PAGE}
        listed = await self.v1.refunds.list_async(wanted)
        async for each in listed.auto_paging_iter():
            yield of(Refund, each)

    # Webhooks and keys

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        return notices.read(self.webhook_secret, headers, body, now=now)

    async def check_key(self) -> None:
        """Ask Stripe for next to nothing: KeyRefused when it does not accept the key."""
        with reading(self.ending):
            await self.v1.checkout.sessions.list_async({"limit": 1})


def checkout_of(session: Session) -> Checkout:
    """Where the buyer pays. A session that is over has no page any more."""
    if session.url is None:
        raise GatewayDown("This checkout is over at Stripe; how it ended will be known in a moment")
    return Checkout(session.url, session.id, datetime.fromtimestamp(session.expires_at, UTC))


def is_about(refusal: "InvalidRequestError", param: str) -> bool:
    return refusal.param == param and refusal.code == MISSING


def made_since(payment_id: UUID) -> dict[str, Any]:
    """A filter by the time in the payment's own id (RFC 9562), a day wide for clocks that differ."""
    if payment_id.version != UUID_WITH_TIME:
        return {}
    seconds = (payment_id.int >> 80) // 1000
    return {"created": {"gte": seconds - int(timedelta(days=1).total_seconds())}}


def oldest_first(things: list[Any]) -> list[Any]:
    return things[::-1]
