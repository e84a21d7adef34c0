"""The JSON doors of access: accounts and sessions, and by `http_keys` API keys and the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from purvey.access import actions, http_keys, http_wallets, keyring, moving, people, recovery, store
from purvey.access.forms import (
    ME_READ_ONLY,
    AskReset,
    ChangeMe,
    ChangePassword,
    MoveEmail,
    OnItsWay,
    ResetPassword,
    SessionView,
    SignedInView,
    SignIn,
    SignUp,
    UserView,
    VerifyEmail,
    session_view,
    user_view,
)
from purvey.access.guards import PUBLIC, in_person, optional, signed_in, visit_of
from purvey.access.model import Identity, Session, User
from purvey.access.reclaiming import Reclaim
from purvey.kit.db import Database
from purvey.kit.pages import Page, Paging, page_of, total_of
from purvey.kit.versions import refuse_changed, same
from purvey.settings import Settings

Asking = Request[Any, Any, Any]
SECRET = {"idempotency": "exempt"}  # the answer holds a token, or the body a password: neither is kept


@post("/auth/sign-up", opt=PUBLIC | SECRET, tags=["Accounts"])
async def sign_up(
    request: Asking,
    data: JSONBody[SignUp],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    settings: NamedDependency[Settings],
) -> SignedInView:
    """Make an account and sign in. A mail asks to prove the address."""
    user, session, token = await actions.sign_up(
        db,
        email=data.email,
        password=data.password,
        display_name=data.display_name,
        username=data.username,
        visit=visit_of(request),
        now=now,
        limit=settings.sign_up_limit,
    )
    return signed_in_view(user, session, token)


@post("/auth/sign-in", opt=PUBLIC | SECRET, status_code=200, tags=["Accounts"])
async def sign_in(
    request: Asking, data: JSONBody[SignIn], db: NamedDependency[Database], now: NamedDependency[datetime]
) -> SignedInView:
    """Sign in for thirty days."""
    user, session, token = await actions.sign_in(
        db, email=data.email, password=data.password, visit=visit_of(request), now=now
    )
    return signed_in_view(user, session, token)


def signed_in_view(user: User, session: Session, token: str) -> SignedInView:
    return SignedInView(user=user_view(user), token=token, expires_at=session.expires_at)


@post("/auth/sign-out", guards=[in_person], status_code=204, opt=SECRET, tags=["Accounts"])
async def sign_out(db: NamedDependency[Database], me: NamedDependency[Identity]) -> None:
    """End this session."""
    await actions.sign_out(db, me)


@post("/auth/verify-email", guards=[optional], opt=SECRET, status_code=200, tags=["Accounts"])
async def verify_email(
    request: Asking,
    data: JSONBody[VerifyEmail],
    db: NamedDependency[Database],
    visitor: NamedDependency[Identity | None],
    now: NamedDependency[datetime],
) -> UserView:
    """Prove an e-mail address by the token that was mailed to it, signed in to its account or by its password."""
    user = await recovery.verify_email(
        db, visitor, token=data.token, password=data.password, visit=visit_of(request), now=now
    )
    return user_view(user)


@post("/auth/verify-email/resend", guards=[in_person], status_code=202, tags=["Accounts"])
async def resend_verification(
    db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> OnItsWay:
    """Mail the link again; nothing happens when the address is verified already."""
    await recovery.ask_verification(db, me, now=now)
    return OnItsWay("A mail with a link is on its way, unless the address is verified already")


@post("/auth/password-reset", opt=PUBLIC | SECRET, status_code=202, tags=["Accounts"])
async def ask_reset(
    request: Asking, data: JSONBody[AskReset], db: NamedDependency[Database], now: NamedDependency[datetime]
) -> OnItsWay:
    """Mail a link that sets a new password. The answer is the same when there is no such account."""
    await recovery.ask_reset(db, email=data.email, visit=visit_of(request), now=now)
    return OnItsWay("If there is an account with this address, a mail with a link is on its way")


@post("/auth/password-reset/confirm", opt=PUBLIC | SECRET, status_code=204, tags=["Accounts"])
async def reset_password(
    data: JSONBody[ResetPassword],
    db: NamedDependency[Database],
    reclaim: NamedDependency[list[Reclaim]],
    now: NamedDependency[datetime],
) -> None:
    """Set a new password by the mailed token. Every session ends; sign in again.

    Where nobody had proved the address before, the keys, members, invitations, payout wallets and gateway keys that
    somebody else set up in the account end too, and a mail says so.
    """
    await recovery.reset_password(
        db, token=data.token, password=data.password, end_keys=data.end_keys, reclaim=reclaim, now=now
    )


@get("/me", guards=[signed_in], tags=["Accounts"])
async def read_me(db: NamedDependency[Database], me: NamedDependency[Identity]) -> UserView:
    """Who is asking."""
    return user_view(await db.one(User, store.USER_BY_ID, me.user_id))


@patch("/me", guards=[in_person], tags=["Accounts"])
async def change_me(
    data: JSONBody[ChangeMe],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    settings: NamedDependency[Settings],
    now: NamedDependency[datetime],
) -> UserView:
    """Change what others see of me."""
    before = user_view(await db.one(User, store.USER_BY_ID, me.user_id)).whole_at(settings.base_url)
    refuse_changed(data, before, *ME_READ_ONLY)
    picture = UNSET if same(data.avatar_url, before.avatar_url) else data.avatar_url
    user = await people.change_me(
        db, me, now=now, display_name=data.display_name, username=data.username, avatar_url=picture
    )
    return user_view(user)


@post("/me/password", guards=[in_person], status_code=204, opt=SECRET, tags=["Accounts"])
async def change_password(
    request: Asking,
    data: JSONBody[ChangePassword],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> None:
    """Change the password; every other session ends, and with `endKeys` every API key."""
    await recovery.change_password(
        db,
        me,
        current=data.current_password,
        fresh=data.new_password,
        end_keys=data.end_keys,
        visit=visit_of(request),
        now=now,
    )


@post("/me/email", guards=[in_person], status_code=202, opt=SECRET, tags=["Accounts"])
async def move_email(
    request: Asking,
    data: JSONBody[MoveEmail],
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    now: NamedDependency[datetime],
) -> OnItsWay:
    """Ask for another e-mail address. It is mine once the link that is mailed to it is opened."""
    await moving.ask_move(db, me, email=data.email, password=data.password, visit=visit_of(request), now=now)
    return OnItsWay("A mail with a link is on its way to the new address; until it is opened, nothing changes")


@post("/auth/confirm-email", guards=[optional], opt=SECRET, status_code=200, tags=["Accounts"])
async def confirm_email(
    request: Asking,
    data: JSONBody[VerifyEmail],
    db: NamedDependency[Database],
    visitor: NamedDependency[Identity | None],
    now: NamedDependency[datetime],
) -> UserView:
    """Prove a new e-mail address by the token that was mailed to it, signed in or by the account's password."""
    user = await moving.confirm_move(
        db, visitor, token=data.token, password=data.password, visit=visit_of(request), now=now
    )
    return user_view(user)


@get("/me/sessions", guards=[in_person], tags=["Accounts"])
async def list_sessions(
    db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime], paging: Paging
) -> Page[SessionView]:
    """Where I am signed in, newest first."""
    rows = await keyring.sessions_of(db, me.user_id, paging, now=now)
    total = await total_of(paging, lambda: db.value(keyring.COUNT_SESSIONS, me.user_id, now))
    return page_of(rows, lambda row: session_view(row, me), asked=paging, order=keyring.NEWEST_SESSION, total=total)


@delete("/me/sessions", guards=[in_person], tags=["Accounts"])
async def end_other_sessions(db: NamedDependency[Database], me: NamedDependency[Identity]) -> None:
    """Sign out everywhere else."""
    await actions.end_other_sessions(db, me)


@delete("/me/sessions/{session_id:uuid}", guards=[in_person], tags=["Accounts"])
async def end_session(session_id: FromPath[UUID], db: NamedDependency[Database], me: NamedDependency[Identity]) -> None:
    """End one of my sessions."""
    await actions.end_session(db, me, session_id)


doors: list[Any] = [
    sign_up,
    sign_in,
    sign_out,
    verify_email,
    resend_verification,
    ask_reset,
    reset_password,
    read_me,
    change_me,
    change_password,
    move_email,
    confirm_email,
    list_sessions,
    end_other_sessions,
    end_session,
    *http_keys.doors,
    *http_wallets.doors,
]
