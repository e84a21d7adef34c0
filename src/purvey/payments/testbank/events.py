"""What the bank has to do after its page was answered. Nobody but the bank listens."""

from purvey.kit.events import Event


class BankHasNews(Event, frozen=True, kw_only=True):
    """The shop is to be told, by webhook. `subject_id` is the payment."""

    type = "TEST_BANK_HAS_NEWS"
    queue = "test-bank"
    session_id: str
    kind: str
    repeat: int = 1


class BankHasLateNews(BankHasNews, frozen=True, kw_only=True):
    """The same, when the bank is slow."""

    type = "TEST_BANK_HAS_LATE_NEWS"


class BankMovesMoney(Event, frozen=True, kw_only=True):
    """Refunds that are on their way arrive."""

    type = "TEST_BANK_MOVES_MONEY"
    queue = "test-bank"
    session_id: str
