"""Which gateway a tenant sells by: its own keys first, the platform's for the platform, the test bank in the demo."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from purvey.kit.db import Database
from purvey.kit.errors import Conflict, NotFound
from purvey.payments.gateway import Gateway, Gateways
from purvey.settings import Settings


class NoGateway(Conflict):
    """The seller can take no such money."""

    code = "no_gateway"


class Chosen:
    """The gateways that this installation has."""

    def __init__(self, installed: dict[str, Gateway]) -> None:
        self.installed = installed

    async def for_sale(self, db: Database, tenant_id: UUID, currency: str) -> Gateway:
        for name in ("stripe", "testbank"):
            if name in self.installed:
                return self.installed[name]
        raise NoGateway("This shop has no way to take money yet: its owner has to add gateway keys")

    async def named(self, db: Database, tenant_id: UUID | None, name: str) -> Gateway:
        try:
            return self.installed[name]
        except KeyError:
            raise NotFound(f"There is no gateway named {name!r}") from None


def open_gateways(settings: Settings, *, db: Database, clock: Callable[[], datetime]) -> Gateways:
    """The gateways that the settings turn on."""
    return Chosen({})
