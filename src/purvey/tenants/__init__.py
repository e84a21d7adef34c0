"""Tenants: whose books these are, the sites they are shown on, and who may act for them.

A site is opened in one's personal tenant, or in a shared one; a team grows by invitation, and keeps an owner.
"""

from purvey.tenants.actions import change_site, change_tenant, create_site, create_tenant
from purvey.tenants.creators import WhichSite, creators_site
from purvey.tenants.events import InvitationMade
from purvey.tenants.membership import (
    accept_invitation,
    change_member,
    invite,
    make_invitation_token,
    remove_member,
    revoke_invitation,
)
from purvey.tenants.model import Invitation, Member, Role, Site, Tenant
from purvey.tenants.moving import hand_over
from purvey.tenants.reclaiming import reclaim
from purvey.tenants.store import (
    find_site,
    find_site_by_slug,
    find_tenant,
    keeper_of,
    role_of,
    sites_of,
    sites_on_show,
)
from purvey.tenants.teams import find_invitation, invitations_of, members_of, refuse_outsider

__all__ = [
    "Invitation",
    "InvitationMade",
    "Member",
    "Role",
    "Site",
    "Tenant",
    "WhichSite",
    "accept_invitation",
    "change_member",
    "change_site",
    "change_tenant",
    "create_site",
    "create_tenant",
    "creators_site",
    "find_invitation",
    "find_site",
    "find_site_by_slug",
    "find_tenant",
    "hand_over",
    "invitations_of",
    "invite",
    "keeper_of",
    "make_invitation_token",
    "members_of",
    "reclaim",
    "refuse_outsider",
    "remove_member",
    "revoke_invitation",
    "role_of",
    "sites_of",
    "sites_on_show",
]
