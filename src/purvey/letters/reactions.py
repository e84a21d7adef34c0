"""When this happened, we write that letter."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from purvey import access, payments, purchases, support, tenants
from purvey.access import AccountReclaimed, EmailMoveAsked, EmailVerificationAsked, PasswordResetAsked, Purpose, User
from purvey.entitlements import CustomerProductUpdated, Source, State
from purvey.kit.events import Event, Heard, Reaction
from purvey.kit.money import Money
from purvey.letters.sending import Desk
from purvey.purchases import OneTimePurchaseCompleted, PurchaseRefunded
from purvey.settings import Settings
from purvey.support import RefundRequestAnswered, RefundRequestDeclined, RefundRequested
from purvey.tenants import InvitationMade, Site

VERIFY_HOURS = 72
RESET_HOURS = 1
ENDED = {
    "apiKeys": ("API key", "API keys"),
    "wallets": ("linked wallet", "linked wallets"),
    "gatewayKeys": ("payment gateway's keys", "payment gateways' keys"),
    "payoutWallets": ("payout wallet", "payout wallets"),
    "members": ("other member of a team", "other members of teams"),
    "invitations": ("open invitation", "open invitations"),
}
Write = Callable[[Desk, Heard, Event], Awaitable[None]]


async def ask_to_verify(desk: Desk, heard: Heard, asked: Event) -> None:
    """The link that proves an address. The token is made now: no event and no job ever holds it."""
    await write_with_token(desk, heard, asked, kind="verify-email", purpose=Purpose.VERIFY_EMAIL, hours=VERIFY_HOURS)


async def offer_new_password(desk: Desk, heard: Heard, asked: Event) -> None:
    """The link that sets a new password."""
    await write_with_token(desk, heard, asked, kind="reset-password", purpose=Purpose.RESET_PASSWORD, hours=RESET_HOURS)


async def write_with_token(desk: Desk, heard: Heard, asked: Event, *, kind: str, purpose: Purpose, hours: int) -> None:
    user = await access.find_user(heard.db, asked.subject_id)
    if (
        user is None
        or user.email is None
        or await desk.has_written(heard.db, kind, about=heard.event_id, to=user.email)
    ):
        return
    async with heard.db.transaction() as tx:
        token = await access.make_one_time_token(tx, user.id, purpose, heard.now)
    words = {"name": user.display_name, "hours": hours, "link": f"{desk.base_url}/{kind}?token={token}"}
    await desk.write(heard.db, kind=kind, about=heard.event_id, to=user.email, now=heard.now, words=words)


async def tell_reclaimed(desk: Desk, heard: Heard, reclaimed: Event) -> None:
    """What others held in the account of somebody's address has ended; they should know what there was."""
    assert isinstance(reclaimed, AccountReclaimed)
    user = await access.find_user(heard.db, reclaimed.subject_id)
    if user is None or user.email is None:
        return
    ended = [f"{count} {ENDED[name][count > 1]}" for name, count in reclaimed.ended.items()]
    words = {"ended": ended, "link": f"{desk.base_url}/account"}
    await desk.write(
        heard.db, kind="account-reclaimed", about=heard.event_id, to=user.email, now=heard.now, words=words
    )


async def ask_to_confirm(desk: Desk, heard: Heard, asked: Event) -> None:
    """The link that proves a new address, and word of it to the one there is, while its reader can still stop it."""
    assert isinstance(asked, EmailMoveAsked)
    move = await access.find_move(heard.db, asked.move_id)
    user = await access.find_user(heard.db, asked.subject_id)
    if move is None or user is None:
        return
    words = {"name": user.display_name, "email": move.email, "hours": access.MOVE_LIFE // timedelta(hours=1)}
    if not await desk.has_written(heard.db, "confirm-email", about=heard.event_id, to=move.email):
        async with heard.db.transaction() as tx:
            token = await access.make_move_token(tx, move.id)
        if token is None:
            return
        there = words | {"link": f"{desk.base_url}/confirm-email?token={token}"}
        await desk.write(
            heard.db, kind="confirm-email", about=heard.event_id, to=move.email, now=heard.now, words=there
        )
    if move.old_email and move.old_is_verified:
        here = words | {"link": f"{desk.base_url}/reset-password"}
        await desk.write(
            heard.db, kind="email-moves", about=heard.event_id, to=move.old_email, now=heard.now, words=here
        )


async def invite(desk: Desk, heard: Heard, made: Event) -> None:
    """The link that joins a team; nothing is written when the invitation was withdrawn meanwhile."""
    invitation = await tenants.find_invitation(heard.db, made.subject_id)
    if await desk.has_written(heard.db, "invitation", about=heard.event_id, to=invitation.email):
        return
    async with heard.db.transaction() as tx:
        token = await tenants.make_invitation_token(tx, invitation.id, heard.now)
    inviter = await access.find_user(heard.db, invitation.invited_by)
    if token is None or inviter is None:
        return
    words = {
        "inviter": inviter.display_name,
        "tenant": (await tenants.find_tenant(heard.db, invitation.tenant_id)).name,
        "role": invitation.role,
        "days": (invitation.expires_at - invitation.created_at).days,
        "link": f"{desk.base_url}/invitations/accept?token={token}",
    }
    await desk.write(heard.db, kind="invitation", about=heard.event_id, to=invitation.email, now=heard.now, words=words)


async def tell_sale(desk: Desk, heard: Heard, sold: Event) -> None:
    """A receipt for the buyer, and a notice for whoever keeps the site, when they asked to be told."""
    assert isinstance(sold, OneTimePurchaseCompleted)
    site = await tenants.find_site(heard.db, sold.site_id)
    words = await words_of_sale(desk, heard, sold.subject_id, site)
    if words is None:
        return
    if words["buyer_email"]:
        await desk.write(
            heard.db, kind="receipt", about=heard.event_id, to=words["buyer_email"], now=heard.now, words=words
        )
    author = await keeper_of(heard, site) if site.sale_notice else None
    if author is None or author.email is None:
        return
    words |= {"name": author.display_name, "link": f"{desk.base_url}/orders/{sold.subject_id}?site={site.slug}"}
    await desk.write(heard.db, kind="sale-notice", about=heard.event_id, to=author.email, now=heard.now, words=words)


async def tell_refund(desk: Desk, heard: Heard, refunded: Event) -> None:
    """Money that went back, and why."""
    assert isinstance(refunded, PurchaseRefunded)
    site = await tenants.find_site(heard.db, refunded.site_id)
    words = await words_of_sale(desk, heard, refunded.subject_id, site)
    if words is None or not words["buyer_email"]:
        return
    refund = await payments.find_refund(heard.db, refunded.refund_id)
    words |= {"amount": Money(refunded.amount, refunded.currency), "whole": refunded.whole}
    words |= {"reason": refund.reason if refund else ""}
    await desk.write(heard.db, kind="refund", about=heard.event_id, to=words["buyer_email"], now=heard.now, words=words)


async def tell_restored(desk: Desk, heard: Heard, updated: Event) -> None:
    """What was taken from the buyer is theirs again: its payment was released, or a dispute won. Once for a bundle."""
    assert isinstance(updated, CustomerProductUpdated)
    if updated.state != State.LIVE or updated.source != Source.PURCHASE:
        return
    purchase = await purchases.find(heard.db, updated.source_id)
    site = await tenants.find_site(heard.db, purchase.site_id) if purchase else None
    words = await words_of_sale(desk, heard, updated.source_id, site) if site else None
    if words is None or not words["buyer_email"]:
        return
    once = uuid5(updated.source_id, updated.at.isoformat())
    await desk.write(heard.db, kind="restored", about=once, to=words["buyer_email"], now=heard.now, words=words)


async def tell_request(desk: Desk, heard: Heard, asked: Event) -> None:
    """Somebody asks for their money back: the author should answer."""
    assert isinstance(asked, RefundRequested)
    site = await tenants.find_site(heard.db, asked.site_id)
    words = await words_of_sale(desk, heard, asked.purchase_id, site)
    ticket = await support.seen_by_team(heard.db, asked.site_id, asked.subject_id)
    author = await keeper_of(heard, site)
    if words is None or author is None or author.email is None:
        return
    words |= {"name": author.display_name, "reason": ticket.reason}
    words |= {"link": f"{desk.base_url}/refund-requests/{asked.subject_id}?site={site.slug}"}
    await desk.write(heard.db, kind="refund-request", about=heard.event_id, to=author.email, now=heard.now, words=words)


async def tell_answer(desk: Desk, heard: Heard, answered: Event) -> None:
    """The site's team answered or declined: the buyer should know. Their own messages are not mailed back to them."""
    assert isinstance(answered, RefundRequestAnswered | RefundRequestDeclined)
    if isinstance(answered, RefundRequestAnswered) and answered.author_id == answered.buyer_id:
        return
    site = await tenants.find_site(heard.db, answered.site_id)
    words = await words_of_sale(desk, heard, answered.purchase_id, site)
    if words is None or not words["buyer_email"]:
        return
    words |= {"declined": isinstance(answered, RefundRequestDeclined)}
    await desk.write(
        heard.db, kind="refund-answer", about=heard.event_id, to=words["buyer_email"], now=heard.now, words=words
    )


async def keeper_of(heard: Heard, site: Site) -> User | None:
    """Whoever opened the site, while they work on it; else an owner."""
    keeper = await tenants.keeper_of(heard.db, site)
    return None if keeper is None else await access.find_user(heard.db, keeper)


async def words_of_sale(desk: Desk, heard: Heard, purchase_id: UUID, site: Site) -> dict[str, Any] | None:
    """What letters say of a sale."""
    sale = await purchases.sale(heard.db, purchase_id, site_id=site.id)
    if sale is None:
        return None
    return {
        "name": sale.buyer_name or sale.buyer_display_name,
        "buyer": sale.buyer_name or sale.buyer_display_name,
        "buyer_email": sale.buyer_email,
        "site": site.name,
        "order_number": sale.order_number,
        "date": f"{sale.created_at:%d %B %Y}",
        "item": sale.item_name,
        "quantity": sale.quantity,
        "amount": Money(sale.amount, sale.currency_code),
        "discount": Money(sale.discount_amount, sale.currency_code),
        "tax": Money(sale.tax_amount, sale.currency_code),
        "tax_inclusive": sale.tax_inclusive,
        "total": Money(sale.final_amount, sale.currency_code),
        "downloadable": sale.fulfilment_state is None and sale.chapter_id is None,
        "link": f"{desk.base_url}/purchases/{sale.id}",
    }


LETTERS: tuple[tuple[type[Event], Write], ...] = (
    (EmailVerificationAsked, ask_to_verify),
    (PasswordResetAsked, offer_new_password),
    (AccountReclaimed, tell_reclaimed),
    (EmailMoveAsked, ask_to_confirm),
    (InvitationMade, invite),
    (OneTimePurchaseCompleted, tell_sale),
    (PurchaseRefunded, tell_refund),
    (CustomerProductUpdated, tell_restored),
    (RefundRequested, tell_request),
    (RefundRequestAnswered, tell_answer),
    (RefundRequestDeclined, tell_answer),
)


def reactions(settings: Settings) -> list[Reaction]:
    """Every letter, bound to one desk."""
    desk = Desk(settings)
    return [letter_for(desk, kind, write) for kind, write in LETTERS]


def letter_for(desk: Desk, kind: type[Event], write: Write) -> Reaction:
    async def do(heard: Heard, event: Event) -> None:
        await write(desk, heard, event)

    return Reaction(kind, f"letters.{write.__name__}.{kind.__name__}", do, timedelta())
