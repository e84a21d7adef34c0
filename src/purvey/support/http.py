"""The JSON doors of support."""

from typing import Any

from purvey.support import http_buyer, http_team

doors: list[Any] = [*http_buyer.doors, *http_team.doors]
