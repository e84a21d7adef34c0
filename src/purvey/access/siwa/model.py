"""What this shop asks of agents, and what it knows of one that signs in."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from purvey.kit.errors import Malformed, NotAllowed, Unauthenticated
from purvey.kit.rpc import Chains
from purvey.kit.secret import Secret
from purvey.settings import Settings

RECEIPT_PURPOSE: Final = b"purvey siwa receipts"
BASE: Final = 8453  # the chain that a plain wallet speaks of when it names none
STANDARD_PORTS: Final = {"http": 80, "https": 443}


class Siwa(msgspec.Struct, frozen=True, kw_only=True):
    """How agents sign in here.

    `receipt_key` signs receipts; `signed_only`: a receipt alone opens no door. `domain` is what a message must be
    written to, `authority` the same as a request's signature names it (RFC 9421), `uri` where a message is brought.
    `registries` are those whose agents are let in; `plain_wallets`: so are wallets that are no agent's.
    """

    receipt_key: Secret
    signed_only: bool
    domain: str
    authority: str
    origin: str
    uri: str
    registries: frozenset[str]
    plain_wallets: bool
    chains: Chains


class Registry(msgspec.Struct, frozen=True):
    """Where an agent's id is kept (ERC-8004): `eip155:<chain>:<address>`, lower case."""

    chain_id: int
    address: str

    @property
    def network(self) -> str:
        return f"eip155:{self.chain_id}"

    @property
    def name(self) -> str:
        return f"{self.network}:{self.address}"


class Unreadable(Malformed):
    """The message is none that can be signed in with."""

    code = "VERIFICATION_FAILED"


class Rejected(Unauthenticated):
    """The message can be read, and is not good; its code is the published library's."""

    code = "VERIFICATION_FAILED"


class NotRegistered(NotAllowed):
    """The registry has no such agent."""

    code = "NOT_REGISTERED"


class NotOwner(NotAllowed):
    """The agent is another wallet's."""

    code = "NOT_OWNER"


def open_siwa(settings: Settings, *, chains: Chains) -> Siwa | None:
    """As the settings say; None when no agent may sign in."""
    if not settings.siwa_registries and not settings.siwa_plain_wallets:
        return None
    return Siwa(
        receipt_key=receipt_key(settings.secret_key),
        signed_only=settings.siwa_signed_requests == "required",
        domain=urlsplit(settings.base_url).netloc,
        authority=authority_of(settings.base_url),
        origin=settings.base_url,
        uri=settings.base_url + settings.siwa_verify_path,
        registries=frozenset(settings.siwa_registries),
        plain_wallets=settings.siwa_plain_wallets,
        chains=chains,
    )


def receipt_key(secret_key: Secret) -> Secret:
    """A key for receipts alone, as text, which is how the published library takes it."""
    return Secret(secret_key.sign(RECEIPT_PURPOSE).hex())


def authority_of(url: str) -> str:
    """Host and port in lower case, without the port that its scheme has anyway (RFC 9421 §2.2.3)."""
    parts = urlsplit(url)
    host = parts.netloc.lower()
    return host.rpartition(":")[0] if parts.port == STANDARD_PORTS[parts.scheme] else host


def registry_of(name: str) -> Registry:
    """A registry by its name, whose form was checked."""
    _, chain_id, address = name.lower().split(":")
    return Registry(int(chain_id), address)
