"""Who may buy what, when. Pure: no database, no clock, no network."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from purvey.catalog import BUNDLE, BY_HAND, SoldOut
from purvey.kit.errors import Conflict, Invalid, NotAllowed, Refusal
from purvey.payments import Payment
from purvey.pricing import Quote, Terms
from purvey.purchases.model import Order, Purchase, Sought

HOLD = timedelta(minutes=30)
MOST_OPEN = 5
MOST_HELD, MOST_HELD_UNPROVEN = 20, 2  # units of limited goods that wait at one buyer's checkouts
SETTLING_SECONDS = 2
X402 = "x402"


class NotForSale(Conflict):
    """It was withdrawn, switched off or suspended, or is not sold this way."""

    code = "not_for_sale"


class NotAvailableYet(Conflict):
    """Its sale has not begun."""

    code = "not_available_yet"


class SaleEnded(Conflict):
    """Its sale is over."""

    code = "sale_ended"


class SubscriptionOnly(Conflict):
    """The price is a recurring one."""

    code = "recurring_price"


class ByInvoiceOnly(Conflict):
    """The product is sold on an invoice, not at a checkout."""

    code = "by_invoice_only"


class OtherTotal(Conflict):
    """It comes to something else than the buyer has seen."""

    code = "price_changed"


class AlreadyOwned(Conflict):
    """The buyer has it; nothing was charged."""

    code = "already_owned"


class TooManyOpen(Conflict):
    """The buyer has begun too many purchases without paying."""

    code = "too_many_open"


class MostPerBuyer(Conflict):
    """The seller sells only so many of it to one buyer."""

    code = "most_per_buyer"


class TooManyHeld(Conflict):
    """The buyer would hold too many units of limited goods without having paid them."""

    code = "too_many_held"


class BeingSettled(Conflict):
    """A payment of the same buyer for the same thing is on its way."""

    code = "payment_being_settled"


class PartOfBundle(Invalid):
    """A bundle goes back whole, or not at all."""

    code = "bundle_refunded_whole"


class EmailNotVerified(NotAllowed):
    """This shop sells limited goods to proven addresses only."""

    code = "email_not_verified"


def refuse_impossible(sought: Sought, order: Order, *, email_verified: bool, now: datetime) -> None:
    """Raise the first reason why this buyer cannot buy this now."""
    refuse_unsold(sought, now=now)
    refuse_other_settling(sought)
    refuse_missing_details(sought, order)
    if sought.shelves and sought.wants_verified_email and not email_verified:
        raise EmailNotVerified("This shop sells limited goods to verified e-mail addresses only; verify yours first")
    refuse_over_share(sought, order.quantity)
    refuse_sold_out(sought, order)


def refuse_unsold(sought: Sought, *, now: datetime) -> None:
    """The same, whatever exactly they ask for: a checkout that is open is asked this again until it is paid."""
    if not sought.on_sale:
        raise NotForSale(f"This{', or something in it,' if sought.member_ids else ''} is not for sale at the moment")
    if sought.recurring:
        raise SubscriptionOnly("This price is a subscription's; choose a one-time price")
    if sought.by_invoice:
        raise ByInvoiceOnly("This is sold by invoice; ask its seller for one")
    if sought.available_from is not None and now < sought.available_from:
        start = {"availableFrom": sought.available_from.isoformat()}
        raise NotAvailableYet("This product is not available yet", extra=start)
    if sought.available_until is not None and now >= sought.available_until:
        raise SaleEnded("The sale of this product has ended")
    refuse_owned(sought)


def refuse_owned(sought: Sought) -> None:
    if sought.owned and not sought.by_hand:
        raise AlreadyOwned("You own this already; it is among your purchases")


def refuse_second(sought: Sought, purchase: Purchase) -> None:
    """A purchase of what its buyer owns by now, or is about to pay another time."""
    refuse_owned(sought)
    if sought.open_id not in {None, purchase.id} and not sought.by_hand:
        raise AlreadyOwned("You are buying this again in another checkout")


def is_unsold(sought: Sought, *, now: datetime) -> bool:
    try:
        refuse_unsold(sought, now=now)
    except Refusal:
        return True
    return False


def refuse_missing_details(sought: Sought, order: Order) -> None:
    """Merchandise needs an address, a commission a brief; nothing else takes them."""
    given = {"shippingAddress": order.shipping_address, "brief": order.brief}
    needed = BY_HAND.get(sought.product_type or "")
    if needed and given[needed] is None:
        raise Invalid.field(f"/{needed}", f"is missing: a {sought.product_type} needs it", code="missing")
    for name, value in given.items():
        if value is not None and name != needed:
            raise Invalid.field(f"/{name}", "does not belong to what is bought here; leave it out", code="not_wanted")


def refuse_sold_out(sought: Sought, order: Order) -> None:
    for shelf in sought.shelves:
        if not shelf.has(order.quantity):
            raise SoldOut.of(shelf)


def refuse_too_many_held(sought: Sought, quantity: int, *, email_verified: bool) -> None:
    """Nobody keeps a whole edition from others without paying; one of whatever there is may be held by the proven."""
    if not sought.shelves:
        return
    share = max((cap.most for cap in sought.caps), default=0)
    most = max(MOST_HELD, share, len(sought.shelves)) if email_verified else MOST_HELD_UNPROVEN
    wanted = quantity * len(sought.shelves)
    if sought.held_units + wanted > most:
        others = f", and {sought.held_units} are at your checkouts: pay or cancel one, or" if sought.held_units else ":"
        way_out = "" if email_verified else " Verify your e-mail address, and it may be more."
        raise TooManyHeld(
            f"Of limited goods at most {most} can be held for you{others} ask for fewer.{way_out}",
            extra={"most": most, "held": sought.held_units},
        )


def refuse_over_share(sought: Sought, quantity: int) -> None:
    for cap in sought.caps:
        if cap.has + quantity > cap.most:
            left = max(cap.most - cap.has, 0)
            way_out = f"ask for {left} or fewer" if left else "pay or cancel what is open, or leave the rest to others"
            raise MostPerBuyer(
                f"At most {cap.most} of {cap.name} are sold to one buyer, and you have {cap.has}: {way_out}",
                extra={"maxPerBuyer": cap.most, "has": cap.has},
            )


def refuse_while_settling(payment: Payment) -> None:
    """What is signed may be charged at any moment: whoever paid now would pay twice."""
    if payment.provider == X402 and payment.closed_at is None:
        raise being_settled(payment.subject_id)


def refuse_other_settling(sought: Sought) -> None:
    """Nor of a bundle and one of its members at once."""
    if sought.settling_id is not None:
        raise being_settled(sought.settling_id)


def being_settled(purchase_id: UUID) -> BeingSettled:
    return BeingSettled(
        "Your payment for this is being settled; show the same payment again to hear of it, and sign no other",
        extra={"purchaseId": str(purchase_id)},
        retry_after_seconds=SETTLING_SECONDS,
    )


def refuse_too_many(open_count: int) -> None:
    if open_count >= MOST_OPEN:
        raise TooManyOpen(
            f"You have {open_count} purchases that are not paid; pay or cancel one first", extra={"open": open_count}
        )


def terms_of(sought: Sought, order: Order) -> Terms:
    """The offer as this buyer asks for it, before any discount."""
    return sought.terms(quantity=order.quantity, chosen_amount=order.amount)


def refuse_quote(quote: Quote, order: Order) -> None:
    """A quantity that its transform rounds to nothing is no purchase; nor is one at a total that was not seen."""
    if quote.units < 1:
        raise Invalid.field("/quantity", "must be more: so few come to nothing", code="too_few")
    if order.seen_total not in (None, quote.final_amount.minor):
        raise OtherTotal(f"It comes to {quote.final_amount} now: look at the order once more")


def same_terms(
    purchase: Purchase, sought: Sought, order: Order, *, final_amount: int, discount_code_id: object
) -> bool:
    """Whether an open checkout is for exactly what is asked again."""
    address = None if order.shipping_address is None else msgspec.to_builtins(order.shipping_address)
    return (
        purchase.price_version_id == sought.price_version_id
        and purchase.quantity == order.quantity
        and purchase.final_amount == final_amount
        and purchase.currency == sought.currency
        and purchase.discount_code_id == discount_code_id
        and purchase.shipping_address == address
        and purchase.brief == order.brief
        and purchase.buyer_name == order.buyer_name
    )


def hold_of(*, now: datetime, shortest: timedelta, longest: timedelta) -> datetime:
    """Until when goods are kept for a buyer: as long as the gateway's session lives (ruling 19)."""
    return now + min(max(HOLD, shortest), longest)


def refuse_part_of_bundle(purchase: Purchase, amount: int | None, *, refundable: int) -> None:
    """A bundle goes back whole (ruling 10)."""
    if purchase.product_type == BUNDLE and amount is not None and amount != refundable:
        raise PartOfBundle.field("/amount", "A bundle is refunded whole; leave the amount out")
