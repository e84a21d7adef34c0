"""What one user has in tenants becomes another's, when their wallet is linked."""

from uuid import UUID

from purvey.kit.db import Tx

# Where both are members, the taker stays what they are, or becomes an owner.
OWNERS = """
update memberships mine
set role = 'OWNER',
    site_ids = null
from memberships theirs
where theirs.user_id = $1
    and theirs.role = 'OWNER'
    and mine.user_id = $2
    and mine.tenant_id = theirs.tenant_id
"""

# The giver's membership of a tenant that the taker belongs to is of no more use.
DROP_DOUBLES = """
delete from memberships theirs
using memberships mine
where theirs.user_id = $1
    and mine.user_id = $2
    and mine.tenant_id = theirs.tenant_id
"""

# Everywhere else the taker takes the giver's place.
MEMBERSHIPS = "update memberships set user_id = $2 where user_id = $1"

# Sites that the giver made.
SITES = "update sites set created_by = $2 where created_by = $1"

# Invitations that the giver sent.
INVITATIONS = "update invitations set invited_by = $2 where invited_by = $1"


async def hand_over(tx: Tx, giver: UUID, taker: UUID) -> None:
    """Sites and memberships of the giver become the taker's."""
    for statement in (OWNERS, DROP_DOUBLES, MEMBERSHIPS, SITES, INVITATIONS):
        await tx.do(statement, giver, taker)
