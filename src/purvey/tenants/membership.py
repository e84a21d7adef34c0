"""How a team grows and shrinks: by invitation only, and never below one owner."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import UNSET, UnsetType

from purvey.kit.audit_log import Actor, audit
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from purvey.kit.events import publish
from purvey.kit.ids import new_id, new_token, token_hash
from purvey.kit.throttles import throttle
from purvey.tenants import store, teams
from purvey.tenants.events import InvitationMade
from purvey.tenants.model import Invitation, Member, Role

INVITATION_LIFE = timedelta(days=7)
INVITATIONS_A_DAY = 100


class LastOwner(Conflict):
    """A tenant without an owner would be nobody's."""

    code = "last_owner"


class AlreadyMember(Conflict):
    """They are of the team."""

    code = "already_member"


class AlreadyInvited(Conflict):
    """There is an open invitation to this address."""

    code = "already_invited"


class InvitationUsed(Conflict):
    """Somebody accepted it before."""

    code = "invitation_used"


async def invite(
    db: Database,
    me: Actor,
    tenant_id: UUID,
    *,
    email: str,
    role: Role,
    site_ids: Sequence[UUID] | None = None,
    email_verified: bool,
    now: datetime,
) -> Invitation:
    """Offer a place in the team to an e-mail address, in lower case; the mail follows. Raises AlreadyMember, …

    Who has not proved an address of their own mails no stranger, and brings nobody into an account that may not be
    theirs.
    """
    if not email_verified:
        raise NotAllowed(
            "Verify your own e-mail address first, then invite others: the mail has the link", code="email_not_verified"
        )
    await throttle(db, key=f"invite:{tenant_id}", limit=INVITATIONS_A_DAY, window=timedelta(days=1), now=now)
    async with db.transaction() as tx:
        await lock_team(tx, me, tenant_id)
        site_ids = await checked_sites(tx, tenant_id, role, site_ids)
        if await tx.value(teams.IS_MEMBER, tenant_id, email):
            raise field_conflict(AlreadyMember, "They are a member already; change their role instead")
        await tx.do(teams.REVOKE_EXPIRED, tenant_id, email, now)
        invitation = await teams.add_invitation(
            tx, tenant_id, id=new_id(), email=email, role=role, site_ids=site_ids, invited_by=me.user_id, now=now,
            expires_at=now + INVITATION_LIFE,
        )  # fmt: skip
        if invitation is None:
            raise field_conflict(AlreadyInvited, "They are invited already; revoke that invitation first")
        publish(tx, InvitationMade(subject_id=invitation.id, tenant_id=tenant_id, at=now))
        await record(tx, me, invitation, "invitation.made", now=now)
    return invitation


async def lock_team(tx: Tx, me: Actor, tenant_id: UUID) -> None:
    """One change of a team at a time, by somebody who still is of it."""
    await store.lock_tenant(tx, tenant_id)
    await teams.refuse_outsider(tx, me, tenant_id)


def field_conflict(kind: type[Conflict], detail: str) -> Conflict:
    return kind(detail, errors=[FieldError("/email", detail, kind.code)])


async def checked_sites(tx: Tx, tenant_id: UUID, role: Role, site_ids: Sequence[UUID] | None) -> Sequence[UUID] | None:
    """The sites that a role is limited to; Invalid for an owner's, and for another tenant's."""
    if site_ids is None:
        return None
    if role is Role.OWNER:
        raise Invalid.field(
            "/siteIds", "must be left out: an owner's role is never limited to some sites", code="owner_of_all"
        )
    wanted = sorted(set(site_ids))
    if await tx.value(teams.COUNT_SITES, tenant_id, wanted) != len(wanted):
        raise Invalid.field("/siteIds", "must name sites of this tenant alone", code="unknown_site")
    return wanted


async def record(tx: Tx, me: Actor, invitation: Invitation, action: str, *, now: datetime) -> None:
    detail = {"email": invitation.email, "role": invitation.role, "siteIds": invitation.site_ids}
    await audit(
        tx, me, action=action, subject_type="invitation", subject_id=invitation.id, detail=detail, now=now,
        tenant_id=invitation.tenant_id,
    )  # fmt: skip


async def make_invitation_token(tx: Tx, invitation_id: UUID, now: datetime) -> str | None:
    """A token to mail at once to the invited address; only its hash is kept. None when it is no longer open."""
    token = new_token()
    return token if await tx.do(teams.ADD_TOKEN, token_hash(token), invitation_id, now) else None


async def revoke_invitation(db: Database, me: Actor, tenant_id: UUID, invitation_id: UUID, *, now: datetime) -> None:
    """Take an open invitation back; NotFound when it is not open."""
    async with db.transaction() as tx:
        invitation = await tx.maybe(Invitation, teams.REVOKE, tenant_id, invitation_id, now)
        if invitation is None:
            raise NotFound("There is no such open invitation")
        await record(tx, me, invitation, "invitation.revoked", now=now)


async def accept_invitation(
    db: Database, me: Actor, *, token: str, email: str | None, email_verified: bool, now: datetime
) -> Member:
    """Join a team. Only the invited address may, by whoever has proved that it is theirs."""
    async with db.transaction() as tx:
        invitation = await teams.lock_by_token(tx, token)
        if invitation is None or invitation.revoked_at or invitation.expires_at <= now:
            raise Invalid.field(
                "/token", "This invitation was taken back or is too old; ask for a new one", code="bad_token"
            )
        if invitation.email != email:
            raise NotAllowed("This invitation was sent to another address; sign in with that one", code="not_invited")
        if not email_verified:
            raise NotAllowed("Verify your e-mail address first: the mail has the link", code="email_not_verified")
        if invitation.accepted_at:
            raise InvitationUsed("This invitation was accepted already")
        tenant_id, role, site_ids = invitation.tenant_id, invitation.role, invitation.site_ids
        if not await teams.add_member(tx, tenant_id, me.user_id, role, site_ids=site_ids, now=now):
            raise AlreadyMember("You are a member already")
        await tx.do(teams.ACCEPT, invitation.id, now, me.user_id)
        await record(tx, me, invitation, "invitation.accepted", now=now)
        return await teams.find_member(tx, tenant_id, me.user_id)


async def change_member(
    db: Database,
    me: Actor,
    tenant_id: UUID,
    user_id: UUID,
    *,
    role: Role,
    site_ids: Sequence[UUID] | UnsetType | None = UNSET,
    now: datetime,
) -> Member:
    """Another role, or other sites; an owner's are all. Raises LastOwner."""
    async with db.transaction() as tx:
        await lock_team(tx, me, tenant_id)
        before = await teams.find_member(tx, tenant_id, user_id)
        await refuse_last_owner(tx, before, stays=role is Role.OWNER)
        kept = None if role is Role.OWNER else before.site_ids
        sites = kept if site_ids is UNSET else await checked_sites(tx, tenant_id, role, site_ids)
        if (role, sites) == (before.role, before.site_ids):
            return before
        await tx.do(teams.CHANGE_MEMBER, tenant_id, user_id, role, sites)
        detail = {"role": [before.role, role], "siteIds": [before.site_ids, sites]}
        await audit(
            tx, me, action="member.updated", subject_type="user", subject_id=user_id, detail=detail, now=now,
            tenant_id=tenant_id,
        )  # fmt: skip
        return await teams.find_member(tx, tenant_id, user_id)


async def remove_member(db: Database, me: Actor, tenant_id: UUID, user_id: UUID, *, now: datetime) -> None:
    """End a membership, be it one's own; what their keys could do in the tenant ends with it. Raises LastOwner."""
    async with db.transaction() as tx:
        await lock_team(tx, me, tenant_id)
        member = await teams.find_member(tx, tenant_id, user_id)
        await refuse_last_owner(tx, member, stays=False)
        await tx.do(teams.REMOVE_MEMBER, tenant_id, user_id)
        await audit(
            tx, me, action="member.left" if user_id == me.user_id else "member.removed", subject_type="user",
            subject_id=user_id, detail={"role": member.role}, now=now, tenant_id=tenant_id,
        )  # fmt: skip


async def refuse_last_owner(tx: Queries, member: Member, *, stays: bool) -> None:
    """The tenant's row is locked, so that two owners cannot leave past each other."""
    if member.role is not Role.OWNER or stays:
        return
    if not await tx.value(teams.OTHER_OWNERS, member.tenant_id, member.user_id):
        raise LastOwner("This is the last owner; make somebody else an owner first")
