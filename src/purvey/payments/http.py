"""The JSON doors of payments."""

from typing import Any

doors: list[Any] = []
