"""A person's wallets: those they have, and a text to sign for one more. The signing itself is done in the wallet."""

from datetime import datetime

from litestar import Response, get, post
from litestar.di import NamedDependency

from purvey.access import Identity
from purvey.access.http_wallets import AskToLink, LinkWallet, siwa_of, wallet_view
from purvey.access.siwa import HandOver, linking, wallets
from purvey.kit import pages as lists
from purvey.kit.db import Database
from purvey.kit.errors import Refusal
from purvey.web.forms import Form, body, posted
from purvey.web.rendering import go, page
from purvey.web.session import Page, page_signed_in


@get("/account/wallets", guards=[page_signed_in])
async def own_wallets(request: Page, db: NamedDependency[Database], me: NamedDependency[Identity]) -> Response[str]:
    """The wallets that sign for a person."""
    return await shown(request, db, me)


async def shown(
    request: Page,
    db: Database,
    me: Identity,
    *,
    message: str = "",
    refused: Refusal | None = None,
    form: Form | None = None,
) -> Response[str]:
    """The page; `message` is what a wallet is to sign."""
    rows = await wallets.of_user(db, me.user_id, lists.asked(1, linking.MOST_WALLETS))
    return page(
        request,
        "account/wallets.html",
        refused=refused,
        form=form,
        wallets=[wallet_view(row) for row in rows],
        message=message,
        may_link=request.app.state.siwa is not None,
    )


@post("/account/wallets/ask", guards=[page_signed_in])
async def ask(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """The text that links a wallet."""
    form = await posted(request)
    try:
        wish = body(AskToLink, {"address": form.text("address")})
        asked = await linking.offer_link(
            db, siwa_of(request), me, address=wish.address, chain_id=wish.chain_id, now=now
        )
    except Refusal as no:
        return await shown(request, db, me, refused=no, form=form)
    return await shown(request, db, me, message=asked.message)


@post("/account/wallets", guards=[page_signed_in])
async def link(
    *,
    request: Page,
    db: NamedDependency[Database],
    me: NamedDependency[Identity],
    hand_over: NamedDependency[list[HandOver]],
    now: NamedDependency[datetime],
) -> Response[str]:
    """A wallet becomes the person's, with what it bought."""
    form = await posted(request)
    message = form.raw("message")
    try:
        wish = body(LinkWallet, {"message": message, "signature": form.text("signature")})
        signature = bytes.fromhex(wish.signature[2:])
        await linking.link(
            db, siwa_of(request), me, message=wish.message, signature=signature, hand_over=hand_over, now=now
        )
    except Refusal as no:
        return await shown(request, db, me, message=message, refused=no, form=form)
    return go("/account/wallets", done="wallet-linked")


@post("/account/wallets/unlink", guards=[page_signed_in])
async def unlink(
    request: Page, db: NamedDependency[Database], me: NamedDependency[Identity], now: NamedDependency[datetime]
) -> Response[str]:
    """A wallet signs for the person no longer."""
    form = await posted(request)
    try:
        await linking.unlink(db, me, form.text("address"), now=now)
    except Refusal as no:
        return await shown(request, db, me, refused=no)
    return go("/account/wallets", done="wallet-unlinked")


pages = [own_wallets, ask, link, unlink]
