"""Any facilitator that speaks the published protocol over HTTP. What it says of a settlement is a hint."""

import re
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import httpx
import msgspec

from purvey.kit.db import Database
from purvey.kit.errors import Conflict, Unavailable
from purvey.kit.failpoints import reach
from purvey.payments.x402 import store
from purvey.payments.x402.model import SCHEME, PaymentRefused, Quote, Settlement, Shown
from purvey.payments.x402.wire import V1_NAMES, requirements, requirements_v1

CALL_SECONDS: Final = 15.0
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
        self.http = httpx.AsyncClient(timeout=CALL_SECONDS, follow_redirects=True)

    async def verify(self, shown: Shown, quote: Quote) -> None:
        said = await self.post("verify", Verified, shown.version, shown.payload, quote)
        if not said.is_valid:
            reason = said.invalid_reason or "invalid_payment"
            raise PaymentRefused(f"The facilitator refused this payment: {reason}", code=reason[:100])

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
            db, row.id, accepted=said.success or pending, tx_hash=tx_hash, reason=said.error_reason, now=now
        )

    async def hand_in_again(self, db: Database, settlement: Settlement, *, now: datetime) -> None:
        quote = await store.quote(db, settlement.quote_id)
        await self.post("settle", Settled, settlement.version, settlement.payload, quote)

    async def post(self, path: str, kind: type[T], version: int, payload: dict[str, Any], quote: Quote) -> T:
        asked = requirements_v1(quote) if version == 1 else requirements(quote)
        body = {"x402Version": version, "paymentPayload": payload, "paymentRequirements": asked}
        try:
            answer = await self.http.post(f"{self.url}/{path}", json=body)
            return msgspec.json.decode(answer.content, type=kind)
        except httpx.HTTPError as error:
            raise away(path, type(error).__name__) from error
        except msgspec.MsgspecError as error:
            raise away(path, f"status {answer.status_code}, {error}") from error

    async def about(self) -> str:
        try:
            answer = await self.http.get(f"{self.url}/supported")
            kinds = msgspec.json.decode(answer.content, type=Supported).kinds
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise away("supported", type(error).__name__) from error
        names = {kind.network for kind in kinds if kind.scheme == SCHEME}
        for network in self.networks:
            if not names & {network, V1_NAMES.get(network, network), "eip155:*"}:
                raise Conflict(
                    f"the facilitator at PURVEY_X402_FACILITATOR_URL does not settle on {network}: "
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
