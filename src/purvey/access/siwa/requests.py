"""A request that its sender's wallet signed (ERC-8128, a profile of RFC 9421): read from its headers alone. Pure.

Only the canonical form is read, one signature, and every component once. The published library writes its receipt's
component `X-SIWA-Receipt`, which RFC 9421 would have in lower case: either goes into what is signed as it is spelled.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from purvey.access.siwa.receipts import RECEIPT_HEADER, Receipt
from purvey.access.siwa.signatures import SIGNATURE_MAX
from purvey.kit.errors import Unauthenticated

HEADER_MAX: Final = 4_000
LONGEST_SECONDS: Final = 300
SKEW_SECONDS: Final = 30  # how far a sender's clock may run ahead

LABEL = r"[a-z*][a-z0-9_.*-]{0,50}"
STRING = r'"[ !#-\[\]-~]{0,500}"'
INPUT = re.compile(
    rf"({LABEL})=(\(({STRING}(?: {STRING}){{0,30}})\)"
    rf"((?:;(?:created|expires)=[0-9]{{1,12}}|;(?:nonce|keyid|tag|alg)={STRING}){{0,8}}))"
)
PARAMETER = re.compile(rf";([a-z]+)=(?:([0-9]+)|({STRING}))")
SIGNATURE = re.compile(rf"({LABEL})=:([A-Za-z0-9+/]+={{0,2}}):")
KEY = re.compile(r"erc8128:([1-9][0-9]{0,15}):(0x[0-9a-fA-F]{40})")
DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
RUN = re.compile(r"[ \t]+")


class BadSignature(Unauthenticated):
    """The request is signed, and the signature does not hold for it."""

    code = "bad_signature"


class Sent(msgspec.Struct, frozen=True):
    """A request as far as its head goes. `query` has no question mark; names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]

    def of(self, name: str) -> list[str]:
        """Every value of a header, trimmed."""
        return [RUN.sub(" ", value.strip(" \t")) for key, value in self.headers if key == name]

    def only(self, name: str) -> str:
        """The one value of a header, or BadSignature."""
        found = self.of(name)
        if len(found) != 1 or len(found[0]) > HEADER_MAX:
            raise BadSignature(f"Send one {name}, of at most {HEADER_MAX} characters")
        return found[0]


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What a wallet says it signed, and the signature of it. `digest` is the body's SHA-256, None when it has none."""

    chain_id: int
    address: str
    text: bytes
    signature: bytes
    digest: bytes | None
    once: bytes
    expires: int


def signed_of(sent: Sent, receipt: Receipt, *, authority: str, now: datetime) -> Signed:
    """What was signed, bound to all of this request and to this receipt; BadSignature."""
    label, parameters, components, named = parts_of(sent.only("signature-input"))
    signature = signature_of(sent.only("signature"), label)
    expires = check_times(named, now=now)
    key = KEY.fullmatch(named.get("keyid", ""))
    if key is None or (int(key[1]), key[2].lower()) != (receipt.chain_id, receipt.wallet):
        raise BadSignature("The keyid must be erc8128:<chain>:<address>, and the receipt's own", code="bad_keyid")
    if not named.get("nonce"):
        raise BadSignature("Sign with a nonce: each signature is good once", code="replayable")
    check_components(components, sent)
    covered = {component.lower() for component in components}
    return Signed(
        chain_id=receipt.chain_id,
        address=receipt.wallet,
        text=text_of(components, parameters, sent, authority=authority),
        signature=signature,
        digest=digest_of(sent) if "content-digest" in covered else None,
        once=sha256(f"{named['keyid'].lower()}\n{named['nonce']}".encode()).digest(),
        expires=expires,
    )


def parts_of(text: str) -> tuple[str, str, list[str], Mapping[str, str]]:
    """Label, parameters as they are signed, components, and each parameter by its name."""
    found = INPUT.fullmatch(text)
    if found is None:
        raise BadSignature("Signature-Input must be one signature's, in canonical form", code="bad_signature_input")
    given = [(name, number or string.strip('"')) for name, number, string in PARAMETER.findall(found[4])]
    if len(dict(given)) != len(given):
        raise BadSignature("A parameter of Signature-Input is there twice", code="bad_signature_input")
    return found[1], found[2], [each.strip('"') for each in re.findall(STRING, found[3])], dict(given)


def signature_of(text: str, label: str) -> bytes:
    found = SIGNATURE.fullmatch(text)
    if found is None or found[1] != label:
        raise BadSignature(f"Signature must be {label}=:base64:, and nothing else", code="bad_signature_input")
    try:
        signature = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        raise BadSignature("Signature is no base64", code="bad_signature_input") from None
    if len(signature) > SIGNATURE_MAX:
        raise BadSignature("Signature is too long", code="bad_signature_input")
    return signature


def check_times(named: Mapping[str, str], *, now: datetime) -> int:
    """When it expires, in seconds since 1970."""
    created, expires = named.get("created", ""), named.get("expires", "")
    if not created or not expires or not 0 < int(expires) - int(created) <= LONGEST_SECONDS:
        raise BadSignature(
            f"Both created and expires must be there, at most {LONGEST_SECONDS} s apart", code="bad_signature_time"
        )
    if int(created) > now.timestamp() + SKEW_SECONDS:
        raise BadSignature("This signature is not valid yet: look at your clock", code="signature_not_yet_valid")
    if int(expires) < now.timestamp():
        raise BadSignature("This signature has expired: sign the request again", code="signature_expired")
    return int(expires)


def check_components(components: Sequence[str], sent: Sent) -> None:
    """All of the request is bound: a signature of less could be sent elsewhere, with another body."""
    covered = [component.lower() for component in components]
    if len(set(covered)) != len(covered):
        raise BadSignature("A component is signed twice", code="bad_signature_input")
    needed = ["@authority", "@method", "@path", RECEIPT_HEADER, *(["@query"] if sent.query else [])]
    if missing := [name for name in needed if name not in covered]:
        raise BadSignature(f"The signature must cover {missing[0]}", code="not_request_bound")


def text_of(components: Sequence[str], parameters: str, sent: Sent, *, authority: str) -> bytes:
    """What was signed: RFC 9421's signature base, each component's name as its signer spelled it."""
    derived = {
        "@authority": authority,
        "@method": sent.method,
        "@path": sent.path,
        "@query": f"?{sent.query}",
    }
    lines = []
    for component in components:
        value = derived.get(component)
        if value is None:
            if not FIELD_NAME.fullmatch(component) or not (found := sent.of(component.lower())):
                raise BadSignature(f"{component} is signed, and is not there", code="bad_signature_input")
            value = ", ".join(found)
        lines.append(f'"{component}": {value}')
    text = "\n".join([*lines, f'"@signature-params": {parameters}'])
    if not text.replace("\n", "").isascii() or not text.replace("\n", "").isprintable():
        raise BadSignature("What is signed must be printable ASCII", code="bad_signature_input")
    return text.encode()


def digest_of(sent: Sent) -> bytes:
    found = DIGEST.fullmatch(sent.only("content-digest"))
    if found is None:
        raise BadSignature("Content-Digest must be sha-256=:…: with base64 between its colons", code="bad_digest")
    return base64.b64decode(found[1])
