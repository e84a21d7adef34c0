"""Which slices react to what, and what is swept: the one table of everything that happens by itself."""

from collections.abc import Sequence
from datetime import datetime

from purvey import access, letters
from purvey import storage as files
from purvey.kit.db import Database
from purvey.kit.events import Reaction
from purvey.payments import Gateways
from purvey.settings import Settings
from purvey.storage import Storage
from purvey.worker import Sweep


def reactions(settings: Settings, *, gateways: Gateways, storage: Storage) -> Sequence[Reaction]:
    """Every reaction of every slice."""
    return [*letters.reactions(settings)]


def sweeps(settings: Settings, *, gateways: Gateways, storage: Storage) -> Sequence[Sweep]:
    """Everything done every so often."""

    async def stray_objects(db: Database, now: datetime) -> int:
        return await files.sweep_strays(db, storage, now=now)

    return [
        Sweep("storage.strays", 3600, stray_objects),
        Sweep("access.forget-old", access.FORGET_EVERY_SECONDS, access.forget_old),
    ]
