"""The bank's pages. They are public: a checkout's address cannot be guessed."""

from datetime import datetime
from importlib.resources import files
from typing import Annotated, Any

import jinja2
import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from purvey.access.guards import PUBLIC
from purvey.kit.db import Database
from purvey.kit.errors import Invalid
from purvey.kit.fields import TO_THE_END
from purvey.payments.gateway import Gateways
from purvey.payments.testbank import actions
from purvey.payments.testbank.gateway import bank_of
from purvey.payments.testbank.model import Delivery, Outcome, Session, State

OPEN_TO_ALL: dict[str, Any] = {**PUBLIC, "idempotency": "exempt"}
Word = Annotated[str, msgspec.Meta(max_length=20)]
templates = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
page = templates.from_string((files("purvey.payments.testbank") / "page.html").read_text())
SAYS = {
    State.OPEN: "A shop asks for this payment.",
    State.DECLINED: "The bank declined. You may try again.",
    State.PAID: "Paid.",
    State.EXPIRED: "This checkout is over.",
}
DISPUTE_SAYS = {"open": "Paid, and disputed.", "won": "Disputed: the shop won.", "lost": "Disputed: the shop lost."}


class Decision(msgspec.Struct):
    """`outcome`: pay, decline or leave. `delivery`: how the shop is told; `refunds`: fail lets later refunds fail."""

    outcome: Outcome
    delivery: Word = ""
    refunds: Word = ""


class Verdict(msgspec.Struct):
    outcome: Annotated[str, msgspec.Meta(pattern=r"^(won|lost)" + TO_THE_END, description="won or lost")]


@get("/test-bank/{session_id:str}", opt=OPEN_TO_ALL, media_type=MediaType.HTML, include_in_schema=False)
async def show(
    session_id: FromPath[str],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> Response[str]:
    """Where a buyer pays."""
    await bank_of(db, gateways)
    return shown(await actions.look(db, session_id), now=now)


@post("/test-bank/{session_id:str}", opt=OPEN_TO_ALL, include_in_schema=False)
async def decide(
    session_id: FromPath[str],
    data: URLEncodedBody[Decision],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """What the buyer chose; then back to the shop."""
    bank = await bank_of(db, gateways)
    if data.delivery not in {"", *Delivery}:
        raise Invalid.field("/delivery", f"The shop can be told {', '.join(Delivery)}")
    session = await actions.decide(
        bank,
        session_id,
        data.outcome,
        delivery=Delivery(data.delivery) if data.delivery else None,
        refunds=data.refunds or None,
        now=now,
    )
    return Redirect(session.success_url if data.outcome is Outcome.PAY else session.cancel_url, status_code=303)


@post("/test-bank/{session_id:str}/dispute", opt=OPEN_TO_ALL, include_in_schema=False)
async def dispute(
    session_id: FromPath[str],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """The buyer takes it back to their bank."""
    await actions.open_dispute(await bank_of(db, gateways), session_id, now=now)
    return Redirect(f"/test-bank/{session_id}", status_code=303)


@post("/test-bank/{session_id:str}/close", opt=OPEN_TO_ALL, include_in_schema=False)
async def close(
    session_id: FromPath[str],
    data: URLEncodedBody[Verdict],
    db: NamedDependency[Database],
    gateways: NamedDependency[Gateways],
    now: NamedDependency[datetime],
) -> Response[Any]:
    """The bank decides the dispute."""
    bank = await bank_of(db, gateways)
    await actions.close_dispute(bank, session_id, won=data.outcome == "won", now=now)
    return Redirect(f"/test-bank/{session_id}", status_code=303)


def shown(session: Session, *, now: datetime) -> Response[str]:
    over = session.expires_at <= now
    said = DISPUTE_SAYS.get(session.dispute or "", SAYS[session.state])
    content = page.render(
        session=session,
        amount=str(session.money),
        said=SAYS[State.EXPIRED] if over and session.state is State.OPEN else said,
        may_pay=session.state in {State.OPEN, State.DECLINED} and not over,
        path=f"/test-bank/{session.id}",
        back=session.success_url if session.state is State.PAID else session.cancel_url,
    )
    return Response(
        content, media_type=MediaType.HTML, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )


doors: list[Any] = [show, decide, dispute, close]
