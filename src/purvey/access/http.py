"""The JSON doors of access."""

from typing import Any

doors: list[Any] = []
