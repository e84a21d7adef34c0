"""The bank's own work: it calls the shop over real HTTP, like any gateway, and lets refunds arrive."""

from datetime import timedelta

import msgspec

from purvey.kit.events import Heard, Reaction, on
from purvey.payments.gateway import Gateways
from purvey.payments.testbank import actions, signing, store
from purvey.payments.testbank.events import BankHasLateNews, BankHasNews, BankMovesMoney
from purvey.payments.testbank.gateway import NoticeBody, bank_of

LATE = timedelta(seconds=2)
OK = 200


class ShopDidNotListen(Exception):
    """The webhook was not taken; it is sent again."""


def reactions(gateways: Gateways) -> list[Reaction]:
    """What the bank does after its pages were answered. Where there is no bank, there is nothing to hear."""

    async def call_the_shop(heard: Heard, news: BankHasNews) -> None:
        bank = await bank_of(heard.db, gateways)
        session = await actions.look(heard.db, news.session_id)
        body = msgspec.json.encode(
            NoticeBody(news.kind, session.idempotency_key, session.id, session.payment_reference)
        )
        headers = signing.signed(bank.secret, id=f"evt_{heard.event_id}", body=body, now=heard.now)
        headers["content-type"] = "application/json"
        for _ in range(news.repeat):
            answer = await bank.http.post(session.webhook_url, content=body, headers=headers)
            if answer.status_code != OK:
                raise ShopDidNotListen(f"{session.webhook_url} answered {answer.status_code}")

    async def call_the_shop_late(heard: Heard, news: BankHasLateNews) -> None:
        await call_the_shop(heard, news)

    async def let_refunds_arrive(heard: Heard, moves: BankMovesMoney) -> None:
        session = await actions.look(heard.db, moves.session_id)
        state = "failed" if session.delivery.get("refunds") == "fail" else "succeeded"
        async with heard.db.transaction() as tx:
            await store.settle_refunds(tx, session.id, state)
            actions.tell(tx, session, "refund.updated", now=heard.now)

    return [
        on(BankHasNews, call_the_shop),
        on(BankHasLateNews, call_the_shop_late, after=LATE),
        on(BankMovesMoney, let_refunds_arrive),
    ]
