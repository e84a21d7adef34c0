"""The JSON doors of purchases."""

from typing import Any

doors: list[Any] = []
