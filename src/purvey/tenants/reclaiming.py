"""What others hold in somebody's tenants ends, when the account turns out to have been made with their address."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from purvey.kit.audit_log import audit
from purvey.kit.db import Tx

# The tenants that somebody owns, whose teams and sites nobody else changes until the transaction ends.
LOCK_OWNED = """
select id
from tenants
where id in (select tenant_id from memberships where user_id = $1 and role = 'OWNER')
order by id
for no key update
"""

# Everybody else leaves the team.
REMOVE_OTHERS = "delete from memberships where tenant_id = $1 and user_id <> $2"

# Open invitations to it are taken back.
REVOKE_ALL = """
update invitations
set revoked_at = $2
where tenant_id = $1
    and accepted_at is null
    and revoked_at is null
"""

# Nobody is paid on its sites until a wallet is named anew.
DROP_WALLETS = """
update sites
set payout_wallet = null,
    updated_at = $2,
    version = version + 1
where tenant_id = $1
    and payout_wallet is not null
"""


async def reclaim(tx: Tx, user_id: UUID, now: datetime) -> Mapping[str, int]:
    """The team is the owner alone, nobody is invited, and no payout wallet is named. How many of each ended."""
    ended = {"members": 0, "invitations": 0, "payoutWallets": 0}
    for row in await tx.records(LOCK_OWNED, user_id):
        tenant_id = row["id"]
        here = {
            "members": await tx.do(REMOVE_OTHERS, tenant_id, user_id),
            "invitations": await tx.do(REVOKE_ALL, tenant_id, now),
            "payoutWallets": await tx.do(DROP_WALLETS, tenant_id, now),
        }
        await audit(
            tx, None, action="tenant.reclaimed", subject_type="tenant", subject_id=tenant_id, detail=here, now=now,
            tenant_id=tenant_id,
        )  # fmt: skip
        ended = {name: count + here[name] for name, count in ended.items()}
    return ended
