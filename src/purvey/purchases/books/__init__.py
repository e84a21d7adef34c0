"""The books, proved: each law is a query that finds what breaks it. `purvey audit` and every race test end here.

A law has a name, a sentence, and one statement over everything (`$1`: of one tenant; null: of all). What no law can
know, docs/audit.md names.
"""

from uuid import UUID

from purvey.kit.db import Queries
from purvey.purchases.books.goods import LAWS_OF_GOODS
from purvey.purchases.books.law import Law
from purvey.purchases.books.money import LAWS_OF_MONEY
from purvey.purchases.books.sales import LAWS_OF_SALES
from purvey.purchases.books.seals import LAWS_OF_SEALS
from purvey.purchases.books.usdc import LAWS_OF_USDC

__all__ = ["LAWS", "Law", "audit_books"]

LAW_SECONDS = 3600.0  # of the largest books

LAWS: tuple[Law, ...] = (*LAWS_OF_SALES, *LAWS_OF_MONEY, *LAWS_OF_GOODS, *LAWS_OF_USDC, *LAWS_OF_SEALS)


async def audit_books(db: Queries, *, tenant_id: UUID | None = None) -> list[str]:
    """What breaks a law of the books, of one tenant or of all: nothing, when all is well. All laws see one moment."""
    broken: list[str] = []
    async with db.one_moment() as moment:
        for law in LAWS:
            rows = await moment.records(law.sql, tenant_id, seconds=LAW_SECONDS)
            broken += [f"{law.sentence}: {row['what']}" for row in rows]
    return broken
