"""Web addresses, read in one way that never raises: what a browser could not follow is none."""

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from purvey.kit.errors import FieldError

WEB = ("http", "https")
BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f\\]")
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", re.IGNORECASE)
NO_ADDRESS = (
    "This is no web address that a browser could open; it begins with https:// and a host, as https://example.com"
)


def parts_of(text: str) -> SplitResult | None:
    """The parts of an address, host and port legible; None when they are not."""
    try:
        parts = urlsplit(text)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def is_web(text: str) -> bool:
    """Whether a browser could follow it: http or https, to a host that there can be."""
    parts = parts_of(text)
    if parts is None or BLANK_OR_CONTROL.search(text):
        return False
    return parts.scheme in WEB and is_host(parts.hostname or "", in_brackets="[" in parts.netloc)


def is_host(name: str, *, in_brackets: bool) -> bool:
    try:
        return bool(IPv6Address(name)) if in_brackets else HOST.fullmatch(name.encode("idna").decode()) is not None
    except ValueError:
        return False


def fault_of(text: str | None, *, pointer: str) -> FieldError | None:
    """What is wrong with an address that somebody typed, if anything."""
    return None if text is None or is_web(text) else FieldError(pointer, NO_ADDRESS, "invalid_url")
