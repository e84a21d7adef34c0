"""What one user paid becomes another's, when their wallet is linked."""

from uuid import UUID

from purvey.kit.db import Tx

# Payments of the giver.
PAYMENTS = "update payments set payer_id = $2 where payer_id = $1"

# Refunds that the giver asked for.
REFUNDS = "update refunds set requested_by = $2 where requested_by = $1"

# The giver's account at a gateway where the taker has one is of no more use.
DROP_DOUBLES = """
delete from payment_customers theirs
using payment_customers mine
where theirs.user_id = $1
    and mine.user_id = $2
    and mine.tenant_id = theirs.tenant_id
    and mine.provider = theirs.provider
"""

# The giver's accounts at gateways.
ACCOUNTS = "update payment_customers set user_id = $2 where user_id = $1"


async def hand_over(tx: Tx, giver: UUID, taker: UUID) -> None:
    """Payments and refunds of the giver become the taker's."""
    for statement in (PAYMENTS, REFUNDS, DROP_DOUBLES, ACCOUNTS):
        await tx.do(statement, giver, taker)
