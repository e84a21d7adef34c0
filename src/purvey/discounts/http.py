"""The JSON doors of discounts."""

from typing import Any

doors: list[Any] = []
