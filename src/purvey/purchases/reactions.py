"""When a gateway has news, or a refund may go: the gateway is asked, and what it says is believed."""

from purvey import payments
from purvey.access import WalletInherited
from purvey.entitlements import CustomerProductCreated, CustomerProductUpdated
from purvey.kit.events import Heard, Reaction, on
from purvey.payments import GatewayNotified, Gateways, RefundApproved, StripeNotified
from purvey.payments.x402 import SettlementDecided, SettlementReturned, SettlementVanished
from purvey.purchases.recovery import catch_up, close_owned, go_on_with_refund
from purvey.purchases.settling import hold, let_on

VANISHED = "The transaction that paid it is on the chain no more"


def reactions(gateways: Gateways) -> list[Reaction]:
    """What purchases do when money moves."""

    async def hear_gateway(heard: Heard, said: GatewayNotified) -> None:
        payment = await payments.by_notice(
            heard.db,
            said.provider,
            tenant_id=said.tenant_id,
            payment_id=said.payment_id,
            checkout_reference=said.checkout_reference,
            reference=said.reference,
        )
        if payment is None or payment.subject_type != "purchase":
            return
        await catch_up(heard.db, gateways, payment, now=heard.now, notice=said)

    async def send_refund(heard: Heard, approved: RefundApproved) -> None:
        refund = await payments.find_refund(heard.db, approved.subject_id)
        assert refund is not None, "an approved refund is gone"
        await go_on_with_refund(heard.db, gateways, refund, now=heard.now)

    return [
        on(GatewayNotified, hear_gateway),
        Reaction(StripeNotified, "purchases.hear_stripe", hear_gateway),
        on(RefundApproved, send_refund),
        *owning_reactions(gateways),
        *chain_reactions(gateways),
    ]


def owning_reactions(gateways: Gateways) -> list[Reaction]:
    """When somebody comes to own something, their other checkouts of it are closed."""

    async def close_others(heard: Heard, owned: CustomerProductCreated | CustomerProductUpdated) -> None:
        await close_owned(heard.db, gateways, owned.user_id, now=heard.now)

    async def close_after_joining(heard: Heard, joined: WalletInherited) -> None:
        await close_owned(heard.db, gateways, joined.subject_id, now=heard.now)

    return [
        on(CustomerProductCreated, close_others),
        Reaction(CustomerProductUpdated, "purchases.close_others_of_restored", close_others),
        on(WalletInherited, close_after_joining),
    ]


def chain_reactions(gateways: Gateways) -> list[Reaction]:
    """When a chain decided, or took back what it had decided: the money is believed, missed, or found again."""

    async def hear_chain(heard: Heard, said: SettlementDecided) -> None:
        payment = None if said.payment_id is None else await payments.find(heard.db, said.payment_id)
        if payment is None or payment.subject_type != "purchase":
            return
        known = payment.paid_at if said.settled else payment.closed_at
        if known is None:  # else the door that took the payment was faster
            await catch_up(heard.db, gateways, payment, now=heard.now)

    async def miss_money(heard: Heard, said: SettlementVanished) -> None:
        if said.payment_id is not None and said.of_type == "purchase":
            async with heard.db.transaction() as tx:
                await hold(tx, said.payment_id, reason=VANISHED, now=heard.now)

    async def find_money(heard: Heard, said: SettlementReturned) -> None:
        if said.payment_id is not None and said.of_type == "purchase":
            async with heard.db.transaction() as tx:
                await let_on(tx, said.payment_id, reason=VANISHED, now=heard.now)

    return [
        on(SettlementDecided, hear_chain),
        on(SettlementVanished, miss_money),
        on(SettlementReturned, find_money),
    ]
