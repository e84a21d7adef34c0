"""What we say on the wire is what the published library reads, and what it says we read; garbage is no silence."""

import json
import string
import sys
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from x402.extensions.payment_identifier import append_payment_identifier_to_extensions
from x402.http.utils import decode_payment_required_header, decode_payment_response_header
from x402.schemas.v1 import PaymentRequiredV1

from purvey.payments import x402
from purvey.payments.x402 import MalformedPayment, Quote
from tests.vocabulary.rail import Counter, header, signs

QUOTE = Quote(
    id=UUID(int=1), purpose="purchase", request_key=b"", network="eip155:84532",
    asset="0x036CbD53842c5426634e7929541eC2318f3dCF7e", asset_name="USDC", asset_version="2",
    pay_to="0x" + "ab" * 20, amount=9_990_000, sku="ann/atlas", resource="http://shop.example/buy",
    description="Atlas", details={}, expires_at=datetime(2030, 1, 1, tzinfo=UTC),
)  # fmt: skip


def test_the_published_library_reads_what_we_ask_in_both_versions() -> None:
    headers, body = x402.payment_required([QUOTE], error="Pay 9.99 USDC for Atlas")
    asked = decode_payment_required_header(headers["PAYMENT-REQUIRED"])
    [one] = asked.accepts
    assert (one.scheme, one.network, one.amount, one.pay_to) == ("exact", QUOTE.network, "9990000", QUOTE.pay_to)
    assert one.extra == {"name": "USDC", "version": "2", "sku": "ann/atlas"}
    assert (asked.error, asked.x402_version) == ("Pay 9.99 USDC for Atlas", 2)
    [old] = PaymentRequiredV1.model_validate(body).accepts
    assert (old.network, old.max_amount_required, old.resource) == ("base-sepolia", "9990000", QUOTE.resource)
    assert headers["Cache-Control"] == "no-store"


def test_a_network_without_an_old_name_is_not_offered_in_the_old_version() -> None:
    import msgspec

    _, body = x402.payment_required([msgspec.structs.replace(QUOTE, network="eip155:10")], error="Pay")
    assert body["accepts"] == []


def test_the_payers_own_idempotency_key_is_read() -> None:
    headers, _ = x402.payment_required([QUOTE], error="Pay")
    extensions = json.loads(b64decode(headers["PAYMENT-REQUIRED"]))["extensions"]
    append_payment_identifier_to_extensions(extensions, "my-own-key-of-16-letters")
    whole = {**payment(), "extensions": extensions}
    assert x402.read_payment(encoded(whole)).payment_identifier == "my-own-key-of-16-letters"
    extensions["payment-identifier"]["info"]["id"] = "short"
    with pytest.raises(MalformedPayment, match="payment-identifier"):
        x402.read_payment(encoded(whole))


def test_no_header_is_no_payment_and_either_header_is_one() -> None:
    assert x402.shown({}) is None
    for name in ("payment-signature", "x-payment"):
        shown = x402.shown({name: encoded(payment())})
        assert shown is not None
        assert (shown.payer, shown.value, shown.version) == ("0x" + "aa" * 20, 5, 2)


@pytest.mark.parametrize(
    "said",
    [
        "", "%%%", "e30", b64encode(b"{}").decode(), b64encode(b"[]").decode(),
        b64encode(b"null").decode(), b64encode(b'{"x402Version":3}').decode(), b64encode(b'{"x402Version":2}').decode(),
        b64encode(b"\xff\xfe").decode(), "A" * 20_000, b64encode(b"[" * 9_000).decode(),
    ],
)  # fmt: skip
def test_garbage_is_refused_and_never_taken_for_no_payment(said: str) -> None:
    for name in ("payment-signature", "x-payment"):
        with pytest.raises(MalformedPayment):
            x402.shown({name: said})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", "-1"), ("value", "1e3"), ("value", 5), ("value", "9" * 79), ("nonce", "0x00"), ("from", "ann"),
        ("to", "0x" + "g" * 40), ("validBefore", None), ("nonce", "0x" + "0c" * 32 + "\n"),
        ("from", "0x" + "aa" * 20 + "\n"), ("value", "5\n"),
    ],
)  # fmt: skip
def test_a_field_that_is_not_what_it_should_be_is_named(field: str, value: Any) -> None:
    whole = payment()
    whole["payload"]["authorization"][field] = value
    with pytest.raises(MalformedPayment, match="authorization"):
        x402.read_payment(encoded(whole))


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep = b64encode(b'{"x402Version":' + b"[" * 5_000 + b"]" * 5_000 + b"}").decode()
    sys.setrecursionlimit(100_000)  # as libraries do
    with pytest.raises(MalformedPayment):
        x402.read_payment(deep)


@given(st.text(alphabet=string.printable, max_size=300))
def test_whatever_comes_is_read_or_refused(said: str) -> None:
    with pytest.raises(MalformedPayment):
        x402.read_payment(said)


async def test_the_answer_after_a_payment_is_what_the_published_library_reads(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes()
    for version, name in ((2, "PAYMENT-RESPONSE"), (1, "X-PAYMENT-RESPONSE")):
        entered = await counter.enters(signs(ben, quote, version=version), quote)
        said = decode_payment_response_header(x402.payment_response(entered)[name])
        assert (said.success, said.error_reason) == (False, "settlement_pending")
        settled = await counter.carries_out(entered)
        said = decode_payment_response_header(x402.payment_response(settled)[name])
        assert (said.success, said.transaction, said.payer) == (True, settled.tx_hash, ben.address.lower())
    assert header(ben, quote)


def payment() -> dict[str, Any]:
    authorization = {
        "from": "0x" + "aA" * 20, "to": "0x" + "bb" * 20, "value": "5", "validAfter": "0", "validBefore": "9",
        "nonce": "0x" + "0c" * 32,
    }  # fmt: skip
    return {
        "x402Version": 2,
        "payload": {"authorization": authorization, "signature": "0x" + "ab" * 65},
        "accepted": {"scheme": "exact", "network": QUOTE.network, "asset": QUOTE.asset, "amount": "5"},
    }


def encoded(whole: dict[str, Any]) -> str:
    return b64encode(json.dumps(whole).encode()).decode()
