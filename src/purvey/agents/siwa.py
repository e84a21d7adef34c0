"""Signing in (SIWA): a nonce, then a signed message for a receipt; answers as the published library gives them.

The doors stand at the root, by the paths of the settings; there are none while no agent may sign in.
"""

from datetime import datetime
from posixpath import commonpath
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, Meta, UnsetType

from purvey.access import Siwa, siwa
from purvey.access.guards import PUBLIC, visit_of
from purvey.agents.http import Dialect
from purvey.kit import problems
from purvey.kit.addresses import Address, Bytes
from purvey.kit.db import Database
from purvey.kit.fields import TO_THE_END
from purvey.kit.openapi import Refused
from purvey.settings import Settings

EXEMPT: Final = {"idempotency": "exempt"}  # what is used once is no answer to keep
LIBRARY: Final = {
    "name": "@buildersgarden/siwa",
    "install": "npm install @buildersgarden/siwa",
    "url": "https://siwa.id/skill.md",
}
REGISTER: Final = {"type": "register", "message": "Register as an ERC-8004 agent, then ask for a nonce again."}
FROM_NONCE: Final = {"INVALID_REGISTRY_FORMAT": 400}
FROM_VERIFY: Final = {"NOT_REGISTERED": 401, "NOT_OWNER": 401}

AgentRegistry = Annotated[
    str,
    Meta(
        pattern=r"^eip155:[1-9][0-9]{0,15}:0x[0-9a-fA-F]{40}" + TO_THE_END,
        description="A registry, as `eip155:<chain>:<address>`",
    ),
]
AgentNumber = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class AskNonce(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Who wants to sign in. A plain wallet names no agent, and may name its chain (Base when it does not)."""

    address: Address
    agent_id: AgentNumber | None = None
    agent_registry: AgentRegistry | None = None
    chain_id: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


class NonceView(msgspec.Struct, rename="camel", kw_only=True):
    """What goes into the message. It is good for five minutes, once."""

    status: str
    nonce: str
    issued_at: str
    expiration_time: str
    domain: str
    uri: str
    chain_id: int


class Verify(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The message as it was signed (EIP-191), and the signature.

    Clients send on what they have: `address` and `nonceToken` are not looked at, for the message says it all.
    """

    message: Annotated[str, Meta(min_length=1, max_length=4_000)]
    signature: Bytes
    address: Address | None = None
    nonce_token: Annotated[str, Meta(max_length=4_000)] | None = None


class SignedIn(msgspec.Struct, rename="camel", kw_only=True):
    """`receipt` goes into `X-SIWA-Receipt`."""

    status: str
    address: str
    agent_id: int | UnsetType = UNSET
    agent_registry: str | UnsetType = UNSET
    chain_id: int
    verified: str
    signer_type: str
    receipt: str
    receipt_expires_at: str


async def ask_nonce(
    request: Request[Any, Any, Any],
    data: JSONBody[AskNonce],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> NonceView:
    """Ask for what to sign."""
    house = house_of(request)
    if (data.agent_id is None) != (data.agent_registry is None):
        raise siwa.Unreadable("Send agentId and agentRegistry together, or neither")
    offered = await siwa.offer_nonce(
        db,
        house,
        address=data.address.lower(),
        agent_id=data.agent_id,
        registry=None if data.agent_registry is None else siwa.registry_of(data.agent_registry),
        chain_id=data.chain_id,
        visit=visit_of(request),
        now=now,
    )
    return NonceView(
        status="nonce_issued",
        nonce=offered.nonce,
        issued_at=siwa.written(offered.issued_at),
        expiration_time=siwa.written(offered.expires_at),
        domain=house.domain,
        uri=house.uri,
        chain_id=offered.chain_id,
    )


async def verify(
    request: Request[Any, Any, Any],
    data: JSONBody[Verify],
    db: NamedDependency[Database],
    now: NamedDependency[datetime],
) -> SignedIn:
    """Sign in with the signed message; the receipt is good for half an hour."""
    receipt, text = await siwa.sign_in(
        db,
        house_of(request),
        message=data.message,
        signature=bytes.fromhex(data.signature[2:]),
        visit=visit_of(request),
        now=now,
    )
    return SignedIn(
        status="authenticated",
        address=receipt.address,
        agent_id=UNSET if receipt.agent_id is None else receipt.agent_id,
        agent_registry=receipt.agent_registry or UNSET,
        chain_id=receipt.chain_id,
        verified=receipt.verified,
        signer_type=receipt.signer_type,
        receipt=text,
        receipt_expires_at=siwa.written(receipt.expires_at),
    )


def house_of(request: Request[Any, Any, Any]) -> Siwa:
    house: Siwa = request.app.state.siwa
    return house


def refusing(statuses: dict[str, int]) -> dict[Any, Any]:
    """How a door says no: as the library does, with its codes."""

    def speaking(handler: Any) -> Any:
        def speak(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
            return said(handler(request, error), statuses)

        return speak

    return {kind: speaking(handler) for kind, handler in problems.HANDLERS.items()}


def said(problem: Response[Any], statuses: dict[str, int]) -> Response[Any]:
    code = "VERIFICATION_FAILED" if problem.content["code"] == "invalid" else problem.content["code"]
    body = {
        "status": "not_registered" if code == "NOT_REGISTERED" else "rejected",
        "code": code,
        "error": problem.content["detail"],
        **({"errors": problem.content["errors"]} if problem.content.get("errors") else {}),
        "skill": LIBRARY,
        **({"action": REGISTER} if code == "NOT_REGISTERED" else {}),
    }
    headers = {name: value for name, value in problem.headers.items() if name.lower() in ("allow", "retry-after")}
    return Response(body, status_code=statuses.get(code, problem.status_code), headers=headers)


REFUSED_SCHEMA: Final = {
    "type": "object",
    "title": "SiwaRefusal",
    "description": "Why not, with the published library's codes.",
    "required": ["status", "code", "error"],
    "properties": {
        "status": {"enum": ["rejected", "not_registered"]},
        "code": {"type": "string"},
        "error": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "skill": {"type": "object"},
        "action": {"type": "object"},
    },
}


def dialects(settings: Settings) -> list[Dialect]:
    """The same of what stands beside these doors, and of a method that they do not take."""

    def say(answer: Response[Any], _: Exception) -> Response[Any]:
        return said(answer, {})

    paths = (settings.siwa_nonce_path, settings.siwa_verify_path)
    folder = commonpath(paths)
    return [Dialect(path, say) for path in (paths if folder == "/" else (folder,))] if doors(settings) else []


def refused(settings: Settings) -> list[Refused]:
    """How these doors refuse, for the description of the API."""
    paths = (settings.siwa_nonce_path, settings.siwa_verify_path)
    return [
        Refused(prefix=path, media_type="application/json", name="SiwaRefusal", schema=REFUSED_SCHEMA) for path in paths
    ]


def doors(settings: Settings) -> list[Any]:
    """The two doors, where they are wanted; none while no agent may sign in."""
    if not settings.siwa_registries and not settings.siwa_plain_wallets:
        return []
    about: dict[str, Any] = {"opt": PUBLIC | EXEMPT, "status_code": 200, "tags": ["Agents"]}
    return [
        post(settings.siwa_nonce_path, **about, exception_handlers=refusing(FROM_NONCE))(ask_nonce),
        post(settings.siwa_verify_path, **about, exception_handlers=refusing(FROM_VERIFY))(verify),
    ]
