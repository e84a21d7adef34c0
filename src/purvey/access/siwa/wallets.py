"""Whose a wallet is. A wallet that nobody has seen yet makes a user of its own."""

from datetime import datetime
from uuid import UUID

from purvey.access import people
from purvey.kit.db import Tx

# Whose wallet it is.
OWNER = "select user_id from wallets where address = $1"

# A wallet is met for the first time by one transaction.
LOCK = "select pg_advisory_xact_lock(hashtextextended('wallet ' || $1, 0))"

# A wallet and its user.
ADD = "insert into wallets (address, user_id, created_at) values ($1, $2, $3)"


# The agent that a wallet last signed in as.
REMEMBER_AGENT = "update wallets set agent_id = $2, agent_registry = $3 where address = $1"


async def user_of_wallet(tx: Tx, address: str, *, now: datetime) -> UUID:
    """Whose wallet this is; somebody new when it is nobody's. That it is the asker's must have been proved."""
    address = address.lower()
    found: UUID | None = await tx.value(OWNER, address)
    if found is not None:
        return found
    await tx.value(LOCK, address)
    found = await tx.value(OWNER, address)
    if found is not None:
        return found
    short = short_address(address)
    user = await people.add(
        tx, email=None, name=short, username=None, likely=short.replace("…", ""), password_hash=None, now=now
    )
    await tx.do(ADD, address, user.id, now)
    return user.id


async def remember_agent(tx: Tx, address: str, agent_id: int | None, registry: str | None) -> None:
    """The agent that this wallet signs in as."""
    await tx.do(REMEMBER_AGENT, address, agent_id, registry)


def short_address(address: str) -> str:
    """A wallet as people read it: 0x1234…abcd."""
    return f"{address[:6]}…{address[-4:]}".lower()
