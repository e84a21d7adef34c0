"""What buyers and the team send."""

from typing import Annotated

import msgspec
from msgspec import Meta

from purvey.kit.fields import WITH_A_WORD, PositiveAmount

REASON_MAX = 2_000
MESSAGE_MAX = 5_000

Reason = Annotated[str, Meta(min_length=1, max_length=REASON_MAX, pattern=WITH_A_WORD)]
Message = Annotated[str, Meta(min_length=1, max_length=MESSAGE_MAX, pattern=WITH_A_WORD)]


class AskForRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Why the buyer wants their money back."""

    reason: Reason


class WriteMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    body: Message


class ApproveRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """`amount` in minor units, all that is left by default; `execute` sends it at once."""

    amount: PositiveAmount | None = None
    execute: bool = False
