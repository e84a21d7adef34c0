"""What one user owns becomes another's, when their wallet is linked. Who owned it already owns it by two titles."""

from uuid import UUID

from purvey.kit.db import Tx

# What the giver owns, or owned.
TITLES = "update entitlements set user_id = $2 where user_id = $1"


async def hand_over(tx: Tx, giver: UUID, taker: UUID) -> None:
    await tx.do(TITLES, giver, taker)
