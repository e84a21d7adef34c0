"""A fee that was paid beforehand, the fee of one purchase, and the rates both follow. Amounts are in USDC."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from purvey.kit.life import Life
from purvey.kit.money import USDC, Money

OWED_AFTER = timedelta(days=30)


class Rates(msgspec.Struct, frozen=True):
    """So many hundredths of a percent of what is paid, and at least so much, in minor units."""

    bps: int
    minimum: int


class CreditState(StrEnum):
    PENDING = "PENDING"  # signed, and not settled yet
    FAILED = "FAILED"
    UNUSED = "UNUSED"
    HELD = "HELD"  # by a purchase whose money is on its way
    USED = "USED"
    RETURNED = "RETURNED"


class CreditHappening(StrEnum):
    SETTLED = "settled"
    FAILED = "failed"
    HELD = "held"
    RELEASED = "released"
    USED = "used"
    RETURNED = "returned"


C, H = CreditState, CreditHappening

# fmt: off
CREDIT_LIFE = Life[CreditState, CreditHappening](
    "fee",
    (C.PENDING, H.SETTLED,  C.UNUSED),
    (C.PENDING, H.FAILED,   C.FAILED),
    (C.FAILED,  H.SETTLED,  C.UNUSED),     # the chain had it after all
    (C.UNUSED,  H.HELD,     C.HELD),
    (C.UNUSED,  H.USED,     C.USED),       # by a purchase that costs nothing else, or by late money
    (C.UNUSED,  H.RETURNED, C.RETURNED),
    (C.HELD,    H.USED,     C.USED),
    (C.HELD,    H.RELEASED, C.UNUSED),
)
# fmt: on


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """A fee that was paid beforehand. `payer` is in lower case; `bps` and `minimum` are the rates it was paid by."""

    id: UUID
    payer: str
    network: str
    amount: int
    bps: int
    minimum: int
    state: CreditState
    tx_hash: str | None
    purchase_id: UUID | None
    returned_by: str | None
    created_at: datetime
    paid_at: datetime | None
    vanished_at: datetime | None  # its payment was on the chain, and is no more: it counts for nothing until it is back

    @property
    def money(self) -> Money:
        return Money(self.amount, USDC)

    @property
    def rates(self) -> Rates:
        return Rates(self.bps, self.minimum)


class FeeState(StrEnum):
    EXPECTED = "EXPECTED"  # the purchase is not paid yet
    DROPPED = "DROPPED"  # nothing came of it
    COVERED = "COVERED"  # by its buyer's credit
    OWED = "OWED"  # by its seller
    PAID = "PAID"


class FeeHappening(StrEnum):
    SOLD = "sold"
    SOLD_WITHOUT = "sold, with no credit"
    DROPPED = "dropped"
    PAID = "paid"


F, G = FeeState, FeeHappening

# fmt: off
FEE_LIFE = Life[FeeState, FeeHappening](
    "purchase's fee",
    (F.EXPECTED, G.SOLD,         F.COVERED),
    (F.EXPECTED, G.SOLD_WITHOUT, F.OWED),
    (F.EXPECTED, G.DROPPED,      F.DROPPED),
    (F.DROPPED,  G.SOLD,         F.COVERED),    # late money
    (F.DROPPED,  G.SOLD_WITHOUT, F.OWED),
    (F.OWED,     G.PAID,         F.PAID),
)
# fmt: on


class PurchaseFee(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform takes of one purchase, and from whom."""

    purchase_id: UUID
    tenant_id: UUID
    site_id: UUID
    amount: int
    credit_id: UUID | None
    state: FeeState
    paid_by: str | None
    created_at: datetime
    changed_at: datetime
