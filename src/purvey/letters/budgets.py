"""How many letters one mailbox is sent in a day, whoever causes them. What is held back stands on the pages.

An address that nobody has proved may be anybody's: whoever types it into a form must not fill its mailbox. Links that
prove an address or open an account have a budget each, so that no flood of orders keeps somebody out.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from purvey.kit.db import Tx
from purvey.kit.errors import TooMany
from purvey.kit.ids import token_hash
from purvey.kit.throttles import throttle

DAY: Final = timedelta(days=1)
TO_A_STRANGER: Final = 5


class Budget(msgspec.Struct, frozen=True):
    """A kind of letter, and how many of it go to a proved address in a day."""

    name: str
    a_day: int


SHOP: Final = Budget("shop", 500)
BUDGETS: Final[Mapping[str, Budget]] = {
    kind: Budget(kind, a_day)
    for kind, a_day in {
        "verify-email": 20,
        "confirm-email": 20,
        "reset-password": 20,
        "email-moves": 20,
        "account-reclaimed": 20,
        "invitation": 20,
    }.items()
}


async def is_within(tx: Tx, kind: str, *, to: str, is_proved: bool, now: datetime) -> bool:
    """Count a letter against its recipient's budget; whether there was room for it."""
    budget = BUDGETS.get(kind, SHOP)
    mailbox = token_hash(to if is_proved else mailbox_of(to)).hex()[:32]
    key = f"mail-{budget.name}:{'proved' if is_proved else 'stranger'}:{mailbox}"
    limit = budget.a_day if is_proved else TO_A_STRANGER
    try:
        await throttle(tx, key=key, limit=limit, window=DAY, now=now, is_secret=True)
    except TooMany:
        return False
    return True


def mailbox_of(address: str) -> str:
    """Where mail to an address lands: most servers deliver `ana+anything@…` to `ana@…` (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"
