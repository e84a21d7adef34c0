"""Who hands authorizations in to the chain: any facilitator over HTTP, or our own key."""

from datetime import datetime
from typing import Protocol

from purvey.kit.db import Database
from purvey.payments.x402.model import Quote, Settlement, Shown


class Facilitator(Protocol):
    """Two words. Neither decides anything: only the chain does."""

    async def verify(self, shown: Shown, quote: Quote) -> None:
        """Whether the transfer would go through now; PaymentRefused, Unavailable."""
        ...

    async def hand_in(self, db: Database, settlement: Settlement, *, now: datetime) -> Settlement:
        """Let the transfer be made; the row as it is then, SENT before anybody outside could know of it.

        May be called again for a row that is SENT. PaymentRefused when it would fail; Unavailable.
        """
        ...

    async def hand_in_again(self, db: Database, settlement: Settlement, *, now: datetime) -> None:
        """The same for a settlement that the chain has lost; the ledger's row stays as it is. Unavailable."""
        ...

    async def about(self) -> str:
        """What it is, for the doctor; Unavailable or Conflict with the mend when it is not well."""
        ...

    async def close(self) -> None: ...
