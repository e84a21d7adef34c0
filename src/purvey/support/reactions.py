"""When money went back, the request for it is done."""

from purvey.kit.events import Heard, Reaction, on
from purvey.purchases import PurchaseRefunded
from purvey.support.deciding import settled


async def close_requests(heard: Heard, refunded: PurchaseRefunded) -> None:
    async with heard.db.transaction() as tx:
        await settled(tx, refunded.subject_id, refund_id=refunded.refund_id, whole=refunded.whole, now=heard.now)


def reactions() -> list[Reaction]:
    """What support does when purchases move."""
    return [on(PurchaseRefunded, close_requests)]
