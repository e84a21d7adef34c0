"""An account that somebody made with another's address becomes its owner's: all that others hold there ends.

Whoever resets the password of an address that nobody had proved has read its mail and did not know the password, so
what was begun with that is another's. It ends in the transaction that sets the new password: nobody can be faster.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from purvey.access import keyring
from purvey.access.events import AccountReclaimed
from purvey.access.siwa import nonces, wallets
from purvey.kit.audit_log import audit
from purvey.kit.db import Tx
from purvey.kit.events import publish

# How a slice ends what others hold in somebody's account and tenants: how many of what, in the letter's words.
Reclaim = Callable[[Tx, UUID, datetime], Awaitable[Mapping[str, int]]]


async def reclaim_account(tx: Tx, user_id: UUID, others: Sequence[Reclaim], *, now: datetime) -> Mapping[str, int]:
    """End keys and wallets here, and by `others` what else there is; say so. How many of each ended."""
    ended = {
        "apiKeys": await tx.do(keyring.REVOKE_KEYS_AND_THEIRS, user_id, now),
        "wallets": await tx.do(wallets.FORGET_ALL, user_id),
    }
    await tx.do(nonces.FORGET_LINKS, user_id)
    for reclaim in others:
        ended |= await reclaim(tx, user_id, now)
    ended = {name: count for name, count in ended.items() if count}
    await audit(
        tx, None, action="account.reclaimed", subject_type="user", subject_id=user_id, detail=ended, now=now
    )  # fmt: skip
    publish(tx, AccountReclaimed(subject_id=user_id, tenant_id=None, at=now, ended=ended))
    return ended
