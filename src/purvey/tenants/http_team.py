"""The JSON doors of a team: members and invitations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from purvey.access import Identity, Permission, email_of
from purvey.access.guards import in_person, may
from purvey.kit.db import Database
from purvey.kit.errors import NotFound
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.kit.versions import refuse_changed
from purvey.settings import Settings
from purvey.tenants import membership, teams
from purvey.tenants.forms import (
    MEMBER_READ_ONLY,
    AcceptInvitation,
    ChangeMember,
    InvitationView,
    Invite,
    MemberView,
    invitation_view,
    member_view,
)

MANAGE = may(Permission.MANAGE_MEMBERS)


@get("/tenants/{tenant_id:uuid}/members", guards=[may()], tags=["Members"])
async def list_members(tenant_id: FromPath[UUID], db: NamedDependency[Database], paging: Paging) -> Page[MemberView]:
    """The team, in the order in which they joined."""
    rows = await teams.members_of(db, tenant_id, paging)
    total = await total_of(paging, lambda: db.value(teams.COUNT_MEMBERS, tenant_id))
    return page_of(rows, member_view, asked=paging, order=teams.OLDEST_MEMBER, total=total)


@patch("/tenants/{tenant_id:uuid}/members/{user_id:uuid}", guards=[MANAGE], tags=["Members"])
async def change_member(
    *,
    tenant_id: FromPath[UUID],
    user_id: FromPath[UUID],
    data: JSONBody[ChangeMember],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> MemberView:
    """Give a member another role, or other sites; the last owner stays one."""
    before = member_view(await teams.find_member(db, tenant_id, user_id)).whole_at(settings.base_url)
    refuse_changed(data, before, *MEMBER_READ_ONLY)
    member = await membership.change_member(db, me, tenant_id, user_id, role=data.role, site_ids=data.site_ids, now=now)
    return member_view(member)


@delete("/tenants/{tenant_id:uuid}/members/{user_id:uuid}", guards=[MANAGE], tags=["Members"])
async def remove_member(
    tenant_id: FromPath[UUID],
    user_id: FromPath[UUID],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> None:
    """Remove a member; the last owner stays."""
    await membership.remove_member(db, me, tenant_id, user_id, now=now)


@post("/tenants/{tenant_id:uuid}/leave", guards=[in_person], status_code=204, tags=["Members"])
async def leave(
    tenant_id: FromPath[UUID],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> None:
    """Leave a team; the last owner stays."""
    if not me.belongs:
        raise NotFound("There is no such tenant")
    await membership.remove_member(db, me, tenant_id, me.user_id, now=now)


@post("/tenants/{tenant_id:uuid}/invitations", guards=[MANAGE], tags=["Members"])
async def invite(
    tenant_id: FromPath[UUID],
    data: JSONBody[Invite],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> InvitationView:
    """Invite somebody by e-mail, for seven days."""
    invitation = await membership.invite(
        db,
        me,
        tenant_id,
        email=email_of(data.email),
        role=data.role,
        site_ids=data.site_ids,
        email_verified=me.email_verified,
        now=now,
    )
    return invitation_view(invitation)


@get("/tenants/{tenant_id:uuid}/invitations", guards=[MANAGE], tags=["Members"])
async def list_invitations(
    tenant_id: FromPath[UUID], db: NamedDependency[Database], now: NamedDependency[datetime], paging: Paging
) -> Page[InvitationView]:
    """Open invitations, oldest first."""
    rows = await teams.invitations_of(db, tenant_id, paging, now=now)
    total = await total_of(paging, lambda: db.value(teams.COUNT_INVITATIONS, tenant_id, now))
    return page_of(rows, invitation_view, asked=paging, order=teams.OLDEST_INVITATION, total=total)


@delete("/tenants/{tenant_id:uuid}/invitations/{invitation_id:uuid}", guards=[MANAGE], tags=["Members"])
async def revoke_invitation(
    tenant_id: FromPath[UUID],
    invitation_id: FromPath[UUID],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> None:
    """Take an open invitation back."""
    await membership.revoke_invitation(db, me, tenant_id, invitation_id, now=now)


@post("/invitations/accept", guards=[in_person], status_code=200, tags=["Members"])
async def accept_invitation(
    data: JSONBody[AcceptInvitation],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> MemberView:
    """Join a team by the token that was mailed to one's own, verified address."""
    member = await membership.accept_invitation(
        db, me, token=data.token, email=me.email, email_verified=me.email_verified, now=now
    )
    return member_view(member)


doors: list[Any] = [
    list_members,
    change_member,
    remove_member,
    leave,
    invite,
    list_invitations,
    revoke_invitation,
    accept_invitation,
]
