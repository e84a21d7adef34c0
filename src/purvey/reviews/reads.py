"""What is read of reviews: by everybody, and by the team that sells."""

from datetime import datetime
from uuid import UUID

from purvey.kit.db import Queries
from purvey.kit.pages import Asked, Order
from purvey.reviews import store
from purvey.reviews.model import Review, Stats, TeamReview

NEWEST: Order[Review] = Order(
    "newest-review",
    ("r.created_at", "r.id"),
    (datetime, UUID),
    lambda review: (review.created_at, review.id),
    descending=True,
)

NEWEST_OF_SITE: Order[TeamReview] = Order(
    "newest-site-review", NEWEST.sql, NEWEST.kinds, lambda review: (review.created_at, review.id), descending=True
)

SAID = """
    r.id, coalesce(nullif(trim(p.buyer_name), ''), u.display_name) as buyer_name, r.rating, r.body as text, r.answer,
    r.answered_at, r.created_at
"""
FROM = """
from reviews r
join purchases p on p.id = r.purchase_id
join users u on u.id = r.buyer_id
"""

ONE = f"select {SAID} {FROM} where r.id = $1"

# A page of what is said of a product.
OF_PRODUCT = f"""
select {SAID}
{FROM}
where r.product_id = $1
    and r.shown
    and {NEWEST.beyond(2)}
order by {NEWEST.by}
limit $4
offset $5
"""

WHOLE = f"""
select {SAID}, r.product_id, o.name as product_name, r.shown as is_shown, r.hidden_reason
{FROM}
join products o on o.id = r.product_id
"""
ONE_WHOLE = f"{WHOLE} where r.id = $1"

# A page of everything that was said on a site, also what is not shown.
OF_SITE = f"""
{WHOLE}
where r.site_id = $1
    and {NEWEST.beyond(2)}
order by {NEWEST.by}
limit $4
offset $5
"""
COUNT = "select count(*) from reviews where site_id = $1"

STATS = """
select round(stars::numeric / nullif(reviews, 0), 2)::float8 as average_rating, reviews as review_count
from review_stats
where product_id = $1
"""

# Whether everybody may read of the product.
ON_SHOW = """
select exists (
    select
    from products
    where id = $1
        and is_active
        and deleted_at is null
        and suspended_at is null
        and not is_system
)
"""

REVIEWED = "select exists (select from reviews where product_id = $1 and buyer_id = $2)"


async def on_show(db: Queries, product_id: UUID) -> bool:
    return bool(await db.value(ON_SHOW, product_id))


async def reviews_of(db: Queries, product_id: UUID, *, asked: Asked) -> list[Review]:
    """What is said of a product, the newest first; one row more than the page holds when there is more."""
    return await db.rows(Review, OF_PRODUCT, product_id, *asked.place(NEWEST), asked.limit, asked.offset)


async def team_reviews(db: Queries, site_id: UUID, *, asked: Asked) -> list[TeamReview]:
    """The same of a whole site, for its team."""
    return await db.rows(TeamReview, OF_SITE, site_id, *asked.place(NEWEST), asked.limit, asked.offset)


async def stats_of(db: Queries, product_id: UUID) -> Stats:
    """The average and the number of a product's reviews that are shown."""
    return await db.maybe(Stats, STATS, product_id) or Stats(average_rating=None, review_count=0)


async def find_review(db: Queries, review_id: UUID) -> Review:
    return await db.one(Review, ONE, review_id)


async def find_whole(db: Queries, review_id: UUID) -> TeamReview:
    return await db.one(TeamReview, ONE_WHOLE, review_id)


async def count_of_site(db: Queries, site_id: UUID) -> int:
    return int(await db.value(COUNT, site_id))


async def may_review(db: Queries, user_id: UUID, product_id: UUID) -> bool:
    """Whether they bought it, own it, and have not said anything yet."""
    bought = await store.bought(db, user_id, product_id)
    return bought is not None and not await db.value(REVIEWED, product_id, user_id)
