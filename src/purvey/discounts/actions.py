"""What can be done with discount codes: sellers keep them, sales hold and use them.

A sale joins its own transaction; the code's row is locked last of all (ruling 23).
"""

from datetime import datetime
from uuid import UUID

import msgspec

from purvey import access, catalog
from purvey.access import Identity
from purvey.discounts import forms, rules, store
from purvey.discounts.forms import CreateDiscountCode, UpdateDiscountCode
from purvey.discounts.model import DiscountCode, Reason
from purvey.discounts.rules import InvalidDiscount
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Conflict, NotFound
from purvey.kit.money import Money
from purvey.kit.versions import refuse_changed, refuse_stale
from purvey.pricing import Quote, Terms, quote
from purvey.tenants import Site


class CodeTaken(Conflict):
    """The site has another code of that word."""

    code = "discount_code_taken"


async def find(db: Queries, site_id: UUID, code: str) -> DiscountCode:
    """A site's code as a buyer typed it; InvalidDiscount when there is none."""
    found = await store.by_code(db, site_id, rules.canonical(code))
    if found is None:
        raise InvalidDiscount(Reason.UNKNOWN)
    return found


async def redeemed(
    db: Queries,
    terms: Terms,
    *,
    site_id: UUID,
    code: str,
    product_id: UUID | None,
    buyer_id: UUID | None,
    now: datetime,
) -> tuple[DiscountCode, Quote]:
    """What these terms come to with a code, when it applies to this buyer now; InvalidDiscount says why it does not.

    It promises nothing: `reserve` does. `product_id` is None for a chapter.
    """
    found = await find(db, site_id, code)
    uses = 0
    if buyer_id is not None and found.max_uses_per_buyer is not None:
        uses = await store.uses_of_buyer(db, found.id, buyer_id)
    reason = rules.why_closed(found, now=now) or rules.why_not(
        found, product_id=product_id, terms=terms, uses_of_buyer=uses
    )
    if reason:
        raise InvalidDiscount(reason)
    return found, quote(msgspec.structs.replace(terms, discount=found.terms))


async def reserve(tx: Tx, code_id: UUID, *, purchase_id: UUID, buyer_id: UUID, amount: Money, now: datetime) -> None:
    """Hold one use for a purchase; InvalidDiscount when none is left, whoever else asks at this moment.

    `amount` is what the code takes off. Ends in `use` or `release`.
    """
    held = await store.reserve(tx, code_id, now)
    if held is None:
        late = await store.whatever_became_of(tx, code_id)
        raise InvalidDiscount(Reason.UNKNOWN if late is None else rules.why_closed(late, now=now) or Reason.USED_UP)
    limit = held["max_uses_per_buyer"]
    if limit is not None and await store.uses_of_buyer(tx, code_id, buyer_id) >= limit:
        raise InvalidDiscount(Reason.BUYER_LIMIT)
    await store.hold(tx, code_id, purchase_id=purchase_id, buyer_id=buyer_id, amount=amount.minor, now=now)


async def use(tx: Tx, purchase_id: UUID, *, now: datetime) -> bool:
    """The purchase is paid: its held use is a use. False only for late money, when no use is left to take again.

    True also for a purchase that has no code, and when it was done before.
    """
    if await store.use(tx, purchase_id, now) or await store.take_again(tx, purchase_id, now):
        return True
    return await store.state_of(tx, purchase_id) != "RELEASED"


async def release(tx: Tx, purchase_id: UUID, *, now: datetime) -> None:
    """The purchase came to nothing: the use it held is free again. Harmless when it held none."""
    await store.release(tx, purchase_id, now)


async def create(db: Database, me: Identity, *, site: Site, form: CreateDiscountCode, now: datetime) -> DiscountCode:
    """A new code of a site; CodeTaken, Invalid."""
    code = forms.new_code(form, site=site, now=now)
    rules.refuse_impossible(code)
    async with db.transaction() as tx:
        await catalog.refuse_strangers(tx, code.site_id, code.product_ids or [], pointer="/productIds")
        if not await store.insert(tx, code):
            raise taken(code)
        await access.audit(
            tx, me, action="discount.created", subject_type="discount_code", subject_id=code.id,
            detail={"code": code.code}, now=now,
        )  # fmt: skip
    return code


async def get(db: Queries, site_id: UUID, code_id: UUID) -> DiscountCode:
    """A code of a site; NotFound."""
    return there(await store.by_id(db, site_id, code_id))


async def change(
    db: Database,
    me: Identity,
    site_id: UUID,
    code_id: UUID,
    *,
    form: UpdateDiscountCode,
    if_match: str | None,
    now: datetime,
) -> DiscountCode:
    """New values for some fields; what was used is kept. StaleVersion, Stale, CodeTaken, Invalid."""
    async with db.transaction() as tx:
        before = there(await store.locked(tx, site_id, code_id))
        refuse_stale(before.version, sent=form.version, if_match=if_match)
        refuse_changed(form, forms.view(before), *forms.READ_ONLY)
        values = forms.changes_of(form, before=before)
        after = msgspec.structs.replace(before, **values)
        if after == before:
            return before
        after = msgspec.structs.replace(after, version=before.version + 1, updated_at=now)
        rules.refuse_impossible(after)
        await catalog.refuse_strangers(tx, site_id, after.product_ids or [], pointer="/productIds")
        if not await store.update(tx, after):
            raise taken(after)
        await access.audit(
            tx, me, action="discount.updated", subject_type="discount_code", subject_id=code_id,
            detail=access.changes(before, after), now=now,
        )  # fmt: skip
    return after


async def remove(
    db: Database, me: Identity, site_id: UUID, code_id: UUID, *, if_match: str | None, now: datetime
) -> None:
    """Nobody can use the code again; purchases that used it keep what they paid."""
    async with db.transaction() as tx:
        code = there(await store.locked(tx, site_id, code_id))
        refuse_stale(code.version, if_match=if_match)
        await store.delete(tx, code_id, now)
        await access.audit(
            tx, me, action="discount.deleted", subject_type="discount_code", subject_id=code_id,
            detail={"code": code.code}, now=now,
        )  # fmt: skip


def there(code: DiscountCode | None) -> DiscountCode:
    if code is None:
        raise NotFound("There is no such discount code on this site")
    return code


def taken(code: DiscountCode) -> CodeTaken:
    return CodeTaken(f"The site has a code {code.code} already; change that one or take another word")
