"""Agents: the doors under `/api`, in the second source's dialect, over the same actions as `/v1`.

No rule lives here. What a shop sells here it sells there, and the other way round.
"""

from purvey.agents import products
from purvey.agents.amounts import Amounts
from purvey.agents.http import REFUSED, ExactRequest, spoken_by

__all__ = ["REFUSED", "Amounts", "ExactRequest", "doors", "spoken_by"]

doors = [*products.doors]
