"""Sign in with agent (SIWA): a wallet signs for whoever holds it, and a receipt says so for half an hour.

A wallet belongs to one user. A later request carries the receipt and, where it matters, its own signature (ERC-8128).
"""

from purvey.access.siwa.model import Siwa, open_siwa
from purvey.access.siwa.receipts import RECEIPT_HEADER, Receipt, make_receipt, read_receipt
from purvey.access.siwa.wallets import short_address, user_of_wallet

__all__ = [
    "RECEIPT_HEADER",
    "Receipt",
    "Siwa",
    "make_receipt",
    "open_siwa",
    "read_receipt",
    "short_address",
    "user_of_wallet",
]
