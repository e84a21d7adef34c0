"""What one user bought becomes another's, when their wallet is linked (ruling 13)."""

from uuid import UUID

from purvey.kit.db import Tx
from purvey.kit.errors import Conflict

# A thing that both are about to pay.
BOTH_PAYING = """
select theirs.id
from purchases theirs
join purchases mine on mine.buyer_id = $2
    and mine.goods = 'HELD'
    and (mine.product_id = theirs.product_id or mine.chapter_id = theirs.chapter_id)
where theirs.buyer_id = $1
    and theirs.goods = 'HELD'
limit 1
"""

# Where both are customers, the taker's customer takes what the giver's bought.
JOIN_CUSTOMERS = """
update purchases p
set customer_id = mine.id
from customers theirs
join customers mine on mine.tenant_id = theirs.tenant_id and mine.user_id = $2
where theirs.user_id = $1
    and p.customer_id = theirs.id
"""

# The giver's customer is of no more use there.
DROP_DOUBLES = """
delete from customers theirs
using customers mine
where theirs.user_id = $1
    and mine.user_id = $2
    and mine.tenant_id = theirs.tenant_id
"""

# Everywhere else the taker becomes the customer.
CUSTOMERS = "update customers set user_id = $2 where user_id = $1"

# What the giver bought.
PURCHASES = "update purchases set buyer_id = $2 where buyer_id = $1"

# What the giver gave money back for.
REFUNDED = "update purchases set refunded_by = $2 where refunded_by = $1"


class BothPaying(Conflict):
    """One person has one open checkout for a thing (ruling 18)."""

    code = "both_paying"


async def hand_over(tx: Tx, giver: UUID, taker: UUID) -> None:
    """Purchases of the giver become the taker's. Raises BothPaying."""
    if await tx.value(BOTH_PAYING, giver, taker):
        raise BothPaying("You and this wallet are both about to pay the same thing: finish or cancel one of them first")
    for statement in (JOIN_CUSTOMERS, DROP_DOUBLES, CUSTOMERS, PURCHASES, REFUNDED):
        await tx.do(statement, giver, taker)
