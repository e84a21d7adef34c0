"""Entitlements: that somebody owns a product or a chapter, since when, and from which source.

A live entitlement, not a status word, decides access: downloads, chapters, reviews and permissions ask only this.
"""

from purvey.entitlements.actions import end, give_back, grant, restore, suspend
from purvey.entitlements.events import CustomerProductCreated, CustomerProductDeleted, CustomerProductUpdated
from purvey.entitlements.model import LIFE, Entitlement, Happening, Source, State
from purvey.entitlements.moving import hand_over
from purvey.entitlements.store import of_source, owns_any, owns_chapter, owns_product

__all__ = [
    "LIFE",
    "CustomerProductCreated",
    "CustomerProductDeleted",
    "CustomerProductUpdated",
    "Entitlement",
    "Happening",
    "Source",
    "State",
    "end",
    "give_back",
    "grant",
    "hand_over",
    "of_source",
    "owns_any",
    "owns_chapter",
    "owns_product",
    "restore",
    "suspend",
]
