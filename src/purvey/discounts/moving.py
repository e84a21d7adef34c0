"""Codes that one user used count as another's uses, when their wallet is linked."""

from uuid import UUID

from purvey.kit.db import Tx

# Uses of codes by the giver.
USES = "update discount_uses set buyer_id = $2 where buyer_id = $1"


async def hand_over(tx: Tx, giver: UUID, taker: UUID) -> None:
    await tx.do(USES, giver, taker)
