"""Any facilitator that speaks the published protocol over HTTP. What it says of a settlement is a hint."""

import re
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import httpx
import msgspec

from purvey.kit.db import Database
from purvey.kit.depth import keep_limit
from purvey.kit.errors import Conflict, Unavailable
from purvey.kit.failpoints import reach
from purvey.kit.outside import NoAnswer, asked, said_plainly
from purvey.payments.x402 import store
from purvey.payments.x402.model import SCHEME, PaymentRefused, Quote, Settlement, Shown
from purvey.payments.x402.wire import V1_NAMES, requirements, requirements_v1

CALL_SECONDS: Final = 15.0
MOST_BYTES: Final = 1 << 20
AGAIN_AFTER: Final = timedelta(seconds=45)
T = TypeVar("T")
HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}")


class Verified(msgspec.Struct, rename="camel"):
    is_valid: bool
    invalid_reason: str | None = None


class Settled(msgspec.Struct, rename="camel"):
    success: bool
    transaction: str | None = None
    error_reason: str | None = None


class Kind(msgspec.Struct, rename="camel"):
    scheme: str
    network: str


class Supported(msgspec.Struct):
    kinds: list[Kind]


class RemoteFacilitator:
    """Speaks `facilitator.Facilitator`."""

    def __init__(self, url: str, *, networks: tuple[str, ...]) -> None:
        self.url, self.networks = url.rstrip("/"), networks
        self.patience = CALL_SECONDS
        self.http = httpx.AsyncClient(timeout=CALL_SECONDS)

    async def verify(self, shown: Shown, quote: Quote) -> None:
        said = await self.post("verify", Verified, shown.version, shown.payload, quote)
        if not said.is_valid:
            reason = said_plainly(said.invalid_reason or "") or "invalid_payment"
            raise PaymentRefused(f"The facilitator refused this payment: {reason}", code=reason)

    async def hand_in(self, db: Database, settlement: Settlement, *, now: datetime) -> Settlement:
        """The row is SENT before the facilitator is asked. Whatever it answers, it may yet hand it in."""
        if settlement.sent_at is not None and settlement.sent_at > now - AGAIN_AFTER:
            return settlement
        quote = await store.quote(db, settlement.quote_id)
        row = await store.sending(db, settlement.id, now=now)
        if row is None:
            return await store.by_id(db, settlement.id)
        reach("x402.handed_in")
        said = await self.post("settle", Settled, row.version, row.payload, quote)
        tx_hash = said.transaction.lower() if said.transaction and HASH.fullmatch(said.transaction) else None
        pending = said.error_reason == "settlement_pending"
        return await store.told(
            db, row.id, accepted=said.success or pending, tx_hash=tx_hash,
            reason=said_plainly(said.error_reason) if said.error_reason else None, now=now,
        )  # fmt: skip

    async def hand_in_again(self, db: Database, settlement: Settlement, *, now: datetime) -> None:
        quote = await store.quote(db, settlement.quote_id)
        await self.post("settle", Settled, settlement.version, settlement.payload, quote)

    async def post(self, path: str, kind: type[T], version: int, payload: dict[str, Any], quote: Quote) -> T:
        wanted = requirements_v1(quote) if version == 1 else requirements(quote)
        body = {"x402Version": version, "paymentPayload": payload, "paymentRequirements": wanted}
        return await self.ask("POST", path, kind, body)

    async def ask(self, method: str, path: str, kind: type[T], body: dict[str, Any] | None = None) -> T:
        """What it answers, when it can be read; Unavailable."""
        keep_limit()
        try:
            answer = await asked(
                self.http, method, f"{self.url}/{path}", seconds=self.patience, most_bytes=MOST_BYTES, json=body
            )
            return msgspec.json.decode(answer, type=kind)
        except (NoAnswer, msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise away(path, f"{type(error).__name__}: {said_plainly(error)}") from error

    async def about(self) -> str:
        kinds = (await self.ask("GET", "supported", Supported)).kinds
        names = {kind.network for kind in kinds if kind.scheme == SCHEME}
        for network in self.networks:
            if not names & {network, V1_NAMES.get(network, network), "eip155:*"}:
                raise Conflict(
                    f"The facilitator at PURVEY_X402_FACILITATOR_URL does not settle on {network}: "
                    "name another, or take that network out of PURVEY_X402_NETWORKS"
                )
        return f"facilitator over HTTP, for {', '.join(self.networks)}"

    async def close(self) -> None:
        await self.http.aclose()


def away(path: str, why: str) -> Unavailable:
    return Unavailable(
        f"The facilitator did not answer /{path} in a way that tells what became of the payment ({why}); "
        "show the same payment again",
        retry_after_seconds=5,
        code="no_facilitator",
    )
