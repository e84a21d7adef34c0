"""Signing up, in and out, proving an address, and getting back in."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from purvey import access
from purvey.access import Reclaim
from purvey.access.forms import AskReset, ResetPassword, SignIn, SignUp, VerifyEmail
from purvey.access.guards import PUBLIC, visit_of
from purvey.access.model import Identity, User
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.settings import Settings
from purvey.web.forms import Form, body, posted
from purvey.web.rendering import go, page
from purvey.web.session import Page, anyone, page_signed_in, same_site, session_cookie


@get("/sign-up", guards=[anyone], opt=PUBLIC)
async def sign_up_form(
    request: Page, visitor: NamedDependency[Identity | None], next: FromQuery[str] = "/"
) -> Response[str]:
    """The form of a new account."""
    if visitor is not None:
        return go(same_site(next))
    return page(request, "account/sign_up.html", values={"next": same_site(next)})


@post("/sign-up", guards=[anyone], opt=PUBLIC)
async def sign_up(
    request: Page,
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    settings: NamedDependency[Settings],
) -> Response[str]:
    """A new account, signed in, and on to where they came from."""
    form = await posted(request)
    try:
        wish = body(SignUp, {
            "email": form.text("email"), "password": form.raw("password"), "displayName": form.text("displayName"),
        })  # fmt: skip
        _, _, token = await access.sign_up(
            db,
            email=wish.email,
            password=wish.password,
            display_name=wish.display_name,
            visit=visit_of(request),
            now=now,
            limit=settings.sign_up_limit,
        )
    except Refusal as no:
        return page(request, "account/sign_up.html", refused=no, form=form)
    return signed_in(request, token, form, done="welcome")


@get("/sign-in", guards=[anyone], opt=PUBLIC)
async def sign_in_form(
    request: Page, visitor: NamedDependency[Identity | None], next: FromQuery[str] = "/"
) -> Response[str]:
    """The form of an account there is."""
    if visitor is not None:
        return go(same_site(next))
    return page(request, "account/sign_in.html", values={"next": same_site(next)})


@post("/sign-in", guards=[anyone], opt=PUBLIC)
async def sign_in(request: Page, db: NamedDependency[Database], now: NamedDependency[datetime]) -> Response[str]:
    """A new session, and on to where they came from."""
    form = await posted(request)
    try:
        wish = body(SignIn, {"email": form.text("email"), "password": form.raw("password")})
        _, _, token = await access.sign_in(
            db, email=wish.email, password=wish.password, visit=visit_of(request), now=now
        )
    except Refusal as no:
        return page(request, "account/sign_in.html", refused=no, form=form)
    return signed_in(request, token, form)


def signed_in(request: Page, token: str, form: Form, *, done: str = "") -> Response[str]:
    onward = go(same_site(form.text("next")), done=done)
    onward.set_cookie(session_cookie(request, token))
    return onward


@post("/sign-out", guards=[page_signed_in])
async def sign_out(request: Page, db: NamedDependency[Database], me: NamedDependency[Identity]) -> Response[str]:
    """The end of this session."""
    await posted(request)
    await access.sign_out(db, me)
    onward = go("/", done="signed-out")
    onward.set_cookie(session_cookie(request, ""))
    return onward


@get("/verify-email", guards=[anyone], opt=PUBLIC)
async def verify_form(request: Page, token: FromQuery[str] = "") -> Response[str]:
    """One button, so that a mail program which looks at links does not use this one up."""
    return page(request, "account/verify_email.html", values={"token": token}, action="/verify-email")


@post("/verify-email", guards=[anyone], opt=PUBLIC)
async def verify(
    request: Page,
    db: NamedDependency[Database],
    visitor: NamedDependency[Identity | None],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The address is theirs."""
    return await proved(request, db, visitor, now, access.verify_email)


@get("/confirm-email", guards=[anyone], opt=PUBLIC)
async def confirm_form(request: Page, token: FromQuery[str] = "") -> Response[str]:
    """The same for a new address."""
    return page(request, "account/verify_email.html", values={"token": token}, action="/confirm-email")


@post("/confirm-email", guards=[anyone], opt=PUBLIC)
async def confirm(
    request: Page,
    db: NamedDependency[Database],
    visitor: NamedDependency[Identity | None],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The new address is theirs."""
    return await proved(request, db, visitor, now, access.confirm_move)


async def proved(
    request: Page, db: Database, visitor: Identity | None, now: datetime, prove: Callable[..., Awaitable[User]]
) -> Response[str]:
    """What the button of a mailed link does."""
    form = await posted(request)
    try:
        wish = body(VerifyEmail, {"token": form.text("token"), "password": form.raw("password") or None})
        await prove(db, visitor, token=wish.token, password=wish.password, visit=visit_of(request), now=now)
    except Refusal as no:
        return page(request, "account/verify_email.html", refused=no, form=form, action=request.scope["path"])
    return go("/account", done="verified")


@post("/verify-email/resend", guards=[page_signed_in])
async def resend(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """The mail again."""
    await posted(request)
    await access.ask_verification(db, me, now=now)
    return go("/account", done="verification-sent")


@get("/reset-password", guards=[anyone], opt=PUBLIC)
async def reset_form(request: Page, token: FromQuery[str] = "") -> Response[str]:
    """Where to mail the link, or, with the link's token, the new password."""
    return page(request, "account/reset_password.html", values={"token": token})


@post("/reset-password", guards=[anyone], opt=PUBLIC)
async def ask_reset(request: Page, db: NamedDependency[Database], now: NamedDependency[datetime]) -> Response[str]:
    """A mail with a link, if there is such an account; the page is the same when there is none."""
    form = await posted(request)
    try:
        wish = body(AskReset, {"email": form.text("email")})
        await access.ask_reset(db, email=wish.email, visit=visit_of(request), now=now)
    except Refusal as no:
        return page(request, "account/reset_password.html", refused=no, form=form)
    return go("/sign-in", done="reset-sent")


@post("/reset-password/confirm", guards=[anyone], opt=PUBLIC)
async def reset(
    request: Page,
    db: NamedDependency[Database],
    reclaim: NamedDependency[list[Reclaim]],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A new password by the mailed token."""
    form = await posted(request)
    try:
        wish = body(ResetPassword, {
            "token": form.text("token"), "password": form.raw("password"), "endKeys": form.ticked("endKeys"),
        })  # fmt: skip
        ended = await access.reset_password(
            db, token=wish.token, password=wish.password, end_keys=wish.end_keys, reclaim=reclaim, now=now
        )
    except Refusal as no:
        return page(request, "account/reset_password.html", refused=no, form=form)
    return go("/sign-in", done="reclaimed" if ended else "password-changed")


pages = [
    sign_up_form, sign_up, sign_in_form, sign_in, sign_out,
    verify_form, verify, confirm_form, confirm, resend, reset_form, ask_reset, reset,
]  # fmt: skip
