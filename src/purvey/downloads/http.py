"""The JSON doors of downloads."""

from typing import Any

doors: list[Any] = []
