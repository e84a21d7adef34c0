"""A Stripe of our own at the far end of the wire: stateful, and held to Stripe's published OpenAPI.

`async with StripeFake(webhook_url=…) as fake` serves on loopback; every answer and every event is
checked against the schemas, and what it does not model it refuses loudly.
"""

from .fake import StripeFake

__all__ = ["StripeFake"]
