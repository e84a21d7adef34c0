"""A review is shown as long as what it speaks of is owned: refunds and disputes take it away, won ones bring it back.

What counts is how things stand now, so each of these may be heard twice, or late.
"""

from uuid import UUID

from purvey.entitlements import CustomerProductCreated, CustomerProductDeleted, CustomerProductUpdated, Source
from purvey.entitlements.events import CustomerProductEvent
from purvey.kit.db import Tx
from purvey.kit.events import Heard, Reaction, on
from purvey.reviews import store


async def speak_for_new_purchase(heard: Heard, owned: CustomerProductCreated) -> None:
    """Who got their money back, and bought again, is heard again."""
    if owned.source == Source.PURCHASE and owned.product_id is not None:
        async with heard.db.transaction() as tx:
            await tx.do(store.BOUGHT_AGAIN, owned.user_id, owned.product_id, owned.source_id)
            await judge(tx, owned)


async def show_or_hide(heard: Heard, owned: CustomerProductUpdated) -> None:
    async with heard.db.transaction() as tx:
        await judge(tx, owned)


async def hide_what_ended(heard: Heard, owned: CustomerProductDeleted) -> None:
    async with heard.db.transaction() as tx:
        await judge(tx, owned)


async def judge(tx: Tx, owned: CustomerProductEvent) -> None:
    if owned.source == Source.PURCHASE and owned.product_id is not None:
        found: UUID | None = await tx.value(store.OF_PURCHASE, owned.source_id, owned.product_id)
        if found is not None:
            await store.judge(tx, found)


def reactions() -> list[Reaction]:
    """What reviews do when somebody begins or ends to own something."""
    return [
        on(CustomerProductCreated, speak_for_new_purchase),
        on(CustomerProductUpdated, show_or_hide),
        on(CustomerProductDeleted, hide_what_ended),
    ]
