"""The text that a wallet signs to sign in: an agent's (SIWA), or a plain wallet's (EIP-4361). Pure."""

import re
from datetime import datetime
from typing import Final

import msgspec

from purvey.access.siwa.model import Registry, Unreadable
from purvey.kit.errors import Invalid
from purvey.kit.times import read_time

MESSAGE_MAX: Final = 4_000
GREATEST: Final = 2**53 - 1  # what the published library can count to

ADDRESS = r"0x[0-9a-fA-F]{40}"
NUMBER = r"0|[1-9][0-9]{0,15}"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
HEAD = rf"""
(?:(?P<scheme>https?)://)?(?P<domain>[^\s/]{{1,255}})[ ]wants[ ]you[ ]to[ ]sign[ ]in[ ]with[ ]your[ ]
%s[ ]account:\n
(?P<address>{ADDRESS})\n
\n
(?:(?P<statement>[^\n]{{1,1000}})\n)?
\n
URI:[ ](?P<uri>[^\s]{{1,500}})\n
Version:[ ]1\n
"""
AGENT = rf"""
Agent[ ]ID:[ ](?P<agent_id>{NUMBER})\n
Agent[ ]Registry:[ ]eip155:(?P<registry_chain>[1-9][0-9]{{0,15}}):(?P<registry>{ADDRESS})\n
"""
TAIL = rf"""
Chain[ ]ID:[ ](?P<chain_id>[1-9][0-9]{{0,15}})\n
Nonce:[ ](?P<nonce>[A-Za-z0-9_-]{{8,100}})\n
Issued[ ]At:[ ](?P<issued_at>{TIME})
(?:\nExpiration[ ]Time:[ ](?P<expires_at>{TIME}))?
(?:\nNot[ ]Before:[ ](?P<not_before>{TIME}))?
(?:\nRequest[ ]ID:[ ][^\n]{{0,200}})?
"""
RESOURCES = r"(?:\nResources:(?:\n-[ ][^\n]{1,500}){0,20})?"
FORMS = (
    re.compile(HEAD % "Agent" + AGENT + TAIL, re.VERBOSE),
    re.compile(HEAD % "Ethereum" + TAIL + RESOURCES, re.VERBOSE),
)


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody signed. Without an `agent_id` it is a plain wallet's; `address` is lower case."""

    scheme: str | None
    domain: str
    address: str
    statement: str | None
    uri: str
    chain_id: int
    agent_id: int | None
    registry: Registry | None
    nonce: str
    issued_at: datetime
    expires_at: datetime | None
    not_before: datetime | None


def parse(text: str) -> SignIn:
    """The message, if every line of it is as it must be; Unreadable."""
    found = next((match for form in FORMS if (match := form.fullmatch(text[:MESSAGE_MAX]))), None)
    if found is None or len(text) > MESSAGE_MAX:
        raise Unreadable("This is no message to sign in with: take the fields from the nonce's answer, line by line")
    said = found.groupdict()
    agent_id = said.get("agent_id")
    numbers = [int(said[name]) for name in ("chain_id", "agent_id", "registry_chain") if said.get(name)]
    if max(numbers) > GREATEST:
        raise Unreadable("A number in this message is too great")
    return SignIn(
        scheme=said["scheme"],
        domain=said["domain"],
        address=said["address"].lower(),
        statement=said["statement"],
        uri=said["uri"],
        chain_id=int(said["chain_id"]),
        agent_id=None if agent_id is None else int(agent_id),
        registry=None if agent_id is None else Registry(int(said["registry_chain"]), said["registry"].lower()),
        nonce=said["nonce"],
        issued_at=time_of(said["issued_at"]),
        expires_at=time_of(said["expires_at"]) if said["expires_at"] else None,
        not_before=time_of(said["not_before"]) if said["not_before"] else None,
    )


def time_of(text: str) -> datetime:
    try:
        return read_time(text, pointer="/message")
    except Invalid:
        raise Unreadable(f"{text} is no time that there is") from None


def plain_message(
    *, domain: str, address: str, statement: str, uri: str, chain_id: int, nonce: str, issued_at: str, expires_at: str
) -> str:
    """A message for a plain wallet to sign (EIP-4361), as `parse` reads it. `address` is checksummed."""
    return (
        f"{domain} wants you to sign in with your Ethereum account:\n{address}\n\n{statement}\n\n"
        f"URI: {uri}\nVersion: 1\nChain ID: {chain_id}\nNonce: {nonce}\n"
        f"Issued At: {issued_at}\nExpiration Time: {expires_at}"
    )
