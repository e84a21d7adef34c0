"""A discount code, and why it may not apply."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from purvey.kit.money import Money
from purvey.pricing import Discount


class DiscountType(StrEnum):
    PERCENTAGE = "PERCENTAGE"
    FIXED_AMOUNT = "FIXED_AMOUNT"


class Duration(StrEnum):
    """For how many bills of a subscription a code counts (ruling 34); a single purchase is one."""

    ONCE = "ONCE"
    REPEATING = "REPEATING"
    FOREVER = "FOREVER"


class Reason(StrEnum):
    """Why a code does not apply; the stable `code` of a refusal is `discount_<reason>`."""

    UNKNOWN = "unknown"
    INACTIVE = "inactive"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    USED_UP = "used_up"
    BUYER_LIMIT = "buyer_limit"
    OTHER_ITEM = "other_item"
    OTHER_CURRENCY = "other_currency"
    BELOW_MINIMUM = "below_minimum"


class DiscountCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code of a site, in upper case. `minimum_amount` and `amount` are minor units of `currency`.

    `product_ids` None is everything the site sells. `reserved` are uses of purchases not paid yet.
    """

    id: UUID
    tenant_id: UUID
    site_id: UUID
    code: str
    discount_type: DiscountType
    basis_points: int | None = None
    amount: int | None = None
    currency: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    max_uses: int | None = None
    max_uses_per_buyer: int | None = None
    minimum_amount: int | None = None
    product_ids: list[UUID] | None = None
    duration: Duration = Duration.ONCE
    duration_periods: int | None = None
    is_active: bool = True
    reserved: int = 0
    used: int = 0
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def terms(self) -> Discount:
        """What it takes off, as pricing understands it."""
        if self.amount is not None:
            assert self.currency is not None
            return Discount.fixed(Money(self.amount, self.currency))
        assert self.basis_points is not None
        return Discount.percentage(self.basis_points)
