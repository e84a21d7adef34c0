"""Webhooks: believed only when signed, and read for nothing but which payment they are about."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import stripe
import structlog

from purvey.kit.ids import new_id
from purvey.kit.secret import Secret
from purvey.payments import BadSignature, Notice
from purvey.payments.stripe import STRIPE_VERSION
from purvey.payments.stripe.notices import read

SECRET = Secret("whsec_test")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAYMENT = new_id()
INTENT = {"object": "payment_intent", "id": "pi_1"}
STRANGER = {"object": "customer", "id": "cus_1", "metadata": {"payment_id": "no id"}}
OURS = {"payment_id": str(PAYMENT), "tenant_id": str(new_id())}


def event(kind: str, thing: dict[str, Any], *, version: str | None = STRIPE_VERSION) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "api_version": version, "data": {"object": thing}}).encode()


def signed(body: bytes, *, secret: Secret = SECRET, at: datetime = NOW) -> dict[str, str]:
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret.reveal(), int(at.timestamp()))
    return {"Stripe-Signature": header}


def heard(body: bytes) -> Notice:
    return read(SECRET, signed(body), body, now=NOW)


SESSION = {"object": "checkout.session", "id": "cs_1", "payment_intent": "pi_1"}


@pytest.mark.parametrize(
    ("kind", "thing", "payment_id", "checkout", "reference"),
    [
        ("checkout.session.completed", SESSION | {"metadata": OURS}, PAYMENT, "cs_1", "pi_1"),
        ("checkout.session.expired", SESSION | {"client_reference_id": str(PAYMENT)}, PAYMENT, "cs_1", "pi_1"),
        ("checkout.session.expired", SESSION | {"payment_intent": None}, None, "cs_1", None),
        ("payment_intent.succeeded", INTENT | {"metadata": OURS}, PAYMENT, None, "pi_1"),
        ("charge.refunded", {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, None, None, "pi_1"),
        ("refund.updated", {"object": "refund", "id": "re_1", "payment_intent": {"id": "pi_1"}}, None, None, "pi_1"),
        ("charge.dispute.created", {"object": "dispute", "id": "du_1", "payment_intent": "pi_1"}, None, None, "pi_1"),
        ("customer.created", STRANGER, None, None, None),
        ("v9.unheard_of", {}, None, None, None),
    ],
)  # fmt: skip
def test_a_notice_names_its_payment_by_whatever_it_has(
    kind: str, thing: dict[str, Any], payment_id: UUID | None, checkout: str | None, reference: str | None
) -> None:
    assert heard(event(kind, thing)) == Notice("evt_1", kind, payment_id, checkout, reference)


@pytest.mark.feature("C9")
def test_a_wrong_signature_is_refused() -> None:
    body = event("charge.refunded", {})
    good = signed(body)["Stripe-Signature"]
    for headers in (
        signed(body, secret=Secret("whsec_another")),
        {"Stripe-Signature": good[:-1] + ("0" if good[-1] != "0" else "1")},
        {"Stripe-Signature": good.replace("v1=", "v0=")},
        {"Stripe-Signature": "t=x,v1=y"},
        {"Stripe-Signature": "t=1,v1=é"},
        {"Stripe-Signature": ""},
        {},
    ):
        with pytest.raises(BadSignature):
            read(SECRET, headers, body, now=NOW)
    assert read(SECRET, {"stripe-signature": good}, body, now=NOW)


def test_an_altered_body_is_refused() -> None:
    body = event("charge.refunded", {})
    for altered in (body + b" ", b"\xff\xfe", b""):
        with pytest.raises(BadSignature):
            read(SECRET, signed(body), altered, now=NOW)


def test_a_notice_signed_too_long_ago_is_refused() -> None:
    body = event("charge.refunded", {})
    assert read(SECRET, signed(body, at=NOW - timedelta(seconds=299)), body, now=NOW)
    with pytest.raises(BadSignature, match="too long ago"):
        read(SECRET, signed(body, at=NOW - timedelta(seconds=301)), body, now=NOW)


def test_a_time_beyond_all_counting_is_no_crash() -> None:
    body, far = event("charge.refunded", {}), 10**400
    code = stripe.WebhookSignature._compute_signature(f"{far}.{body.decode()}", SECRET.reveal())
    assert read(SECRET, {"Stripe-Signature": f"t={far},v1={code}"}, body, now=NOW)


def test_what_is_signed_but_is_no_event_is_refused() -> None:
    endless = event("charge.refunded", {}).replace(b"evt_1", b"e" * 5000)
    for body in (b"{}", b"[]", b"no json", b'{"id": 1, "type": "x", "data": {"object": {}}}', endless):
        with pytest.raises(BadSignature, match="no event"):
            heard(body)


def test_an_event_of_another_api_version_is_taken_and_logged() -> None:
    with structlog.testing.capture_logs() as logs:
        assert heard(event("charge.refunded", {"payment_intent": "pi_1"}, version="2017-08-15")).reference == "pi_1"
        assert heard(event("charge.refunded", {})).id == "evt_1"
    assert [line["said"] for line in logs] == ["2017-08-15"]
