"""The JSON doors of catalog."""

from typing import Any

doors: list[Any] = []
