"""The JSON doors of purchases: for buyers, for sellers, for admins. A handler translates; it decides nothing."""

from typing import Any

from purvey.purchases import http_buyer, http_owed, http_seller

doors: list[Any] = [*http_buyer.doors, *http_seller.doors, *http_owed.doors]
