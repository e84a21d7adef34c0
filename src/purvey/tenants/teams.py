"""The SQL of members and invitations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from purvey.kit.audit_log import Actor
from purvey.kit.db import Queries, Tx
from purvey.kit.errors import NotFound
from purvey.kit.ids import token_hash
from purvey.kit.pages import Asked, Order
from purvey.tenants.model import Invitation, Member, Role

MEMBER = """
    m.tenant_id, m.user_id, m.role, m.site_ids, m.created_at, u.username, u.display_name, u.email, u.avatar_url
"""
INVITATION = "id, tenant_id, email, role, site_ids, invited_by, created_at, expires_at, accepted_at, revoked_at"
OLDEST_MEMBER: Order[Member] = Order(
    "members", ("m.created_at", "m.user_id"), (datetime, UUID), lambda member: (member.created_at, member.user_id)
)
OLDEST_INVITATION: Order[Invitation] = Order("invitations", ("id",), (UUID,), lambda one: (one.id,))

# A page of a tenant's team, in the order in which they joined.
MEMBERS = f"""
select {MEMBER}
from memberships m
join users u on u.id = m.user_id
where m.tenant_id = $1
    and {OLDEST_MEMBER.beyond(2)}
order by {OLDEST_MEMBER.by}
limit $4 offset $5
"""

# How many they are.
COUNT_MEMBERS = "select count(*) from memberships where tenant_id = $1"

# One of a team.
MEMBER_BY_ID = f"""
select {MEMBER}
from memberships m
join users u on u.id = m.user_id
where m.tenant_id = $1
    and m.user_id = $2
"""

# What somebody is in a team, be it for some sites.
ROLE_OF_MEMBER = "select role from memberships where tenant_id = $1 and user_id = $2"

# Whether somebody with this e-mail is of the team.
IS_MEMBER = """
select exists (
    select from memberships m
    join users u on u.id = m.user_id
    where m.tenant_id = $1
        and u.email = $2
)
"""

# A new member; nothing when they are one.
ADD_MEMBER = """
insert into memberships (tenant_id, user_id, role, site_ids, created_at)
values ($1, $2, $3, $4, $5)
on conflict do nothing
"""

# Another role.
CHANGE_MEMBER = "update memberships set role = $3, site_ids = $4 where tenant_id = $1 and user_id = $2"

# A member less.
REMOVE_MEMBER = "delete from memberships where tenant_id = $1 and user_id = $2"

# Owners beside somebody; the tenant's row is locked by whoever asks.
OTHER_OWNERS = "select count(*) from memberships where tenant_id = $1 and role = 'OWNER' and user_id <> $2"

# How many of these sites are the tenant's.
COUNT_SITES = "select count(*) from sites where tenant_id = $1 and id = any($2)"

# Invitations to this address that were never answered in time make room for another.
REVOKE_EXPIRED = """
update invitations
set revoked_at = $3
where tenant_id = $1
    and email = $2
    and accepted_at is null
    and revoked_at is null
    and expires_at <= $3
"""

# A new invitation; no row when one is open for this address.
ADD_INVITATION = f"""
insert into invitations (id, tenant_id, email, role, site_ids, invited_by, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing
returning {INVITATION}
"""

OPEN = "tenant_id = $1 and accepted_at is null and revoked_at is null and expires_at > $2"

# A page of a tenant's open invitations, oldest first.
INVITATIONS = f"""
select {INVITATION}
from invitations
where {OPEN}
    and {OLDEST_INVITATION.beyond(3)}
order by {OLDEST_INVITATION.by}
limit $4 offset $5
"""

# How many those are.
COUNT_INVITATIONS = f"select count(*) from invitations where {OPEN}"

# An open invitation taken back.
REVOKE = f"""
update invitations
set revoked_at = $3
where tenant_id = $1
    and id = $2
    and accepted_at is null
    and revoked_at is null
returning {INVITATION}
"""

# What a mailed token invites to, whatever became of it; nobody else answers it until the transaction ends.
LOCK_BY_TOKEN = f"""
select {INVITATION}
from invitations
where id = (select invitation_id from invitation_tokens where token_hash = $1)
for update
"""

# The answer to an invitation.
ACCEPT = "update invitations set accepted_at = $2, accepted_by = $3 where id = $1"

# A token for the mail; nothing when the invitation is no longer open.
ADD_TOKEN = """
insert into invitation_tokens (token_hash, invitation_id, created_at)
select $1, id, $3
from invitations
where id = $2
    and accepted_at is null
    and revoked_at is null
    and expires_at > $3
"""

# An invitation, for its mail.
BY_ID = f"select {INVITATION} from invitations where id = $1"


async def members_of(db: Queries, tenant_id: UUID, asked: Asked) -> list[Member]:
    return await db.rows(Member, MEMBERS, tenant_id, *asked.place(OLDEST_MEMBER), asked.limit, asked.offset)


async def find_member(db: Queries, tenant_id: UUID, user_id: UUID) -> Member:
    """One of a team; NotFound."""
    member = await db.maybe(Member, MEMBER_BY_ID, tenant_id, user_id)
    if member is None:
        raise NotFound("There is no such member")
    return member


async def refuse_outsider(tx: Tx, me: Actor, tenant_id: UUID) -> None:
    """NotFound for who was of the team when the door opened, and is no more; the tenant or its site is locked."""
    if not me.is_admin and await tx.value(ROLE_OF_MEMBER, tenant_id, me.user_id) is None:
        raise NotFound("There is no such tenant")


async def add_member(
    tx: Tx, tenant_id: UUID, user_id: UUID, role: Role, *, site_ids: Sequence[UUID] | None, now: datetime
) -> bool:
    """Whether they were not a member before."""
    return await tx.do(ADD_MEMBER, tenant_id, user_id, role, site_ids, now) == 1


async def add_invitation(
    tx: Tx, tenant_id: UUID, *, id: UUID, email: str, role: Role, site_ids: Sequence[UUID] | None, invited_by: UUID,
    now: datetime, expires_at: datetime,
) -> Invitation | None:  # fmt: skip
    """The invitation, or None when one is open for this address."""
    values = (id, tenant_id, email, role, site_ids, invited_by, now, expires_at)
    return await tx.maybe(Invitation, ADD_INVITATION, *values)


async def invitations_of(db: Queries, tenant_id: UUID, asked: Asked, *, now: datetime) -> list[Invitation]:
    place = asked.place(OLDEST_INVITATION)
    return await db.rows(Invitation, INVITATIONS, tenant_id, now, *place, asked.limit, asked.offset)


async def find_invitation(db: Queries, invitation_id: UUID) -> Invitation:
    """An invitation; NotFound."""
    invitation = await db.maybe(Invitation, BY_ID, invitation_id)
    if invitation is None:
        raise NotFound("There is no such invitation")
    return invitation


async def lock_by_token(tx: Tx, token: str) -> Invitation | None:
    return await tx.maybe(Invitation, LOCK_BY_TOKEN, token_hash(token))
