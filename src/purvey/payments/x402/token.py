"""USDC's own words (EIP-3009, ERC-20): what it is asked, and what its logs say. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from purvey.kit.rpc import Address, Data, Hash, Index, Quantity
from purvey.payments.x402.model import Authorized

# transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes): keys and contracts alike may sign
TRANSFER: Final = "cf092995"
AUTHORIZATION_STATE: Final = "e94a0102"  # authorizationState(address,bytes32)
DOMAIN_SEPARATOR: Final = "0x3644e515"
USED: Final = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5"  # AuthorizationUsed
CANCELED: Final = "0x1cdd46ff242716cdaa72d159d339a485b3438398348d68f09d7c8c0a59353d81"  # AuthorizationCanceled
TRANSFERRED: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"  # Transfer
USES: Final = [USED, CANCELED]
WORD_BYTES: Final = 32

USED_NONCE: Final = "invalid_exact_evm_nonce_already_used"
SPENT: Final = "payment_spent_otherwise"
FORGED: Final = "invalid_exact_evm_payload_signature"
FORGED_SAYS: Final = "This payment was not signed by its payer for this"

# What the token's reverts mean in x402's words; each is a part of its message.
REVERTS: Final = (
    ("authorization is used or canceled", USED_NONCE, "This payment was used already"),
    ("invalid signature", FORGED, FORGED_SAYS),
    ("exceeds balance", "invalid_exact_evm_insufficient_balance", "The payer does not have so many USDC there"),
    ("not yet valid", "invalid_exact_evm_payload_authorization_valid_after", "This payment is not valid yet"),
    ("is expired", "invalid_exact_evm_payload_authorization_valid_before", "This payment is over: sign a new one"),
)
OTHERWISE: Final = (
    "invalid_exact_evm_transaction_simulation_failed",
    "The token would not make this transfer; it does not say why in words we know",
)


class Log(msgspec.Struct, rename="camel", kw_only=True):
    """One line of what a transaction did, as a node tells it."""

    address: Address
    topics: list[Hash]
    data: Data
    transaction_hash: Hash
    log_index: Index
    block_number: Quantity
    removed: bool = False


def word(number: int) -> str:
    return f"{number:064x}"


def address_word(address: str) -> str:
    """An address as a topic."""
    return "0x" + "0" * 24 + address[2:].lower()


def transfer_call(
    *, payer: str, to: str, value: int, valid_after: int, valid_before: int, nonce: str, signature: str
) -> str:
    """The call that makes the transfer, by whomever it is handed in."""
    seal = signature[2:]
    padded = seal + "0" * (-len(seal) % (2 * WORD_BYTES))
    return "0x" + "".join(
        (
            TRANSFER,
            address_word(payer)[2:],
            address_word(to)[2:],
            word(value),
            word(valid_after),
            word(valid_before),
            nonce[2:],
            word(7 * WORD_BYTES),
            word(len(seal) // 2),
            padded,
        )
    )


def state_call(payer: str, nonce: str) -> str:
    """The call that asks whether this payer's nonce is used up."""
    return "0x" + AUTHORIZATION_STATE + address_word(payer)[2:] + nonce[2:]


def why(revert: str) -> tuple[str, str]:
    """x402's word for a revert, and a sentence."""
    return next(((code, sentence) for part, code, sentence in REVERTS if part in revert.lower()), OTHERWISE)


def moved(asked: Authorized, logs: Sequence[Log]) -> tuple[str, int, int] | None:
    """Where this authorization has moved its money: transaction, index of its log, block; None where it has not.

    The Transfer must be the very next log: another in the same transaction may belong to another authorization.
    """
    by_place = {(log.transaction_hash.lower(), int(log.log_index)): log for log in logs}
    for (tx_hash, index), log in by_place.items():
        following = by_place.get((tx_hash, index + 1))
        if is_use(asked, log, USED) and following is not None and is_transfer(asked, following):
            return tx_hash, index, log.block_number
    return None


def spent_otherwise(asked: Authorized, logs: Sequence[Log]) -> bool:
    """Whether the nonce was used up by something else: cancelled, or another transfer of the same payer."""
    return any(is_use(asked, log, use) for log in logs for use in USES)


def is_use(asked: Authorized, log: Log, use: str) -> bool:
    topics = [use, address_word(asked.payer), asked.nonce]
    return log.address.lower() == asked.asset and [each.lower() for each in log.topics] == topics


def is_transfer(asked: Authorized, log: Log) -> bool:
    return transfers(log, asset=asked.asset, sender=asked.payer, to=asked.pay_to) == asked.amount


def transfers(log: Log, *, asset: str, sender: str, to: str) -> int | None:
    """How much this log says went from one to the other; None when it says something else."""
    topics = [TRANSFERRED, address_word(sender), address_word(to)]
    if log.address.lower() != asset.lower() or [each.lower() for each in log.topics] != topics:
        return None
    return int(log.data, 16) if len(log.data) == 2 + 2 * WORD_BYTES else None
