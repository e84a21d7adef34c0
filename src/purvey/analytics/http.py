"""The JSON doors of analytics."""

from typing import Any

doors: list[Any] = []
