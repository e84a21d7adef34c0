"""Whatever buyers, sellers, banks and time do, and in whatever order, the books agree after each step."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from purvey import purchases
from purvey.settings import Settings
from tests.proof.apart import Apart
from tests.vocabulary.shop import Person

PROOF = hypothesis.settings.default.max_examples > 1_000
SEARCH = settings(
    max_examples=500 if PROOF else 30,
    stateful_step_count=50 if PROOF else 25,
    suppress_health_check=list(HealthCheck),
)
STOCK, USES = 3, 2
TOLD_AT_ONCE = ("normal", "twice", "out_of_order")
OPEN = ("PENDING", "PROCESSING", "FAILED", "EXPIRED", "CANCELLED")
WHICH = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 5])
LONG = timedelta(minutes=31)


class Deal:
    """A purchase as its buyer knows it; `told` when the bank took the money and said so at once."""

    def __init__(self, buyer: Person, answer: dict[str, Any]) -> None:
        self.buyer, self.id = buyer, answer["purchaseId"]
        self.answer = answer | {"id": self.id}
        self.checkout = answer["checkoutUrl"]
        self.told = False


class Market(RuleBasedStateMachine):
    """A seller, three buyers, something rare and something that never ends."""

    apart: Apart

    @initialize()
    def open_the_stall(self) -> None:
        self.shop, self.tell = self.apart.shop, self.apart.tell
        self.shop.clock.offset *= 0
        self.ana = self.tell(self.shop.author("ana"))
        assert self.ana.site is not None
        self.buyers = [self.tell(self.shop.person("ben")) for _ in range(3)]
        self.things = [
            self.tell(self.ana.sells("Field Atlas", price=1000, stock=STOCK, restockOnRefund=True)),
            self.tell(self.ana.sells("Sky Atlas", price=1000, restockOnRefund=False)),
        ]
        body = {"code": "SPRING", "discountType": "PERCENTAGE", "value": 10, "maxUses": USES}
        self.tell(self.ana.post(f"/v1/sites/{self.ana.site['id']}/discount-codes", body))
        self.known: list[Deal] = []

    @rule(
        who=st.integers(0, 2),
        what=st.integers(0, 1),
        quantity=st.sampled_from([1, 1, 2]),
        code=st.sampled_from([None, None, "SPRING"]),
    )
    def start(self, who: int, what: int, quantity: int, code: str | None) -> None:
        """Buy; a second checkout of the same thing takes the place of the first, or is the first."""
        terms = {"quantity": quantity} | ({"code": code} if code else {})
        answer = self.tell(self.buyers[who].asks_to_buy(self.things[what], **terms))
        if answer.status_code != 202:
            assert answer.status_code in (409, 422), answer.text
        elif answer.json()["purchaseId"] not in [deal.id for deal in self.known]:
            self.known.append(Deal(self.buyers[who], answer.json()))

    @rule(
        which=WHICH,
        delivery=st.sampled_from(["normal", "normal", "twice", "late", "never", "out_of_order"]),
        refunds=st.sampled_from(["", "", "fail"]),
    )
    def pay(self, which: int, delivery: str, refunds: str) -> None:
        if self.at_the_bank(which, "", outcome="pay", delivery=delivery, refunds=refunds):
            self.deal(which).told = delivery in TOLD_AT_ONCE

    @rule(who=st.integers(0, 2), what=st.integers(0, 1), code=st.sampled_from([None, "SPRING"]))
    def sell(self, who: int, what: int, code: str | None) -> None:
        """The usual way, so that more is seen of what comes after it."""
        before = len(self.known)
        self.start(who, what, 1, code)
        if len(self.known) > before:
            self.pay(0, "normal", "")

    @rule(which=WHICH, share=st.sampled_from([1, 1, 300, None]), verdict=st.sampled_from([None, "won", "lost"]))
    def regret(self, which: int, share: int | None, verdict: str | None) -> None:
        """Money goes back by the seller and is fetched by the buyer's bank at once."""
        self.dispute(which)
        self.refund(which, share)
        if verdict:
            self.decide(which, verdict)

    @rule(which=WHICH, delivery=st.sampled_from(["normal", "twice", "late", "never", "out_of_order"]))
    def decline(self, which: int, delivery: str) -> None:
        self.at_the_bank(which, "", outcome="decline", delivery=delivery)

    @rule(which=WHICH)
    def leave(self, which: int) -> None:
        self.at_the_bank(which, "", outcome="leave")

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        if not self.known:
            return
        deal = self.deal(which)
        answer = self.tell(deal.buyer.post(f"/v1/purchases/{deal.id}/cancel"))
        assert answer.status_code in (200, 409), answer.text

    @rule(which=WHICH, amount=st.sampled_from([None, 1, 300, 900]))
    def refund(self, which: int, amount: int | None) -> None:
        if not self.known:
            return
        answer = self.tell(self.ana.refunds({"id": self.deal(which).id}, **({"amount": amount} if amount else {})))
        assert answer.status_code in (202, 409), answer.text

    @rule(which=WHICH)
    def undo_refunds(self, which: int) -> None:
        """The buyer's bank sends back whatever went to it."""
        if self.known:
            self.tell(self.shop.bank_finds(self.deal(which).answer, "failed"))

    @rule(which=WHICH)
    def release(self, which: int) -> None:
        """Keep the money of a payment that is on hold."""
        if self.known:
            answer = self.tell(self.ana.releases(self.deal(which).answer))
            assert answer.status_code in (200, 409), answer.text

    @rule(which=WHICH)
    def dispute(self, which: int) -> None:
        self.at_the_bank(which, "/dispute")

    @rule(which=WHICH, verdict=st.sampled_from(["won", "lost"]))
    def decide(self, which: int, verdict: str) -> None:
        self.at_the_bank(which, "/close", outcome=verdict)

    @rule(what=st.integers(0, 1), total=st.sampled_from([None, None, 1, 2, 3, 5, 8]))
    def limit(self, what: int, total: int | None) -> None:
        """So many there shall be from now on, or as many as are asked for."""
        wish = {"isLimited": False} if total is None else {"isLimited": True, "totalQuantity": total}
        assert self.ana.site is not None
        answer = self.tell(self.ana.put(f"/v1/sites/{self.ana.site['id']}/products/{self.things[what]['id']}", wish))
        assert answer.status_code == 200 or answer.json()["code"] == "too_few_copies", answer.text

    @rule(minutes=st.sampled_from([1, 5, 29, 31]))
    def time_passes(self, minutes: int) -> None:
        self.shop.minutes_pass(minutes)

    @rule()
    def sweep(self) -> None:
        self.tell(self.shop.sweeps())

    @rule()
    def late_news_comes(self) -> None:
        """What a webhook that is late, or a retry, waits for is over."""
        self.tell(self.shop.db.do("update pgqueuer set execute_after = now() where status = 'queued'"))

    @invariant()
    def books_agree(self) -> None:
        if not hasattr(self, "known"):
            return
        self.tell(self.shop.settles())
        assert self.tell(purchases.audit_books(self.shop.db)) == []
        for deal in self.known:
            if deal.told:
                assert self.tell(deal.buyer.sees({"id": deal.id}))["status"] not in OPEN

    def teardown(self) -> None:
        """In the end all is over, and the bank's books say what the shop's say."""
        if not hasattr(self, "known"):
            return
        self.late_news_comes()
        self.tell(self.shop.settles())
        for _ in range(3):
            self.shop.clock.offset += LONG
            self.tell(self.shop.sweeps())
            self.late_news_comes()
            self.tell(self.shop.settles())
        assert self.tell(self.shop.db.value("select count(*) from purchases where goods = 'HELD'")) == 0
        assert self.tell(self.shop.db.records(APART)) == []
        assert self.tell(purchases.audit_books(self.shop.db)) == []

    def deal(self, which: int) -> Deal:
        """One of those there are, the last ones likelier; how many there are depends on the shop's answers."""
        return self.known[-1 - which % len(self.known)]

    def at_the_bank(self, which: int, door: str, **form: str) -> bool:
        """Press a button on the bank's page; whether it took it."""
        if not self.known:
            return False
        answer = self.tell(self.shop.http.post(f"{self.deal(which).checkout}{door}", data=form))
        assert answer.status_code in (303, 409), answer.text
        return bool(answer.status_code == 303)


# Payments of which the bank's own books say something else.
APART = """
select p.id, p.paid_at, s.state, p.refunded_amount, s.refunded
from payments p
join test_bank_sessions s on s.idempotency_key = p.id
where (p.paid_at is not null) <> (s.state = 'paid')
    or p.refunded_amount <> s.refunded
"""


@pytest.fixture(scope="module")
def apart(postgres: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Apart]:
    home = Path(tmp_path_factory.mktemp("home"))
    settings = Settings(home=home, secret_key="k" * 20 + "test-secret-key", test_bank=True)
    apart = Apart(postgres, database=f"market_{worker_id}", settings=settings)
    yield apart
    apart.close()


@pytest.mark.feature("A12", "A21", "A22", "A24", "A25")
def test_any_course_of_events_leaves_books_that_agree(apart: Apart) -> None:
    class Here(Market):
        pass

    Here.apart = apart
    run_state_machine_as_test(Here, settings=SEARCH)  # type: ignore[no-untyped-call]
