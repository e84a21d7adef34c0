"""Whose signature this is: a key's, recovered from it, or a contract's, which is asked on its chain (ERC-1271).

What reads curves is imported here alone, and only when the first signature comes.
"""

import asyncio
from typing import Final

from purvey.kit.rpc import Chains

KEY_SIGNATURE: Final = 65
SIGNATURE_MAX: Final = 4_000
IS_VALID: Final = bytes.fromhex("1626ba7e")  # isValidSignature(bytes32,bytes), and what it answers
WORD: Final = 32


async def kind_of_signer(chains: Chains, *, chain_id: int, address: str, text: bytes, signature: bytes) -> str | None:
    """`eoa` or `sca` when the address signed the text (EIP-191), else None. Unavailable when its chain is away."""
    if await is_by_key_in_a_thread(address, text, signature):
        return "eoa"
    if f"eip155:{chain_id}" not in chains.urls:
        return None
    said = await chains.call(f"eip155:{chain_id}", address, is_valid_call(digest_of(text), signature))
    return "sca" if said is not None and len(said) >= WORD and said[:WORD].rstrip(b"\0") == IS_VALID else None


async def is_by_key_in_a_thread(address: str, text: bytes, signature: bytes) -> bool:
    """The same as `is_by_key`; its arithmetic may take 10 ms, during which others are served."""
    return await asyncio.to_thread(is_by_key, address, text, signature)


def is_by_key(address: str, text: bytes, signature: bytes) -> bool:
    """Whether the key of this address signed the text."""
    from eth_keys.datatypes import Signature
    from eth_keys.exceptions import BadSignature

    if len(signature) != KEY_SIGNATURE or signature[-1] not in (0, 1, 27, 28):
        return False
    r, s, v = (int.from_bytes(part) for part in (signature[:32], signature[32:64], signature[64:]))
    try:
        key = Signature(vrs=(v % 27, r, s)).recover_public_key_from_msg_hash(digest_of(text))
    except BadSignature:
        return False
    return bool(key.to_address() == address)


def digest_of(text: bytes) -> bytes:
    """What a wallet signs of a text (EIP-191, personal_sign)."""
    from eth_utils.crypto import keccak

    return bytes(keccak(b"\x19Ethereum Signed Message:\n%d" % len(text) + text))


def is_valid_call(digest: bytes, signature: bytes) -> bytes:
    """The call that asks a contract whether it signed."""
    padding = bytes(-len(signature) % WORD)
    return IS_VALID + digest + word(2 * WORD) + word(len(signature)) + signature + padding


def word(number: int) -> bytes:
    return number.to_bytes(WORD)


def checksummed(address: str) -> str:
    """An address as wallets write it (EIP-55)."""
    from eth_utils.address import to_checksum_address

    return str(to_checksum_address(address))
