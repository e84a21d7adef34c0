"""The JSON doors of content."""

from typing import Any

doors: list[Any] = []
