"""A receipt says who signed in, for half an hour, in the format that the published SIWA library reads and writes.

`base64url(json) "." base64url(HMAC-SHA256(key, base64url(json)))`, unpadded; its times are in milliseconds.
"""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from purvey.kit.errors import Unauthenticated
from purvey.kit.secret import Secret

RECEIPT_HEADER: Final = "x-siwa-receipt"
RECEIPT_LIFE: Final = timedelta(minutes=30)
RECEIPT_MAX: Final = 2_000


class BadReceipt(Unauthenticated):
    """It is none of ours."""

    code = "bad_receipt"


class ReceiptExpired(Unauthenticated):
    """It was ours once."""

    code = "receipt_expired"


class Receipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Who signed in. `address` is checksummed; a wallet without an agent's identity has no `agent_id`."""

    address: str
    agent_id: int | None = None
    agent_registry: str | None = None
    chain_id: int
    verified: str
    signer_type: str
    iat: int
    exp: int

    @property
    def wallet(self) -> str:
        """The address as we keep it."""
        return self.address.lower()

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.exp / 1000, UTC)


def make_receipt(
    key: Secret,
    *,
    address: str,
    chain_id: int,
    agent_id: int | None,
    agent_registry: str | None,
    signer_type: str,
    now: datetime,
) -> tuple[Receipt, str]:
    """A fresh receipt, and its text for the header."""
    began = milliseconds(now)
    receipt = Receipt(
        address=address,
        agent_id=agent_id,
        agent_registry=agent_registry,
        chain_id=chain_id,
        verified="signature" if agent_id is None else "onchain",
        signer_type=signer_type,
        iat=began,
        exp=began + milliseconds(RECEIPT_LIFE),
    )
    data = unpadded(msgspec.json.encode(receipt))
    return receipt, (data + b"." + seal(key, data)).decode()


def read_receipt(key: Secret, text: str, *, now: datetime) -> Receipt:
    """Who signed in; BadReceipt when it is not ours, ReceiptExpired when it is too old."""
    data, _, sealed = text.encode().partition(b".")
    if len(text) > RECEIPT_MAX or not hmac.compare_digest(sealed, seal(key, data)):
        raise BadReceipt("This receipt is not one of this shop's; sign in again")
    receipt = msgspec.json.decode(base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4)), type=Receipt)
    if receipt.exp < milliseconds(now):
        raise ReceiptExpired("This receipt has expired; sign in again")
    return receipt


def seal(key: Secret, data: bytes) -> bytes:
    return unpadded(key.sign(data))


def unpadded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def milliseconds(when: datetime | timedelta) -> int:
    span = when if isinstance(when, timedelta) else when - datetime(1970, 1, 1, tzinfo=UTC)
    return span // timedelta(milliseconds=1)
