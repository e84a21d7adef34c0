"""The JSON doors of tenants."""

from typing import Any

doors: list[Any] = []
