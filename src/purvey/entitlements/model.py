"""An entitlement, and everything that can happen to it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from purvey.kit.life import Life


class Source(StrEnum):
    """Where an entitlement comes from."""

    PURCHASE = "PURCHASE"
    SUBSCRIPTION = "SUBSCRIPTION"
    DEFAULT = "DEFAULT"
    GIFT = "GIFT"


class State(StrEnum):
    LIVE = "LIVE"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"


class Happening(StrEnum):
    SUSPENDED = "suspended"
    RESTORED = "restored"
    GIVEN_BACK = "given back"
    ENDED = "ended"


S, H = State, Happening

LIFE = Life[State, Happening](
    "entitlement",
    (S.LIVE, H.SUSPENDED, S.SUSPENDED),
    (S.LIVE, H.ENDED, S.ENDED),
    (S.SUSPENDED, H.RESTORED, S.LIVE),
    (S.SUSPENDED, H.ENDED, S.ENDED),
    (S.SUSPENDED, H.GIVEN_BACK, S.LIVE),
    (S.ENDED, H.GIVEN_BACK, S.LIVE),
)


class Entitlement(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody owns a product or a chapter, since when, and from which source."""

    id: UUID
    tenant_id: UUID
    user_id: UUID
    product_id: UUID | None
    chapter_id: UUID | None
    source: Source
    source_id: UUID
    state: State
    granted_at: datetime
    changed_at: datetime
