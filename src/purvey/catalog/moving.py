"""What one user made becomes another's, when their wallet is linked."""

from uuid import UUID

from purvey.kit.db import Tx

# Products that the giver made.
PRODUCTS = "update products set author_id = $2 where author_id = $1"

# Files that the giver put there.
FILES = "update file_versions set uploaded_by = $2 where uploaded_by = $1"

# Files that the giver is about to put there.
UPLOADS = "update uploads set begun_by = $2 where begun_by = $1"


async def hand_over(tx: Tx, giver: UUID, taker: UUID) -> None:
    """Products and files of the giver become the taker's."""
    for statement in (PRODUCTS, FILES, UPLOADS):
        await tx.do(statement, giver, taker)
