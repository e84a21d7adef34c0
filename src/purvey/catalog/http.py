"""The JSON doors of the catalog."""

from typing import Any

from purvey.catalog import http_admin, http_shop, http_team

doors: list[Any] = [*http_team.doors, *http_shop.doors, *http_admin.doors]
