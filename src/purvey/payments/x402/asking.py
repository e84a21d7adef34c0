"""The one refusal that money mends."""

from collections.abc import Sequence

from purvey.kit.errors import FieldError, Refusal
from purvey.payments.x402.model import Quote


class PaymentNeeded(Refusal):
    """Pay one of `quotes`, and ask again with the payment: 402, by `payment_required`. `detail` says it to people.

    `errors` point at what would be refused even when it is paid.
    """

    code = "payment_required"

    def __init__(
        self, detail: str, *, quotes: Sequence[Quote], code: str | None = None, errors: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(detail, code=code, errors=errors)
        self.quotes = tuple(quotes)
