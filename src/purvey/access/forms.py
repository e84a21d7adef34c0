"""What the doors of access take and show, in the words of the wire."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from purvey.access.model import ApiKey, Entry, Identity, Permission, Session, User
from purvey.access.rules import PASSWORD_MAX, PASSWORD_MIN
from purvey.kit.absolute import whole
from purvey.kit.fields import TO_THE_END, WEB_ADDRESS, Time
from purvey.kit.ids import Id

Email = Annotated[str, Meta(min_length=3, max_length=254)]
NewPassword = Annotated[str, Meta(min_length=PASSWORD_MIN, max_length=PASSWORD_MAX)]
Password = Annotated[str, Meta(min_length=1, max_length=PASSWORD_MAX)]
Username = Annotated[str, Meta(min_length=3, max_length=40)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Token = Annotated[str, Meta(min_length=1, max_length=200)]
Url = Annotated[
    str, Meta(pattern=r"^https?://[^\s<>\"]{1,1990}" + TO_THE_END, max_length=2000, description=WEB_ADDRESS)
]


class Form(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A body; a field that is not one of its own is refused with its name."""


class SignUp(Form):
    email: Email
    password: NewPassword
    display_name: Name
    username: Username | None = None


class SignIn(Form):
    email: Email
    password: Password


class VerifyEmail(Form):
    """The token out of a mail; `password` is the account's, for who is not signed in to it."""

    token: Token
    password: Password | None = None


class MoveEmail(Form):
    """Another address; `password` is one's own, as it is now."""

    email: Email
    password: Password


class AskReset(Form):
    email: Email


class ResetPassword(Form):
    """`endKeys`: API keys end too, as every session does."""

    token: Token
    password: NewPassword
    end_keys: bool = False


class ChangePassword(Form):
    """`endKeys`: API keys end too, as every other session does."""

    current_password: Password
    new_password: NewPassword
    end_keys: bool = False


class ChangeMe(Form):
    display_name: Name | UnsetType = UNSET
    username: Username | UnsetType = UNSET
    avatar_url: Url | UnsetType | None = UNSET

    id: Id | UnsetType = UNSET
    email: Any = UNSET
    email_verified: Any = UNSET
    is_admin: Any = UNSET
    created_at: Time | UnsetType = UNSET


ME_READ_ONLY = ("id", "email", "email_verified", "is_admin", "created_at")


class MakeKey(Form):
    """`scopes` are names of permissions; without `tenantId` the key is good for every tenant of its maker.

    With `MakePurchases` it buys for its maker, and has what they bought; a key for one tenant cannot have that.
    """

    name: Name
    scopes: Annotated[list[Permission], Meta(min_length=1, max_length=50)]
    tenant_id: Id | None = None
    expires_at: Time | None = None


class UserView(msgspec.Struct, rename="camel", kw_only=True):
    """A person, to themselves."""

    id: UUID
    email: str | None
    email_verified: bool
    username: str
    display_name: str
    avatar_url: str | None
    is_admin: bool
    created_at: datetime

    def whole_at(self, base_url: str) -> Self:
        return msgspec.structs.replace(self, avatar_url=whole(self.avatar_url, base_url))


class OnItsWay(msgspec.Struct, rename="camel"):
    """What was asked for is done in a while; `message` says what to look for."""

    message: str


class SignedInView(msgspec.Struct, rename="camel", kw_only=True):
    """`token` goes into `Authorization: Bearer …`; it is shown this once."""

    user: UserView
    token: str
    expires_at: datetime


class SessionView(msgspec.Struct, rename="camel", kw_only=True):
    id: UUID
    created_at: datetime
    expires_at: datetime
    address: str | None
    agent: str | None
    is_current: bool


class KeyView(msgspec.Struct, rename="camel", kw_only=True):
    """A key by its `prefix`; the key itself is shown once, when it is made."""

    id: UUID
    name: str
    prefix: str
    scopes: list[Permission]
    tenant_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class MadeKeyView(KeyView, rename="camel", kw_only=True):
    """A key just made, with its secret."""

    key: str


class EntryView(msgspec.Struct, rename="camel", kw_only=True):
    """One line of the audit log. `detail` of a change is `{field: [before, after]}`."""

    id: UUID
    tenant_id: UUID | None
    actor_id: UUID | None
    actor_name: str | None
    action: str
    subject_type: str
    subject_id: str
    detail: dict[str, Any]
    address: str | None
    request_id: str | None
    at: datetime


def user_view(user: User) -> UserView:
    """A person as they see themselves."""
    return UserView(
        id=user.id,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        username=user.username,
        display_name=user.display_name,
        avatar_url=user.avatar_url,
        is_admin=user.is_admin,
        created_at=user.created_at,
    )


def session_view(session: Session, me: Identity) -> SessionView:
    """A session, and whether it is the one that asks."""
    return SessionView(
        id=session.id,
        created_at=session.created_at,
        expires_at=session.expires_at,
        address=session.address,
        agent=session.agent,
        is_current=session.token_hash == me.credential,
    )


def key_view(key: ApiKey) -> KeyView:
    return msgspec.convert(key, KeyView, from_attributes=True)


def entry_view(entry: Entry) -> EntryView:
    return msgspec.convert(entry, EntryView, from_attributes=True)
