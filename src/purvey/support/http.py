"""The JSON doors of support."""

from typing import Any

doors: list[Any] = []
