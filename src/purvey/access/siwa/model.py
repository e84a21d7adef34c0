"""What this shop asks of agents."""

import hashlib
import hmac

import msgspec

from purvey.settings import Settings

RECEIPT_PURPOSE = b"purvey siwa receipts"


class Siwa(msgspec.Struct, frozen=True, kw_only=True):
    """How agents sign in here. `receipt_key` signs receipts; `signed_only`: a receipt alone opens no door."""

    receipt_key: bytes
    signed_only: bool


def open_siwa(settings: Settings) -> Siwa | None:
    """As the settings say; None when no agent may sign in."""
    if not settings.siwa_registries and not settings.siwa_plain_wallets:
        return None
    return Siwa(
        receipt_key=receipt_key(settings.secret_key),
        signed_only=settings.siwa_signed_requests == "required",
    )


def receipt_key(secret_key: str) -> bytes:
    """A key for receipts alone, as text, which is how the published library takes it."""
    return hmac.new(secret_key.encode(), RECEIPT_PURPOSE, hashlib.sha256).hexdigest().encode()
