"""What happens to teams. No event carries a secret: the token of a mail is made when the mail is written."""

from typing import ClassVar

from purvey.kit.events import Event


class InvitationMade(Event, frozen=True, kw_only=True):
    """Somebody should be mailed an invitation to a team. The subject is the invitation."""

    type: ClassVar[str] = "INVITATION_MADE"
    queue: ClassVar[str] = "access-events"
