"""Webhooks from Stripe: verified, and read for nothing but which payment they are about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
import structlog

from purvey.kit.secret import Secret
from purvey.payments.gateway import BadSignature, Notice
from purvey.payments.stripe.model import our_id, read_id
from purvey.payments.stripe.wire import STRIPE_VERSION, sdk

log = structlog.get_logger("purvey.stripe")

HEADER = "stripe-signature"
TOLERANCE_SECONDS = 300
INTENT, CHECKOUT = "payment_intent", "checkout.session"


class Thing(msgspec.Struct, frozen=True):
    """What an event is about. Charges, refunds and disputes name their intent; sessions too, once they have one."""

    object: str = ""
    id: str = ""
    metadata: dict[str, Any] | None = None
    payment_intent: Any = None
    client_reference_id: str | None = None


class Data(msgspec.Struct, frozen=True):
    object: Thing


class Event(msgspec.Struct, frozen=True):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    type: str
    data: Data
    api_version: str | None = None


def read(secret: Secret, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
    """Verify a webhook and read it; BadSignature. An event of a kind that we do not know is a notice of nothing."""
    verify(secret, headers, body, now=now)
    try:
        event = msgspec.json.decode(body, type=Event)
    except msgspec.MsgspecError:
        raise BadSignature("This is signed, but it is no event of Stripe's") from None
    if event.api_version != STRIPE_VERSION:
        log.warning(
            "stripe webhook of another API version", id=event.id, said=event.api_version, expected=STRIPE_VERSION
        )
    return notice_of(event)


def verify(secret: Secret, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """The signature by Stripe's own code, the age by our clock."""
    stripe = sdk()
    signature = next((value for name, value in headers.items() if name.lower() == HEADER), "")
    try:
        stripe.WebhookSignature.verify_header(body, signature if signature.isascii() else "", secret.reveal())
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        raise BadSignature("This notice is not signed with the secret of this shop's webhook at Stripe") from None
    if int(now.timestamp()) - signed_at(signature) > TOLERANCE_SECONDS:
        raise BadSignature("This notice was signed too long ago")


def signed_at(signature: str) -> int:
    """The header's own time, in Unix seconds; the SDK has read it already."""
    parts = (part.split("=", 2) for part in signature.split(","))
    return next(int(part[1]) for part in parts if part[0] == "t")


def notice_of(event: Event) -> Notice:
    thing = event.data.object
    named = our_id(text_only(thing.metadata), "payment_id")
    if thing.object == CHECKOUT:
        named = named or read_id(thing.client_reference_id)
        return Notice(event.id, event.type, named, thing.id, intent_id(thing.payment_intent))
    reference = thing.id if thing.object == INTENT else intent_id(thing.payment_intent)
    return Notice(event.id, event.type, named, None, reference)


def intent_id(said: Any) -> str | None:
    """An intent's id, named or expanded."""
    found = said.get("id") if isinstance(said, dict) else said
    return found if isinstance(found, str) else None


def text_only(metadata: dict[str, Any] | None) -> dict[str, str]:
    return {name: value for name, value in (metadata or {}).items() if isinstance(value, str)}
