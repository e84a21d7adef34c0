"""What one user wrote to sellers and buyers becomes another's, when their wallet is linked."""

from uuid import UUID

from purvey.kit.db import Tx

# Requests of the giver.
OPENED = "update tickets set opened_by = $2 where opened_by = $1"

# Requests that the giver decided.
DECIDED = "update tickets set decided_by = $2 where decided_by = $1"

# What the giver wrote.
WRITTEN = "update ticket_messages set author_id = $2 where author_id = $1"


async def hand_over(tx: Tx, giver: UUID, taker: UUID) -> None:
    for statement in (OPENED, DECIDED, WRITTEN):
        await tx.do(statement, giver, taker)
