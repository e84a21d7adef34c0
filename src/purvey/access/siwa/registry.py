"""Who owns an agent's identity, as its registry on the chain says at this moment (ERC-8004, an ERC-721)."""

from typing import Final

from purvey.access.siwa.model import NotOwner, NotRegistered, Registry, Rejected, Siwa, registry_of
from purvey.access.siwa.receipts import Receipt
from purvey.access.siwa.signatures import WORD, word
from purvey.kit.errors import Unavailable

OWNER_OF: Final = bytes.fromhex("6352211e")  # ownerOf(uint256)
NOBODY: Final = "0x" + "0" * 40


async def check_owner(siwa: Siwa, registry: Registry, agent_id: int, address: str) -> None:
    """The wallet owns the agent now. Raises Rejected, NotRegistered or NotOwner; Unavailable when nobody can say."""
    if registry.name not in siwa.registries:
        raise Rejected("Agents of this registry are not let in here", code="INVALID_REGISTRY_FORMAT")
    owner = await owner_of(siwa, registry, agent_id)
    if owner is None:
        raise NotRegistered("Agent is not registered on the ERC-8004 Identity Registry.")
    if owner != address:
        raise NotOwner("Signer is not the owner of this agent NFT")


async def owner_of(siwa: Siwa, registry: Registry, agent_id: int) -> str | None:
    """The owner's address in lower case, or None when there is no such agent."""
    said = await siwa.chains.call(registry.network, registry.address, OWNER_OF + word(agent_id))
    if said is None:
        return None
    if len(said) != WORD:
        raise Unavailable(f"There is no registry at {registry.name}: the shop's settings are wrong", code="no_registry")
    address = "0x" + said[-20:].hex()
    return None if address == NOBODY else address


async def still_owner(siwa: Siwa, receipt: Receipt) -> None:
    """An agent that was sold since it signed in is refused; a plain wallet is its own. Raises as `check_owner` does."""
    if receipt.agent_id is not None and receipt.agent_registry is not None:
        await check_owner(siwa, registry_of(receipt.agent_registry), receipt.agent_id, receipt.wallet)


async def check_registry(siwa: Siwa, name: str) -> None:
    """The chain is the one it is taken for, and there is a contract at the registry's address; Unavailable."""
    registry = registry_of(name)
    told = await siwa.chains.ask(registry.network, "eth_chainId")
    if not isinstance(told, str) or told.lower() != hex(registry.chain_id):
        raise Unavailable(f"What answers for {registry.network} is the chain {told}", code="no_chain")
    if await siwa.chains.ask(registry.network, "eth_getCode", registry.address, "latest") in ("0x", None):
        raise Unavailable(f"There is no registry at {registry.name}", code="no_registry")
