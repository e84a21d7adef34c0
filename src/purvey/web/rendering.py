"""Templates made into pages: escaped always, with headers that let nothing foreign run."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import jinja2
from litestar import Response
from litestar.enums import MediaType
from litestar.response import Redirect

from purvey.access.rules import PASSWORD_MIN
from purvey.kit import problems
from purvey.kit.errors import NotFound, Refusal
from purvey.kit.ids import new_token
from purvey.settings import Settings
from purvey.web import display
from purvey.web.assets import asset_url
from purvey.web.forms import Form
from purvey.web.session import VISITOR_COOKIE, Page, cookie, form_token, world_of

STRIPE_CHECKOUT = "https://checkout.stripe.com"  # always: any tenant may have keys of its own
VISITOR_SECONDS = 7 * 24 * 3600
DONE = {
    "saved": "Saved.",
    "created": "Created.",
    "deleted": "Taken off sale. Its buyers keep what they bought.",
    "removed": "Removed.",
    "restored": "Back on sale.",
    "uploaded": "Uploaded.",
    "reviewed": "Thank you. Your review is published.",
    "answered": "Your answer is published.",
    "sent": "Sent.",
    "welcome": "Welcome! Your account is ready.",
    "signed-out": "You are signed out.",
    "yours": "It is yours.",
    "verified": "Your e-mail address is verified.",
    "move-asked": "We have mailed a link to the new address. It is yours once you open that.",
    "verification-sent": "We have sent you a mail with a link to verify your address.",
    "password-changed": "Your password is changed. Other sessions are ended.",
    "reclaimed": "Your password is set, and the account is yours alone: what others held in it has ended. "
    "A mail says what that was.",
    "reset-sent": "If there is an account with this address, a mail with a link is on its way.",
    "session-ended": "That session is ended.",
    "key-revoked": "That key no longer works.",
    "wallet-linked": "The wallet is yours here, with whatever it bought.",
    "wallet-unlinked": "That wallet no longer signs for you.",
    "requested": "Your request is with the seller. They will answer here.",
    "withdrawn": "Your request is taken back.",
    "cancelled": "The order is cancelled; nothing was charged.",
    "refunded": "The refund is on its way.",
    "released": "The money is kept, and the buyer has what it was for.",
    "approved": "Approved.",
    "declined": "Declined.",
    "downloads-reset": "The buyer can download again.",
    "moved": "The buyer now sees the new state.",
    "invited": "The invitation is on its way.",
    "joined": "Welcome to the team.",
    "suspended": "The product is off sale. Its author sees your reason.",
    "reinstated": "The product may be sold again.",
    "replayed": "The job is queued again.",
}


@cache
def environment() -> jinja2.Environment:
    """Where templates are: beside the page functions that use them."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("purvey.web", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(display.FILTERS)
    made.globals.update(
        password_min=PASSWORD_MIN,
        fresh_word=new_token,
        asset=asset_url,
        query=lambda **kept: "?" + urlencode({k: v for k, v in kept.items() if v}),
    )
    return made


def page(
    request: Page,
    template: str,
    *,
    status: int = 200,
    refused: Refusal | None = None,
    form: Form | None = None,
    values: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """A page. With `refused`, the form it holds again: as it was typed, each error beside its field.

    `values` are what the form's fields show at first; what was typed (`form`) goes before them.
    """
    if isinstance(refused, NotFound):
        raise refused
    errors = {error.pointer.lstrip("/"): error.detail for error in refused.errors} if refused else {}
    shown = {
        **(values or {}),
        **({name: found if len(found) > 1 else found[0] for name, found in form.fields.items()} if form else {}),
    }
    html = (
        environment()
        .get_template(template)
        .render(
            me=request.scope["state"].get("identity"),
            path=request.scope["path"],
            csrf=form_token(request),
            now=world_of(request).clock(),
            test_bank=world_of(request).settings.test_bank,
            done=DONE.get(request.query_params.get("done", "")),
            problem=refused,
            errors=errors,
            values=shown,
            typed=form,
            **context,
        )
    )
    response = Response(
        html,
        status_code=problems.status_of(refused) if refused else status,
        media_type=MediaType.HTML,
        headers={**page_headers(payment_hosts(world_of(request).settings)), **nothing_left(request), **(headers or {})},
    )
    if refused and refused.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(refused.retry_after_seconds)
    remember_visitor(request, response)
    return response


def nothing_left(request: Page) -> Mapping[str, str]:
    """What somebody signed in has seen is not to be had by the back button once they are signed out."""
    return {"Cache-Control": "no-store"} if request.scope["state"].get("identity") else {}


def remember_visitor(request: Page, response: Response[str]) -> None:
    """A visitor whose form was tied to a fresh cookie is given that cookie."""
    fresh = request.scope["state"].get("fresh_visitor")
    if fresh:
        response.set_cookie(cookie(request, VISITOR_COOKIE, fresh, max_age=VISITOR_SECONDS))


def go(path: str, *, done: str = "") -> Redirect:
    """On to a page of this shop after something was done; `done` names a sentence of DONE."""
    separator = "&" if "?" in path else "?"
    return Redirect(
        f"{path}{separator}done={done}" if done else path, status_code=303, headers={"Cache-Control": "no-store"}
    )


@cache
def page_headers(payment_hosts: tuple[str, ...]) -> Mapping[str, str]:
    """Nothing runs and nothing is framed; forms go to this shop, and on to the hosts that take its payments."""
    return {
        "Content-Security-Policy": "; ".join(
            [
                "default-src 'none'",
                "style-src 'self'",
                "img-src 'self' https: data:",
                "media-src 'self'",
                "font-src 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
                f"form-action 'self' {' '.join(payment_hosts)}",
            ]
        ),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Cookie",
    }


def payment_hosts(settings: Settings) -> tuple[str, ...]:
    """Where a checkout may lead: a browser counts a form's redirects as where it was sent."""
    hosts = [settings.base_url, STRIPE_CHECKOUT]
    if settings.stripe_api_base:
        hosts.append(settings.stripe_api_base)
    return tuple(sorted({f"{urlsplit(host).scheme}://{urlsplit(host).netloc}" for host in hosts}))
