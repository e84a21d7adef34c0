"""Sign in with agent (SIWA): a wallet signs for whoever holds it, and a receipt says so for half an hour.

A wallet belongs to one user. A later request carries the receipt and, where it matters, its own signature (ERC-8128).
"""

from purvey.access.siwa.hearing import SIGNED, hearing
from purvey.access.siwa.linking import HandOver
from purvey.access.siwa.model import (
    NotOwner,
    NotRegistered,
    Registry,
    Rejected,
    Siwa,
    Unreadable,
    open_siwa,
    registry_of,
)
from purvey.access.siwa.receipts import RECEIPT_HEADER, Receipt, make_receipt, read_receipt
from purvey.access.siwa.registry import check_registry, still_owner
from purvey.access.siwa.signatures import checksummed
from purvey.access.siwa.signing_in import Offered, offer_nonce, sign_in, written
from purvey.access.siwa.wallets import find_user_of_wallet, short_address, user_of_wallet

__all__ = [
    "RECEIPT_HEADER",
    "SIGNED",
    "HandOver",
    "NotOwner",
    "NotRegistered",
    "Offered",
    "Receipt",
    "Registry",
    "Rejected",
    "Siwa",
    "Unreadable",
    "check_registry",
    "checksummed",
    "find_user_of_wallet",
    "hearing",
    "make_receipt",
    "offer_nonce",
    "open_siwa",
    "read_receipt",
    "registry_of",
    "short_address",
    "sign_in",
    "still_owner",
    "user_of_wallet",
    "written",
]
