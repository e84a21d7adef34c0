"""The JSON doors of fees: what a platform admin sees, and notes as paid by hand."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from purvey.access import Identity
from purvey.access.guards import admin
from purvey.fees import actions, store
from purvey.fees.model import OWED_AFTER, Credit, CreditState, FeeState, PurchaseFee
from purvey.kit.db import Database
from purvey.kit.fields import WITH_A_WORD
from purvey.kit.ids import Id
from purvey.kit.pages import Page, Paging, page_of, total_of

TAGS = ["Platform fees"]
OfTenant = Annotated[Id | None, QueryParameter(name="tenantId")]
OfFeeState = Annotated[FeeState | None, QueryParameter(name="state")]
OfCreditState = Annotated[CreditState | None, QueryParameter(name="state")]
Payer = Annotated[str | None, QueryParameter(name="payer", max_length=42)]
Owed = Annotated[bool, QueryParameter(description="Only what has been unused for 30 days: it is its payer's money.")]


class PaidByHand(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """`transaction` is the hash of the transfer, or what else shows that the money moved."""

    transaction: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=WITH_A_WORD)]


class FeeView(msgspec.Struct, rename="camel", kw_only=True):
    """The fee of one purchase, in minor units. OWED is its seller's debt; COVERED was paid by its buyer beforehand."""

    purchase_id: UUID
    tenant_id: UUID
    site_id: UUID
    amount: int
    currency_code: str = "USDC"
    state: FeeState
    credit_id: UUID | None
    paid_by: str | None
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, fee: PurchaseFee) -> Self:
        return cls(**{name: getattr(fee, name) for name in fee.__struct_fields__})


class CreditView(msgspec.Struct, rename="camel", kw_only=True):
    """A fee paid beforehand, in minor units. `owed_since`: unused for 30 days, so it is listed as its payer's.

    `vanished_at`: its payment is on the chain no more, and until it is back the fee counts for nothing.
    """

    id: UUID
    payer: str
    network: str
    amount: int
    currency_code: str = "USDC"
    bps: int
    minimum: int
    state: CreditState
    tx_hash: str | None
    purchase_id: UUID | None
    returned_by: str | None
    created_at: datetime
    paid_at: datetime | None
    vanished_at: datetime | None
    owed_since: datetime | None

    @classmethod
    def of(cls, credit: Credit) -> Self:
        there = credit.state is CreditState.UNUSED and credit.vanished_at is None
        unused = credit.paid_at if there else None
        values = {name: getattr(credit, name) for name in credit.__struct_fields__}
        return cls(**values, owed_since=unused + OWED_AFTER if unused else None)


@get("/platform/fees", guards=[admin], tags=TAGS)
async def list_fees(
    db: NamedDependency[Database],
    paging: Paging,
    fee_state: OfFeeState = None,
    tenant_id: OfTenant = None,
) -> Page[FeeView]:
    """What the platform takes of each sale in USDC, newest first; `state=OWED` is what sellers still owe."""
    filters = (fee_state, tenant_id)
    rows = await store.fees(db, filters, paging)
    total = await total_of(paging, lambda: store.count(db, store.COUNT_FEES, filters))
    return page_of(rows, FeeView.of, asked=paging, order=store.NEWEST_FEE, total=total)


@post("/platform/fees/{purchase_id:uuid}/paid", guards=[admin], status_code=200, tags=TAGS)
async def note_paid(
    purchase_id: FromPath[UUID],
    data: JSONBody[PaidByHand],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> FeeView:
    """Note that a seller has paid the fee of one purchase."""
    return FeeView.of(await actions.note_paid(db, me, purchase_id, paid_by=data.transaction, now=now))


@get("/platform/credits", guards=[admin], tags=TAGS)
async def list_credits(
    *,
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
    paging: Paging,
    credit_state: OfCreditState = None,
    payer: Payer = None,
    owed: Owed = False,
) -> Page[CreditView]:
    """Fees that agents paid beforehand, newest first."""
    filters = (credit_state, payer, now - OWED_AFTER if owed else None)
    rows = await store.credits(db, filters, paging)
    total = await total_of(paging, lambda: store.count(db, store.COUNT_CREDITS, filters))
    return page_of(rows, CreditView.of, asked=paging, order=store.NEWEST_CREDIT, total=total)


@post("/platform/credits/{credit_id:uuid}/returned", guards=[admin], status_code=200, tags=TAGS)
async def give_back(
    credit_id: FromPath[UUID],
    data: JSONBody[PaidByHand],
    me: NamedDependency[Identity],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> CreditView:
    """Note that the platform has sent an unused fee back to its payer; it can be used no more."""
    return CreditView.of(await actions.give_back(db, me, credit_id, returned_by=data.transaction, now=now))


doors: list[Any] = [list_fees, note_paid, list_credits, give_back]
