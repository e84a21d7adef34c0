"""Agents: the doors under `/api`, in the second source's dialect, over the same actions as `/v1`.

No rule lives here. What a shop sells here it sells there, and the other way round.
"""

from typing import Any

from purvey.agents import buying, discounts, fee, keeping, me, media, products, purchases, reviews, siwa, uploads
from purvey.agents.amounts import Amounts
from purvey.agents.http import DIALECTS, REFUSED, Dialect, ExactRequest, spoken_by
from purvey.kit.openapi import Refused
from purvey.settings import Settings

__all__ = [
    "REFUSED",
    "Amounts",
    "ExactRequest",
    "dialects",
    "doors",
    "refused",
    "root_doors",
    "spoken_by",
]

doors: list[Any] = [
    *products.doors,
    *keeping.doors,
    *uploads.doors,
    *media.doors,
    *reviews.doors,
    *discounts.doors,
    *purchases.doors,
    *me.doors,
    *fee.doors,
    *buying.doors,
]


def root_doors(settings: Settings) -> list[Any]:
    """The doors that stand outside `/api`, as the settings say."""
    return [*siwa.doors(settings)]


def dialects(settings: Settings) -> list[Dialect]:
    """How addresses of agents refuse, by how they begin."""
    return [*DIALECTS, *siwa.dialects(settings)]


def refused(settings: Settings) -> list[Refused]:
    """How the doors of agents say no, for the description of the API."""
    return [REFUSED, *siwa.refused(settings)]
