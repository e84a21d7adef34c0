"""Whether an authorization was signed by its payer (EIP-712): a key, or a contract that says so (ERC-1271).

The token looks at the nonce before it looks at the signature, so of a nonce that is used up it proves nothing.
"""

import asyncio
from typing import Final

from purvey.kit.rpc import Chains
from purvey.payments.x402.model import Quote, Shown

IS_VALID: Final = bytes.fromhex("1626ba7e")  # isValidSignature(bytes32,bytes), and what it answers
WORD: Final = 32
TYPES: Final = {
    "TransferWithAuthorization": [
        {"name": "from", "type": "address"},
        {"name": "to", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "validAfter", "type": "uint256"},
        {"name": "validBefore", "type": "uint256"},
        {"name": "nonce", "type": "bytes32"},
    ]
}


async def is_signed(chains: Chains, shown: Shown, quote: Quote) -> bool:
    """Whether the payer signed just this; Unavailable when a contract's chain is away."""
    digest, signer = await asyncio.to_thread(read, shown, quote)
    if signer == shown.payer:
        return True
    signature = bytes.fromhex(shown.signature[2:])
    said = await chains.call(shown.network, shown.payer, is_valid_call(digest, signature))
    return said is not None and len(said) >= WORD and said[:WORD].rstrip(b"\0") == IS_VALID


def read(shown: Shown, quote: Quote) -> tuple[bytes, str | None]:
    """What was to be signed, and the address whose key did, if it was a key."""
    from eth_account import Account
    from eth_account.messages import encode_typed_data
    from eth_keys.exceptions import BadSignature
    from eth_utils.crypto import keccak
    from eth_utils.exceptions import ValidationError

    domain = {
        "name": quote.asset_name,
        "version": quote.asset_version,
        "chainId": int(quote.network.removeprefix("eip155:")),
        "verifyingContract": quote.asset,
    }
    message = {
        "from": shown.payer,
        "to": shown.to,
        "value": shown.value,
        "validAfter": shown.valid_after,
        "validBefore": shown.valid_before,
        "nonce": bytes.fromhex(shown.nonce[2:]),
    }
    text = encode_typed_data(domain, TYPES, message)
    digest = bytes(keccak(b"\x19" + text.version + text.header + text.body))
    try:
        return digest, str(Account.recover_message(text, signature=shown.signature)).lower()
    except (BadSignature, ValidationError, ValueError):
        return digest, None


def is_valid_call(digest: bytes, signature: bytes) -> bytes:
    """The call that asks a contract whether it signed."""
    padding = bytes(-len(signature) % WORD)
    words = (2 * WORD).to_bytes(WORD) + len(signature).to_bytes(WORD)
    return IS_VALID + digest + words + signature + padding
