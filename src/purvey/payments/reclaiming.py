"""Nothing more is paid to whoever set up somebody's tenants before the owner of the account came."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from purvey.kit.db import Tx

OWNED = "select tenant_id from memberships where user_id = $1 and role = 'OWNER'"

# Gateway keys that no new sale begins with.
RETIRE_KEYS = f"""
update gateway_keys
set retired_at = $2
where tenant_id in ({OWNED})
    and retired_at is null
"""

# What was quoted to be paid to the wallets of their sites is quoted anew.
END_QUOTES = f"""
update x402_quotes
set expires_at = $2
where expires_at > $2
    and pay_to in (select payout_wallet from sites where tenant_id in ({OWNED}) and payout_wallet is not null)
"""

# Nor is the person at a gateway whoever paid there by their name.
FORGET_CUSTOMERS = "delete from payment_customers where user_id = $1"


async def reclaim(tx: Tx, user_id: UUID, now: datetime) -> Mapping[str, int]:
    """How many gateway keys were retired. Asked before the tenants forget their wallets."""
    await tx.do(END_QUOTES, user_id, now)
    await tx.do(FORGET_CUSTOMERS, user_id)
    return {"gatewayKeys": await tx.do(RETIRE_KEYS, user_id, now)}
