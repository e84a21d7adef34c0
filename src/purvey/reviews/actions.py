"""What can be done with a review: post it, answer it, hide it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from purvey import access
from purvey.access import Identity
from purvey.catalog import NoSuchProduct
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, NotAllowed, NotFound
from purvey.reviews import reads, store
from purvey.reviews.model import Answer, Hide, Review, ReviewForm, TeamReview


class CannotReview(NotAllowed):
    """No purchase of theirs lets them speak of this product."""

    code = "cannot_review"


class AlreadyReviewed(Conflict):
    """One review a buyer and product."""

    code = "already_reviewed"


class AlreadyAnswered(Conflict):
    """The author answers once."""

    code = "already_answered"


async def post_review(db: Database, me: Identity, *, product_id: UUID, form: ReviewForm, now: datetime) -> Review:
    """Say what one thinks of what one bought; CannotReview, AlreadyReviewed, NoSuchProduct."""
    text = (form.text or "").strip() or None
    async with db.transaction() as tx:
        bought = await store.hold_bought(tx, me.user_id, product_id)
        if bought is None:
            if not await reads.on_show(tx, product_id):
                raise NoSuchProduct("No product has this id")
            raise CannotReview("Only who bought this product and still owns it may review it, and none of its own team")
        posted = await store.post(
            tx, bought, product_id=product_id, buyer_id=me.user_id, rating=form.rating, text=text, now=now
        )
        if posted is None:
            raise AlreadyReviewed("You have reviewed this product already")
        return await reads.find_review(tx, posted)


async def answer_review(
    db: Database, me: Identity, *, site_id: UUID, review_id: UUID, form: Answer, now: datetime
) -> Review:
    """The author's one answer; AlreadyAnswered."""
    async with db.transaction() as tx:
        if await tx.value(store.AT_SITE, review_id, site_id) is None:
            raise no_review()
        text = form.text.strip()
        if await tx.value(store.ANSWER, review_id, site_id, text, me.user_id, now) is None:
            raise AlreadyAnswered("This review has its answer; there is one, and it stays")
        await note(tx, me, "review.answered", review_id, {"answer": text}, now=now)
        return await reads.find_review(tx, review_id)


async def hide_review(db: Database, me: Identity, *, review_id: UUID, form: Hide, now: datetime) -> TeamReview:
    """Take a review out of sight for the platform, or bring it back; its stars go and come with it."""
    async with db.transaction() as tx:
        if await tx.value(store.HOLD, review_id) is None:
            raise no_review()
        hidden = (now, me.user_id, form.reason) if form.is_hidden else (None, None, None)
        await tx.do(store.HIDE, review_id, *hidden)
        await store.judge(tx, review_id)
        action = "review.hidden" if form.is_hidden else "review.shown"
        await note(tx, me, action, review_id, {"reason": form.reason}, now=now)
        return await reads.find_whole(tx, review_id)


async def note(tx: Tx, me: Identity, action: str, review_id: UUID, detail: dict[str, Any], *, now: datetime) -> None:
    tenant_id = await tx.value(store.TENANT_OF, review_id)
    await access.audit(
        tx,
        me,
        action=action,
        subject_type="review",
        subject_id=review_id,
        detail=detail,
        now=now,
        tenant_id=tenant_id,
    )


def no_review() -> NotFound:
    return NotFound("There is no such review")
