"""Whose a wallet is. A wallet that nobody has seen yet makes a user of its own."""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey.access import people
from purvey.kit.db import Queries, Tx
from purvey.kit.pages import Asked, Order

# Whose wallet it is; nobody can link it with another until this transaction has ended.
OWNER = "select user_id from wallets where address = $1 for share"

# The same for who only wants to know.
KNOWN_OWNER = "select user_id from wallets where address = $1"

# A wallet is met for the first time, or changes hands, by one transaction.
LOCK = "select pg_advisory_xact_lock(hashtextextended('wallet ' || $1, 0))"

# A wallet and its user.
ADD = "insert into wallets (address, user_id, created_at) values ($1, $2, $3)"

# The agent that a wallet last signed in as.
REMEMBER_AGENT = "update wallets set agent_id = $2, agent_registry = $3 where address = $1"

# Whose wallet it is, when it is to become somebody else's.
HOLD = """
select w.user_id, u.email is not null or u.password_hash is not null as is_a_person
from wallets w
join users u on u.id = w.user_id
where w.address = $1
for update of w
"""

# All the wallets of one user become another's.
GIVE = "update wallets set user_id = $2 where user_id = $1"

# The keys of a user who is no more.
REVOKE_KEYS = "update api_keys set revoked_at = $2 where user_id = $1 and revoked_at is null"

# A user whose everything is another's.
RETIRE = "update users set anonymised_at = $2 where id = $1"

# A wallet of one's own is no longer.
FORGET = "delete from wallets where address = $1 and user_id = $2"

# All wallets of somebody are no longer.
FORGET_ALL = "delete from wallets where user_id = $1"

# How many wallets somebody has.
COUNT = "select count(*) from wallets where user_id = $1"

# How somebody can sign in, one unlinking at a time.
WAYS_IN = """
select email is not null as has_email, (select count(*) from wallets where user_id = $1) as wallets
from users
where id = $1
for no key update
"""

WALLET = "address, created_at, agent_id, agent_registry"

# One wallet.
FIND = f"select {WALLET} from wallets where address = $1"


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """An address that somebody signs with, and the agent it last signed in as."""

    address: str
    created_at: datetime
    agent_id: int | None
    agent_registry: str | None


class Holder(msgspec.Struct, frozen=True):
    """Whose wallet it is, and whether they are more than their wallets."""

    user_id: UUID
    is_a_person: bool


class Ways(msgspec.Struct, frozen=True):
    """How somebody can sign in."""

    has_email: bool
    wallets: int


OLDEST: Order[Wallet] = Order(
    "wallets", ("created_at", "address"), (datetime, str), lambda one: (one.created_at, one.address)
)

# A page of a person's wallets, oldest first.
OF_USER = f"""
select {WALLET}
from wallets
where user_id = $1
    and {OLDEST.beyond(2)}
order by {OLDEST.by}
limit $4 offset $5
"""


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


async def user_of_agent(tx: Tx, address: str, *, agent_id: int | None, registry: str | None, now: datetime) -> UUID:
    """The same for a wallet that signs in as this agent, which is remembered of it."""
    known = await tx.do(REMEMBER_AGENT, address, agent_id, registry)
    found = await user_of_wallet(tx, address, now=now)
    if not known:
        await tx.do(REMEMBER_AGENT, address, agent_id, registry)
    return found


async def hold(tx: Tx, address: str) -> Holder | None:
    """Whose wallet it is, with the wallet locked; None when it is nobody's, and nobody's else it becomes meanwhile."""
    await tx.value(LOCK, address)
    return await tx.maybe(Holder, HOLD, address)


async def find_user_of_wallet(db: Queries, address: str) -> UUID | None:
    """Whose wallet this is, as far as anybody knows."""
    found: UUID | None = await db.value(KNOWN_OWNER, address.lower())
    return found


async def find(db: Queries, address: str) -> Wallet:
    return await db.one(Wallet, FIND, address)


async def of_user(db: Queries, user_id: UUID, asked: Asked) -> list[Wallet]:
    """A page of a person's wallets, oldest first."""
    return await db.rows(Wallet, OF_USER, user_id, *asked.place(OLDEST), asked.limit, asked.offset)


def short_address(address: str) -> str:
    """A wallet as people read it: 0x1234…abcd."""
    return f"{address[:6]}…{address[-4:]}".lower()
