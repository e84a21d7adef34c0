"""A review is shown as long as its buyer owns what it speaks of by a purchase: a refund or a dispute takes it away
where that was the only one; winning the dispute, or buying again, brings it back.

What counts is how things stand now, so each of these may be heard twice, or late.
"""

from uuid import UUID

from purvey.entitlements import CustomerProductCreated, CustomerProductDeleted, CustomerProductUpdated, Source
from purvey.entitlements.events import CustomerProductEvent
from purvey.kit.events import Heard, Reaction, on
from purvey.reviews import store


async def speak_for_new_purchase(heard: Heard, owned: CustomerProductCreated) -> None:
    await judge(heard, owned)


async def show_or_hide(heard: Heard, owned: CustomerProductUpdated) -> None:
    await judge(heard, owned)


async def hide_what_ended(heard: Heard, owned: CustomerProductDeleted) -> None:
    await judge(heard, owned)


async def judge(heard: Heard, owned: CustomerProductEvent) -> None:
    """See what becomes of the owner's word on this product, when they gave one."""
    if owned.source == Source.PURCHASE and owned.product_id is not None:
        async with heard.db.transaction() as tx:
            found: UUID | None = await tx.value(store.OF_BUYER, owned.user_id, owned.product_id)
            if found is not None:
                await store.judge(tx, found)


def reactions() -> list[Reaction]:
    """What reviews do when somebody begins or ends to own something."""
    return [
        on(CustomerProductCreated, speak_for_new_purchase),
        on(CustomerProductUpdated, show_or_hide),
        on(CustomerProductDeleted, hide_what_ended),
    ]
