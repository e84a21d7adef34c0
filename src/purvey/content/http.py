"""The JSON doors of content."""

from typing import Any

from purvey.content import http_chapters, http_public, http_series

doors: list[Any] = [*http_series.doors, *http_chapters.doors, *http_public.doors]
