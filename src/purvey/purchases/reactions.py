"""When a gateway has news, or a refund may go: the gateway is asked, and what it says is believed."""

from purvey import payments
from purvey.kit.events import Heard, Reaction, on
from purvey.payments import GatewayNotified, Gateways, RefundApproved, StripeNotified
from purvey.purchases.recovery import catch_up, go_on_with_refund


def reactions(gateways: Gateways) -> list[Reaction]:
    """What purchases do when money moves."""

    async def hear_gateway(heard: Heard, said: GatewayNotified) -> None:
        payment = await payments.by_notice(
            heard.db,
            said.provider,
            payment_id=said.payment_id,
            checkout_reference=said.checkout_reference,
            reference=said.reference,
        )
        if payment is None or payment.subject_type != "purchase":
            return
        await catch_up(heard.db, gateways, payment, now=heard.now, notice=(said.provider, said.notice_id))

    async def send_refund(heard: Heard, approved: RefundApproved) -> None:
        refund = await payments.find_refund(heard.db, approved.subject_id)
        assert refund is not None, "an approved refund is gone"
        await go_on_with_refund(heard.db, gateways, refund, now=heard.now)

    return [
        on(GatewayNotified, hear_gateway),
        Reaction(StripeNotified, "purchases.hear_stripe", hear_gateway),
        on(RefundApproved, send_refund),
    ]
