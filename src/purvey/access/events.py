"""What happens to people. No event carries a secret: the token of a mail is made when the mail is written."""

from typing import ClassVar
from uuid import UUID

from purvey.kit.events import Event


class EmailVerificationAsked(Event, frozen=True, kw_only=True):
    """Somebody should be mailed a link that proves the address is theirs. The subject is the user."""

    type: ClassVar[str] = "EMAIL_VERIFICATION_ASKED"
    queue: ClassVar[str] = "access-events"


class PasswordResetAsked(Event, frozen=True, kw_only=True):
    """Somebody should be mailed a link that sets a new password. The subject is the user."""

    type: ClassVar[str] = "PASSWORD_RESET_ASKED"
    queue: ClassVar[str] = "access-events"


class EmailMoveAsked(Event, frozen=True, kw_only=True):
    """Somebody wants another address: a link goes there, and word of it to the old one. The subject is the user."""

    type: ClassVar[str] = "EMAIL_MOVE_ASKED"
    queue: ClassVar[str] = "access-events"
    move_id: UUID


class AccountReclaimed(Event, frozen=True, kw_only=True):
    """The owner of an address took over the account that somebody had made with it. `ended` counts what others held."""

    type: ClassVar[str] = "ACCOUNT_RECLAIMED"
    queue: ClassVar[str] = "access-events"
    ended: dict[str, int]


class WalletInherited(Event, frozen=True, kw_only=True):
    """What a wallet's own user bought and sold is the subject's now: they linked the wallet."""

    type: ClassVar[str] = "WALLET_INHERITED"
    queue: ClassVar[str] = "access-events"


class EmailVerified(Event, frozen=True, kw_only=True):
    """The address is the user's own: what was bought with it is theirs (ruling 13)."""

    type: ClassVar[str] = "EMAIL_VERIFIED"
    queue: ClassVar[str] = "access-events"
    email: str
