"""A person's own page: name, password, sessions, keys."""

from datetime import datetime
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from purvey import access
from purvey.access import Permission
from purvey.access.forms import ChangeMe, ChangePassword, MakeKey, MoveEmail
from purvey.access.guards import visit_of
from purvey.access.model import ApiKey, Identity
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.web.forms import Form, body, changed, posted
from purvey.web.rendering import go, page
from purvey.web.session import Page, page_signed_in

SHOWN = 50


@get("/account", guards=[page_signed_in])
async def account(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """Everything a person sees of their account."""
    return await shown(request, db, me, now)


async def shown(
    request: Page,
    db: Database,
    me: Identity,
    now: datetime,
    *,
    refused: Refusal | None = None,
    form: Form | None = None,
    part: str = "",
    made: tuple[ApiKey, str] | None = None,
) -> Response[str]:
    """The page; `part` names the form that was refused, `made` is a key that is shown this once."""
    asked = lists.asked(1, SHOWN)
    return page(
        request,
        "account/account.html",
        refused=refused,
        form=form,
        values=values_of(me),
        part=part,
        sessions=(await access.sessions_of(db, me.user_id, asked, now=now))[:SHOWN],
        keys=(await access.keys_of(db, me.user_id, asked))[:SHOWN],
        permissions=[permission for permission in Permission if me.is_admin or not permission.startswith("Platform")],
        made=made,
        headers={"Cache-Control": "no-store"} if made else None,
    )


def values_of(me: Identity) -> dict[str, str]:
    """What others see of a person, as its form shows it."""
    return {"displayName": me.display_name, "username": me.username}


@post("/account", guards=[page_signed_in])
async def change(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """What others see of a person."""
    form = await posted(request)
    try:
        fields = {"displayName": form.text("displayName"), "username": form.text("username")}
        wish = body(ChangeMe, changed(form, values_of(me), fields))
        await access.change_me(db, me, now=now, display_name=wish.display_name, username=wish.username)
    except Refusal as no:
        return await shown(request, db, me, now, refused=no, form=form, part="name")
    return go("/account", done="saved")


@post("/account/password", guards=[page_signed_in])
async def change_password(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """A new password; every other session ends."""
    form = await posted(request)
    try:
        wish = body(ChangePassword, {
            "currentPassword": form.raw("currentPassword"), "newPassword": form.raw("newPassword"),
            "endKeys": form.ticked("endKeys"),
        })  # fmt: skip
        await access.change_password(
            db,
            me,
            current=wish.current_password,
            fresh=wish.new_password,
            end_keys=wish.end_keys,
            visit=visit_of(request),
            now=now,
        )
    except Refusal as no:
        return await shown(request, db, me, now, refused=no, form=form, part="password")
    return go("/account", done="password-changed")


@post("/account/email", guards=[page_signed_in])
async def move_email(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """A mail to another address, which is the person's once its link is opened."""
    form = await posted(request)
    try:
        wish = body(MoveEmail, {"email": form.text("email"), "password": form.raw("password")})
        await access.ask_move(db, me, email=wish.email, password=wish.password, visit=visit_of(request), now=now)
    except Refusal as no:
        return await shown(request, db, me, now, refused=no, form=form, part="email")
    return go("/account", done="move-asked")


@post("/account/sessions/{session_id:uuid}/end", guards=[page_signed_in])
async def end_session(
    request: Page, session_id: FromPath[UUID], db: NamedDependency[Database], me: NamedDependency[Identity]
) -> Response[str]:
    """The end of a session somewhere else."""
    await posted(request)
    await access.end_session(db, me, session_id)
    return go("/account", done="session-ended")


@post("/account/keys", guards=[page_signed_in])
async def make_key(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """A key for a program, shown this once."""
    form = await posted(request)
    try:
        wish = body(MakeKey, {"name": form.text("name"), "scopes": form.all("scopes")})
        made = await access.make_key(
            db, me, name=wish.name, scopes=wish.scopes, tenant_id=None, expires_at=None, now=now
        )
    except Refusal as no:
        return await shown(request, db, me, now, refused=no, form=form, part="key")
    return await shown(request, db, me, now, made=made)


@post("/account/keys/{key_id:uuid}/revoke", guards=[page_signed_in])
async def revoke_key(
    request: Page,
    key_id: FromPath[UUID],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The end of a key, at once."""
    await posted(request)
    await access.revoke_key(db, me, key_id, now=now)
    return go("/account", done="key-revoked")


pages = [account, change, move_email, change_password, end_session, make_key, revoke_key]
