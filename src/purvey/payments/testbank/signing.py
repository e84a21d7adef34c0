"""Webhooks signed as Standard Webhooks describes: HMAC-SHA256 over id, timestamp and body, with a tolerance."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta

from purvey.kit.secret import Secret
from purvey.payments.gateway import BadSignature

TOLERANCE = timedelta(minutes=5)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def signed(secret: Secret, *, id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that prove a webhook."""
    timestamp = str(int(now.timestamp()))
    return {ID: id, TIMESTAMP: timestamp, SIGNATURE: f"v1,{signature(secret, id, timestamp, body)}"}


def verified(secret: Secret, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """The id of a webhook that was signed with this secret, not long ago; BadSignature."""
    given = {name.lower(): value for name, value in headers.items()}
    id, timestamp, sent = (given.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not id or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise BadSignature("This notice is not signed")
    expected = f"v1,{signature(secret, id, timestamp, body)}"
    if not any(hmac.compare_digest(expected.encode(), each.encode()) for each in sent.split(" ")):
        raise BadSignature("This notice was not signed by the bank")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise BadSignature("This notice was signed too long ago")
    return id


def signature(secret: Secret, id: str, timestamp: str, body: bytes) -> str:
    content = b".".join([id.encode(), timestamp.encode(), body])
    return b64encode(secret.sign(content)).decode()
