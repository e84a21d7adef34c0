"""Which slices react to what, and what is swept: the one table of everything that happens by itself."""

from collections.abc import Sequence
from datetime import datetime

from purvey import (
    access,
    catalog,
    discounts,
    entitlements,
    fees,
    letters,
    payments,
    purchases,
    reviews,
    support,
    tenants,
)
from purvey import storage as files
from purvey.access import Reclaim
from purvey.access.siwa import HandOver
from purvey.kit import retention
from purvey.kit.db import Database
from purvey.kit.events import Reaction
from purvey.payments import Gateways, x402
from purvey.payments.testbank import reactions as bank_reactions
from purvey.settings import Settings
from purvey.storage import Storage
from purvey.worker import Sweep


def reactions(settings: Settings, *, gateways: Gateways, storage: Storage) -> Sequence[Reaction]:
    """Every reaction of every slice."""
    return [
        *letters.reactions(settings),
        *purchases.reactions(gateways),
        *fees.reactions(),
        *support.reactions(),
        *reviews.reactions(),
        *payments.reactions(),
        *bank_reactions(gateways),
    ]


def hand_over() -> Sequence[HandOver]:
    """What happens to all that is one user's when it becomes another's; requests before payments before purchases."""
    return [
        support.hand_over,
        payments.hand_over,
        purchases.hand_over,
        discounts.hand_over,
        entitlements.hand_over,
        catalog.hand_over,
        reviews.hand_over,
        tenants.hand_over,
    ]


def reclaim() -> Sequence[Reclaim]:
    """What others hold in an account that was made with somebody else's address; wallets are forgotten last."""
    return [payments.reclaim, tenants.reclaim]


def sweeps(
    settings: Settings, *, gateways: Gateways, storage: Storage, rail: x402.Rail | None = None
) -> Sequence[Sweep]:
    """Everything done every so often."""

    async def stray_objects(db: Database, now: datetime) -> int:
        return await files.sweep_strays(db, storage, now=now)

    async def open_payments(db: Database, now: datetime) -> int:
        return await purchases.sweep_payments(db, gateways, base_url=settings.base_url, now=now)

    async def refunds_in_flight(db: Database, now: datetime) -> int:
        return await purchases.sweep_refunds(db, gateways, now=now)

    async def sold_counts(db: Database, now: datetime) -> int:
        return await catalog.roll_up_sales(db)

    return [
        Sweep("purchases.open-payments", 2, open_payments),
        Sweep("purchases.refunds", 5, refunds_in_flight),
        Sweep("payments.retired-keys", payments.ERASE_EVERY_SECONDS, payments.erase_retired_keys),
        Sweep("payments.forget-notices", 3600, payments.forget_notices),
        Sweep("catalog.sold-counts", 2, sold_counts),
        Sweep("storage.strays", 3600, stray_objects),
        Sweep("kit.forget-old", retention.EVERY_SECONDS, retention.forget_old),
        Sweep("access.forget-old", access.FORGET_EVERY_SECONDS, access.forget_old),
        *([] if rail is None else rail_sweeps(rail)),
    ]


def rail_sweeps(rail: x402.Rail) -> Sequence[Sweep]:
    """The same of what is paid by x402."""

    async def unfinished(db: Database, now: datetime) -> int:
        return await x402.finish(db, rail, now=now)

    async def young(db: Database, now: datetime) -> int:
        return await x402.check(db, rail, now=now)

    return [
        Sweep("fees.pending", 15, fees.sweep),
        Sweep("x402.unfinished", 2, unfinished),
        Sweep("x402.young", 15, young),
        Sweep("x402.forget-quotes", 3600, x402.forget_quotes),
    ]
