"""Hears a signed request once: before any door, the signature is verified, the body compared, and the nonce used."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from purvey.access.siwa import nonces
from purvey.access.siwa.model import Siwa
from purvey.access.siwa.receipts import RECEIPT_HEADER, read_receipt
from purvey.access.siwa.registry import still_owner
from purvey.access.siwa.requests import BadSignature, Sent, Signed, signed_of
from purvey.access.siwa.signatures import is_by_key_in_a_thread, kind_of_signer
from purvey.kit.asgi import ASGIApp, Message, Receive, Scope, Send
from purvey.kit.db import Database
from purvey.kit.errors import TooLarge

SIGNED: Final = "request_signed"  # the key in a request's state that says that its signature holds
BODY_MAX: Final = 6_000_000  # an image and its form; greater files go where an upload's answer says, unsigned
SAFE: Final = {"GET", "HEAD", "OPTIONS"}
OURS: Final = b"erc8128:"
RECEIPT: Final = RECEIPT_HEADER.encode()
SIGNATURE_HEADERS: Final = (b"signature-input", b"signature")


def hearing(siwa: Siwa | None, *, db: Database, now: Callable[[], datetime]) -> Callable[[ASGIApp], ASGIApp]:
    """Puts SIGNED into the state of what is well signed, and refuses what is signed otherwise.

    Other signatures than a wallet's are nothing to us.
    """

    def wrap(app: ASGIApp) -> ASGIApp:
        async def hear(scope: Scope, receive: Receive, send: Send) -> None:
            if siwa is None or scope["type"] != "http" or not is_signed(scope):
                await app(scope, receive, send)
                return
            body = await heard(siwa, db, scope, receive, now=now())
            scope["state"][SIGNED] = True
            await app(scope, again(body, receive), send)

        return hear

    return wrap


def is_signed(scope: Scope) -> bool:
    """Whether a wallet's signature is on it, or any beside a receipt."""
    inputs = [value for name, value in scope["headers"] if name in SIGNATURE_HEADERS]
    if not inputs:
        return False
    return any(OURS in value for value in inputs) or any(name == RECEIPT for name, _ in scope["headers"])


async def heard(siwa: Siwa, db: Database, scope: Scope, receive: Receive, *, now: datetime) -> bytes:
    """The body of a request whose signature holds, heard for the first time. BadSignature, TooLarge, or as
    `read_receipt` and `still_owner` raise.
    """
    sent = sent_of(scope)
    receipt = read_receipt(siwa.receipt_key, sent.only(RECEIPT_HEADER), now=now)
    signed = signed_of(sent, receipt, authority=siwa.authority, now=now)
    if not await holds(siwa, signed, by_contract=receipt.signer_type == "sca"):
        raise BadSignature(f"This is not the wallet's signature of this request; @authority is {siwa.authority} here")
    body = await whole_body(receive)
    if signed.digest is None and body:
        raise BadSignature("The signature must cover content-digest", code="not_request_bound")
    if signed.digest is not None and signed.digest != sha256(body).digest():
        raise BadSignature("Content-Digest is not the body's", code="digest_mismatch")
    if not await nonces.hear(db, signed.once, expires_at=datetime.fromtimestamp(signed.expires, UTC)):
        raise BadSignature("This request was heard already: sign it anew to send it again", code="replayed")
    if sent.method not in SAFE:
        await still_owner(siwa, receipt)
    return body


async def holds(siwa: Siwa, signed: Signed, *, by_contract: bool) -> bool:
    if not by_contract:
        return await is_by_key_in_a_thread(signed.address, signed.text, signed.signature)
    kind = await kind_of_signer(
        siwa.chains, chain_id=signed.chain_id, address=signed.address, text=signed.text, signature=signed.signature
    )
    return kind is not None


def sent_of(scope: Scope) -> Sent:
    return Sent(
        method=scope["method"],
        path=str(scope["raw_path"].partition(b"?")[0], "latin-1") or "/",
        query=str(scope["query_string"], "latin-1"),
        headers=[(str(name, "latin-1"), str(value, "latin-1")) for name, value in scope["headers"]],
    )


async def whole_body(receive: Receive) -> bytes:
    """All of it, for its digest; TooLarge."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_MAX:
            raise TooLarge(f"The body of a signed request has at most {BODY_MAX} bytes; send the receipt alone")
        if not message.get("more_body"):
            return b"".join(parts)


def again(body: bytes, receive: Receive) -> Receive:
    """The body once more, and then whatever comes."""
    left = [body]

    async def first_the_body() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return first_the_body
