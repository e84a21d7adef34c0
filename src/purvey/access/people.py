"""Who there is: made by themselves or by whoever runs the shop, and what they say of themselves."""

import secrets
from datetime import datetime

import msgspec

from purvey.access import passwords, rules, store
from purvey.access.model import Identity, User
from purvey.kit import urls
from purvey.kit.audit_log import audit, changes
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, FieldError, Invalid
from purvey.kit.ids import new_id
from purvey.kit.words import name_of

NAMES_TRIED = 20

UPLOADED = "/media/"  # where a picture lies that was sent to this shop; no body can say so


class Taken(Conflict):
    """Somebody else has it."""

    @classmethod
    def email(cls) -> "Taken":
        detail = "An account has this e-mail already; sign in, or ask for a new password"
        return cls(detail, code="email_taken", errors=[FieldError("/email", detail, "email_taken")])

    @classmethod
    def username(cls, username: str) -> "Taken":
        detail = f"The user name {username!r} is taken; choose another"
        return cls(detail, code="username_taken", errors=[FieldError("/username", detail, "username_taken")])


async def add(
    tx: Tx,
    *,
    email: str | None,
    name: str,
    username: str | None,
    password_hash: str | None,
    now: datetime,
    likely: str | None = None,
    is_admin: bool = False,
    verified: bool = False,
) -> User:
    """A row of a person; when no user name was chosen, it is the `likely` one or is made from the name."""
    first = username or likely or rules.username_from(name)
    for number in range(NAMES_TRIED):
        word = first if number == 0 else f"{first}-{secrets.token_hex(1 + number // 4)[:7]}"
        user = await store.add_user(
            tx,
            id=new_id(),
            email=email,
            username=word,
            display_name=name,
            password_hash=password_hash,
            is_admin=is_admin,
            verified_at=now if verified else None,
            now=now,
        )
        if user is not None:
            return user
        if email is not None and await store.find_user_by_email(tx, email):
            raise Taken.email()
        if username is not None:
            raise Taken.username(username)
    raise Taken.username(first)


async def change_me(
    db: Database,
    me: Identity,
    *,
    now: datetime,
    display_name: str | msgspec.UnsetType = msgspec.UNSET,
    username: str | msgspec.UnsetType = msgspec.UNSET,
    avatar_url: str | msgspec.UnsetType | None = msgspec.UNSET,
) -> User:
    """What a person says of themselves; what is UNSET stays. Taken, Invalid."""
    is_elsewhere = isinstance(avatar_url, str) and not avatar_url.startswith(UPLOADED)
    if is_elsewhere and (fault := urls.fault_of(str(avatar_url), pointer="/avatarUrl")):
        raise Invalid(fault.detail, errors=[fault])
    async with db.transaction() as tx:
        before = await tx.one(User, store.LOCK_USER, me.user_id)
        after = msgspec.structs.replace(
            before,
            display_name=before.display_name if display_name is msgspec.UNSET
            else name_of(display_name, pointer="/displayName"),
            username=before.username if username is msgspec.UNSET else rules.username_of(username),
            avatar_url=before.avatar_url if avatar_url is msgspec.UNSET else avatar_url,
        )  # fmt: skip
        if after != before:
            changed = await store.change_user(tx, after)
            if changed is None:
                raise Taken.username(after.username)
            detail = changes(before, after)
            await audit(
                tx, me, action="user.updated", subject_type="user", subject_id=me.user_id, detail=detail, now=now
            )
    return after


async def create_user(
    db: Database,
    *,
    email: str,
    password: str | None,
    now: datetime,
    is_admin: bool = False,
    display_name: str | None = None,
    username: str | None = None,
) -> User:
    """An account made by whoever runs the shop, its e-mail taken as proved. Raises Taken."""
    email = rules.email_of(email)
    name = name_of(display_name or email.partition("@")[0], pointer="/displayName")
    chosen = rules.username_of(username) if username is not None else None
    if password is not None:
        rules.check_password(password, pointer="/password", others=[email, chosen])
    kept = await passwords.hash_password(password) if password is not None else None
    async with db.transaction() as tx:
        user = await add(
            tx, email=email, name=name, username=chosen, password_hash=kept, now=now, is_admin=is_admin, verified=True
        )
        detail = {"email": email, "isAdmin": is_admin}
        await audit(tx, None, action="user.created", subject_type="user", subject_id=user.id, detail=detail, now=now)
    return user
