"""x402 on the wire, version 2 in headers and version 1 in bodies: what we ask for, what payers show, what we answer."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar

import msgspec

from purvey.kit.addresses import Address, Bytes, Hash
from purvey.kit.depth import keep_limit
from purvey.kit.fields import TO_THE_END
from purvey.kit.misreads import fault_of
from purvey.payments.x402.model import SCHEME, TIMEOUT_SECONDS, MalformedPayment, Quote, Settlement, Shown
from purvey.settings import NETWORK_NAMES

T = TypeVar("T")
HEADER_MAX: Final = 16_000
MIME_TYPE: Final = "application/json"
V1_NAMES: Final = {network: name for name, network in NETWORK_NAMES.items()}
IDENTIFIER: Final = "payment-identifier"
IDENTIFIER_SCHEMA: Final = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "required": {"type": "boolean"},
        "id": {"type": "string", "minLength": 16, "maxLength": 128, "pattern": "^[a-zA-Z0-9_-]+$"},
    },
    "required": ["required"],
}
NO_STORE: Final = "no-store"

Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,78}" + TO_THE_END, description="A whole number, as text")]
Identifier = Annotated[
    str,
    msgspec.Meta(
        min_length=16,
        max_length=128,
        pattern=r"^[a-zA-Z0-9_-]+" + TO_THE_END,
        description="Letters a to z, digits, hyphens and underscores",
    ),
]


class Authorization(msgspec.Struct, rename="camel"):
    """A transfer that its payer allows anybody to hand in (EIP-3009)."""

    to: Address
    value: Number
    valid_after: Number
    valid_before: Number
    nonce: Hash
    from_: Address = msgspec.field(name="from")


class Signed(msgspec.Struct, rename="camel"):
    authorization: Authorization
    signature: Bytes


class Accepted(msgspec.Struct, rename="camel"):
    """What a payer of version 2 says they accepted. Only its network, scheme and asset are looked at."""

    scheme: str
    network: str
    asset: Address


class IdentifierInfo(msgspec.Struct):
    id: Identifier | None = None


class IdentifierExtension(msgspec.Struct):
    info: IdentifierInfo = msgspec.field(default_factory=IdentifierInfo)


class Extensions(msgspec.Struct):
    identifier: IdentifierExtension | None = msgspec.field(name=IDENTIFIER, default=None)


class PaymentV2(msgspec.Struct, rename="camel"):
    payload: Signed
    accepted: Accepted
    extensions: Extensions | None = None


class PaymentV1(msgspec.Struct, rename="camel"):
    payload: Signed
    scheme: str
    network: str


def shown(headers: Mapping[str, str]) -> Shown | None:
    """The payment in these headers (names in lower case), or None when there is none. MalformedPayment."""
    said = headers.get("payment-signature", headers.get("x-payment"))
    return None if said is None else read_payment(said)


def read_payment(said: str) -> Shown:
    """A payment header. Everything in it is the payer's word; MalformedPayment when it cannot be read."""
    keep_limit()
    try:
        if len(said) > HEADER_MAX:
            raise ValueError("it is too long")
        return of_payload(msgspec.json.decode(b64decode(said.strip(), validate=True)))
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError) as error:
        raise MalformedPayment(
            f"The payment cannot be read: {why(error)}. Send what an x402 client makes of the 402 answer, in base64, "
            "as PAYMENT-SIGNATURE (version 2) or X-PAYMENT (version 1)"
        ) from None


def of_payload(payload: Any) -> Shown:
    """The same of JSON that is read already, as MCP carries it. ValueError says why it is none."""
    if not isinstance(payload, dict):
        raise ValueError("it is no object")
    match payload.get("x402Version"):
        case 2:
            payment = fitting(payload, PaymentV2)
            scheme, network, asset = payment.accepted.scheme, payment.accepted.network, payment.accepted.asset.lower()
            extension = payment.extensions and payment.extensions.identifier
            return read(
                payload, payment.payload, version=2, scheme=scheme, network=network, asset=asset,
                identifier=extension.info.id if extension else None,
            )  # fmt: skip
        case 1:
            old = fitting(payload, PaymentV1)
            network = NETWORK_NAMES.get(old.network, old.network)
            return read(payload, old.payload, version=1, scheme=old.scheme, network=network, asset=None)
        case other:
            raise ValueError(f"its x402Version is {other!r}, neither 1 nor 2")


def fitting(payload: dict[str, Any], kind: type[T]) -> T:
    """The payload as a payment of this version; ValueError names what does not fit."""
    try:
        return msgspec.convert(payload, kind)
    except msgspec.ValidationError as error:
        raise ValueError(fault_of(str(error), kind).sentence) from None


def why(error: Exception) -> str:
    """What is wrong with a header that is no base64, no JSON or no payment."""
    if isinstance(error, msgspec.MsgspecError):
        return f"it {fault_of(str(error)).detail}"
    if isinstance(error, binascii.Error | UnicodeError | RecursionError):
        return "it is no JSON in base64"
    return str(error)


def read(
    payload: dict[str, Any],
    signed: Signed,
    *,
    version: int,
    scheme: str,
    network: str,
    asset: str | None,
    identifier: str | None = None,
) -> Shown:
    authorization = signed.authorization
    return Shown(
        version=version,
        scheme=scheme,
        network=network,
        asset=asset,
        payer=authorization.from_.lower(),
        to=authorization.to.lower(),
        value=int(authorization.value),
        valid_after=int(authorization.valid_after),
        valid_before=int(authorization.valid_before),
        nonce=authorization.nonce.lower(),
        signature=signed.signature.lower(),
        payload=payload,
        payment_identifier=identifier,
    )


def payment_required(quotes: Sequence[Quote], *, error: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers of version 2 and body of version 1 of an answer 402; `error` is a sentence for people."""
    header = b64encode(msgspec.json.encode(payment_required_v2(quotes, error=error))).decode()
    headers = {
        "PAYMENT-REQUIRED": header,
        "Cache-Control": NO_STORE,
    }
    accepts = [requirements_v1(quote) for quote in quotes if quote.network in V1_NAMES]
    return headers, {"x402Version": 1, "error": error, "accepts": accepts}


def payment_required_v2(quotes: Sequence[Quote], *, error: str) -> dict[str, Any]:
    """The whole answer of version 2, as MCP carries it in its body."""
    first = quotes[0]
    return {
        "x402Version": 2,
        "error": error,
        "resource": {"url": first.resource, "description": first.description, "mimeType": MIME_TYPE},
        "accepts": [requirements(quote) for quote in quotes],
        "extensions": {IDENTIFIER: {"info": {"required": False}, "schema": IDENTIFIER_SCHEMA}},
    }


def requirements(quote: Quote) -> dict[str, Any]:
    """What one quote asks, in version 2. The SKU is there so that payers see what they pay for."""
    return {
        "scheme": SCHEME,
        "network": quote.network,
        "amount": str(quote.amount),
        "asset": quote.asset,
        "payTo": quote.pay_to,
        "maxTimeoutSeconds": TIMEOUT_SECONDS,
        "extra": {"name": quote.asset_name, "version": quote.asset_version, "sku": quote.sku},
    }


def requirements_v1(quote: Quote) -> dict[str, Any]:
    return {
        "scheme": SCHEME,
        "network": V1_NAMES[quote.network],
        "maxAmountRequired": str(quote.amount),
        "resource": quote.resource,
        "description": quote.description,
        "mimeType": MIME_TYPE,
        "payTo": quote.pay_to,
        "maxTimeoutSeconds": TIMEOUT_SECONDS,
        "asset": quote.asset,
        "extra": {"name": quote.asset_name, "version": quote.asset_version},
    }


def payment_response(settlement: Settlement) -> dict[str, str]:
    """Headers that tell a payer what became of the authorization, in the version they spoke; never to be cached."""
    name = "X-PAYMENT-RESPONSE" if settlement.version == 1 else "PAYMENT-RESPONSE"
    return {
        name: b64encode(msgspec.json.encode(settled(settlement))).decode(),
        "Cache-Control": NO_STORE,
    }


def settled(settlement: Settlement) -> dict[str, Any]:
    """The same as JSON, as MCP carries it."""
    body: dict[str, Any] = {
        "success": settlement.settled,
        "transaction": settlement.tx_hash or "",
        "network": V1_NAMES.get(settlement.network, settlement.network)
        if settlement.version == 1
        else settlement.network,
        "payer": settlement.payer,
    }
    if not settlement.settled:
        body["errorReason"] = settlement.reason or "transaction_failed" if settlement.failed else "settlement_pending"
    return body
