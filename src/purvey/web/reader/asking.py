"""Asking for one's money back, and talking about it with the seller (A15)."""

from datetime import datetime
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from purvey import support
from purvey.access import Identity
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.support.forms import AskForRefund, WriteMessage
from purvey.web.forms import TEXT_BYTES, body, posted
from purvey.web.reader.purchases import purchase_page
from purvey.web.rendering import go
from purvey.web.session import Page, page_signed_in

PURCHASE = "/purchases/{purchase_id:uuid}"


@post(f"{PURCHASE}/refund-request", guards=[page_signed_in], request_max_body_size=TEXT_BYTES)
async def ask(
    request: Page,
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A request, which the seller answers on the same page."""
    form = await posted(request)
    try:
        wish = body(AskForRefund, {"reason": form.raw("reason").strip()})
        await support.ask_for_refund(db, me, purchase_id, reason=wish.reason, now=now)
    except Refusal as no:
        return await purchase_page(request, db, me, purchase_id, refused=no, form=form)
    return go(f"/purchases/{purchase_id}", done="requested")


@post(f"{PURCHASE}/messages", guards=[page_signed_in], request_max_body_size=TEXT_BYTES)
async def write(
    request: Page,
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A word to the seller."""
    form = await posted(request)
    ticket = await support.of_purchase(db, me, purchase_id)
    try:
        wish = body(WriteMessage, {"body": form.raw("body").strip()})
        await support.answer(db, me, ticket.id, site_id=None, body=wish.body, now=now)
    except Refusal as no:
        return await purchase_page(request, db, me, purchase_id, refused=no, form=form)
    return go(f"/purchases/{purchase_id}", done="sent")


@post(f"{PURCHASE}/withdraw", guards=[page_signed_in])
async def withdraw(
    request: Page,
    purchase_id: FromPath[UUID],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> Response[str]:
    """The request is taken back."""
    await posted(request)
    ticket = await support.of_purchase(db, me, purchase_id)
    try:
        await support.withdraw(db, me, ticket.id, now=now)
    except Refusal as no:
        return await purchase_page(request, db, me, purchase_id, refused=no)
    return go(f"/purchases/{purchase_id}", done="withdrawn")


pages = [ask, write, withdraw]
