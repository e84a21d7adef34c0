"""What one user said becomes another's, when their wallet is linked."""

from uuid import UUID

from purvey.kit.db import Tx
from purvey.reviews import store

# Where both have spoken of a product, the taker's word stands, and the giver's stars go with their word.
DOUBLES = """
with gone as (
    delete from reviews theirs
    using reviews mine
    where theirs.buyer_id = $1
        and mine.buyer_id = $2
        and mine.product_id = theirs.product_id
    returning theirs.product_id, theirs.rating, theirs.shown
)
update review_stats s
set reviews = s.reviews - 1, stars = s.stars - g.rating
from gone g
where s.product_id = g.product_id
    and g.shown
"""

# What the giver said.
SAID = "update reviews set buyer_id = $2 where buyer_id = $1"

# What the giver answered.
ANSWERED = "update reviews set answered_by = $2 where answered_by = $1"

# What the giver hid.
HIDDEN = "update reviews set hidden_by = $2 where hidden_by = $1"


# What is not shown may speak for what the taker owns from now on.
NOT_SHOWN = "select id from reviews where buyer_id = $1 and not shown order by id"


async def hand_over(tx: Tx, giver: UUID, taker: UUID) -> None:
    """Reviews of the giver become the taker's."""
    for statement in (DOUBLES, SAID, ANSWERED, HIDDEN):
        await tx.do(statement, giver, taker)
    for row in await tx.records(NOT_SHOWN, taker):
        await store.judge(tx, row["id"])
