"""A signed request is heard once, whole, from its own wallet; any other is refused with a reason."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from eth_account import Account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purvey.access.siwa.receipts import Receipt
from purvey.access.siwa.requests import BadSignature, Sent, signed_of
from tests.agents.test_me import picture
from tests.vocabulary.agents import CHAIN_ID, Agent
from tests.vocabulary.shop import Shop

ALL = ["@authority", "@method", "@path", "X-SIWA-Receipt"]
KEY = {"name": "a program", "scopes": ["MakePurchases"]}


async def told(agent: Agent, request: httpx.Request) -> tuple[int, str]:
    answer = await agent.shop.http.send(request)
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.feature("B5")
async def test_a_signed_request_opens_the_doors_of_v1(shop: Shop) -> None:
    agent = await shop.agent()
    who = await agent.get("/v1/me?x=1&y=a%20b")
    assert (who.status_code, who.json()["id"]) == (200, str(agent.id))
    made = await agent.post("/v1/api-keys", KEY)
    assert made.status_code == 201, made.text
    assert (await agent.get("/v1/me", headers={"X-Extra": "1"})).status_code == 200


@pytest.mark.feature("B5")
@pytest.mark.parametrize("spelled", ["X-SIWA-Receipt", "x-siwa-receipt"])
async def test_both_spellings_of_the_receipts_component_are_understood(shop: Shop, spelled: str) -> None:
    agent = await shop.agent()
    over = ["@authority", "@method", "@path", spelled]
    assert await told(agent, agent.signed_request("GET", "/v1/me", over=over)) == (200, "")


@pytest.mark.feature("B5")
async def test_one_signature_is_heard_once_even_of_twenty_at_once(shop: Shop) -> None:
    agent = await shop.agent()
    request = agent.signed_request("POST", "/v1/api-keys", json=KEY)
    verdicts = await asyncio.gather(*(told(agent, request) for _ in range(20)))
    assert sorted(verdicts) == [(201, "")] + [(401, "replayed")] * 19


async def test_a_retry_with_its_idempotency_key_is_signed_anew_and_answered_alike(shop: Shop) -> None:
    agent = await shop.agent()
    path, body = "/v1/auth/verify-email/resend", None
    first, second = [await agent.post(path, body, headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert first.status_code == second.status_code == 202
    assert second.headers["Idempotent-Replayed"] == "true"


@pytest.mark.feature("B5")
async def test_a_signed_request_to_the_tools_is_heard_once_too(shop: Shop) -> None:
    agent = await shop.agent()
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accepts = {"Accept": "application/json, text/event-stream"}
    request = agent.signed_request("POST", "/mcp", json=listing, headers=accepts)
    assert (await shop.http.send(request)).status_code == 200
    assert await told(agent, request) == (401, "replayed")


Change = Callable[[Agent, httpx.Request], None]


def with_header(name: str, value: str) -> Change:
    def change(_: Agent, request: httpx.Request) -> None:
        request.headers[name] = value

    return change


def another_body(_: Agent, request: httpx.Request) -> None:
    request.stream = httpx.ByteStream(request.read().replace(b"a program", b"A PROGRAM"))


def another_method(_: Agent, request: httpx.Request) -> None:
    request.method = "GET"


def another_path(_: Agent, request: httpx.Request) -> None:
    request.url = request.url.copy_with(raw_path=b"/v1/me/password")


def another_query(_: Agent, request: httpx.Request) -> None:
    request.url = request.url.copy_with(raw_path=request.url.raw_path + b"&z=1")


def no_receipt(_: Agent, request: httpx.Request) -> None:
    del request.headers["X-SIWA-Receipt"]


def no_signature(_: Agent, request: httpx.Request) -> None:
    del request.headers["Signature"]


def two_labels(_: Agent, request: httpx.Request) -> None:
    for name in ("Signature", "Signature-Input"):
        request.headers[name] += ", other" + request.headers[name].removeprefix("eth")


def another_digest(_: Agent, request: httpx.Request) -> None:
    request.headers["Content-Digest"] = f"sha-256=:{b64encode(sha256(b'').digest()).decode()}:"


CHANGES: dict[str, tuple[Change, str]] = {
    "another body": (another_body, "digest_mismatch"),
    "another method": (another_method, "bad_signature"),
    "another path": (another_path, "bad_signature"),
    "another query": (another_query, "bad_signature"),
    "another digest": (another_digest, "bad_signature"),
    "no receipt": (no_receipt, "bad_signature"),
    "no signature": (no_signature, "bad_signature"),
    "two labels": (two_labels, "bad_signature_input"),
    "garbage for an input": (with_header("Signature-Input", "erc8128: ;;;"), "bad_signature_input"),
    "garbage for a signature": (with_header("Signature", "eth=:????:"), "bad_signature_input"),
    "a signature that is no base64": (with_header("Signature", "eth=:A:"), "bad_signature_input"),
    "a signature of nothing": (with_header("Signature", "eth=:AAAA:"), "bad_signature"),
    "garbage for a digest": (with_header("Content-Digest", "md5=:AAAA:"), "bad_digest"),
}


@pytest.mark.feature("B5")
@pytest.mark.parametrize(("change", "code"), CHANGES.values(), ids=CHANGES.keys())
async def test_a_request_that_was_changed_on_its_way_is_refused(shop: Shop, change: Change, code: str) -> None:
    agent = await shop.agent()
    request = agent.signed_request("POST", "/v1/api-keys?x=1", json=KEY)
    change(agent, request)
    assert await told(agent, request) == (401, code)


TERMS: dict[str, tuple[dict[str, Any], str]] = {
    "bound to its class only": ({"over": ["@authority", "X-SIWA-Receipt"]}, "not_request_bound"),
    "without its receipt": ({"over": ["@authority", "@method", "@path"]}, "not_request_bound"),
    "without its query": ({"over": ALL}, "not_request_bound"),
    "a component twice": ({"over": [*ALL, "@query", "@path"]}, "bad_signature_input"),
    "the receipt in both spellings": ({"over": [*ALL, "@query", "x-siwa-receipt"]}, "bad_signature_input"),
    "a component unknown": ({"over": [*ALL, "@query", "@target-uri"]}, "bad_signature_input"),
    "a header that is not there": ({"over": [*ALL, "@query", "x-missing"]}, "bad_signature_input"),
    "replayable": ({"nonce": ""}, "replayable"),
    "another key": ({"keyid": f"erc8128:{CHAIN_ID}:0x{'1' * 40}"}, "bad_keyid"),
    "another chain": ({"keyid": "erc8128:1:{address}"}, "bad_keyid"),
    "no such key": ({"keyid": "me"}, "bad_keyid"),
    "too long": ({"lasts": 301}, "bad_signature_time"),
    "over before it began": ({"lasts": 0}, "bad_signature_time"),
    "expired": ({"begins": -120}, "signature_expired"),
    "of tomorrow": ({"begins": 86_400}, "signature_not_yet_valid"),
}


@pytest.mark.feature("B5")
@pytest.mark.parametrize(("terms", "code"), TERMS.values(), ids=TERMS.keys())
async def test_a_signature_on_other_terms_is_refused(shop: Shop, terms: dict[str, Any], code: str) -> None:
    agent = await shop.agent()
    terms = dict(terms)
    created = int(shop.now.timestamp()) + terms.pop("begins", 0)
    expires = created + terms.pop("lasts", 60)
    if "keyid" in terms:
        terms["keyid"] = terms["keyid"].format(address=agent.address)
    request = agent.signed_request("GET", "/v1/me?x=1", created=created, expires=expires, **terms)
    assert await told(agent, request) == (401, code)


@pytest.mark.feature("B5")
async def test_an_upload_is_signed_as_any_other_body(shop: Shop) -> None:
    agent = await shop.agent()
    form = {"files": {"file": ("me.png", picture(), "image/png")}}
    request = agent.signed_request("POST", "/api/me/avatar", **form)
    assert (await shop.http.send(request)).status_code == 200
    request = agent.signed_request("POST", "/api/me/avatar", **form)
    request.stream = httpx.ByteStream(request.read().replace(b"me.png", b"my.png"))
    assert await told(agent, request) == (401, "digest_mismatch")


async def test_a_body_that_the_signature_does_not_cover_is_refused(shop: Shop) -> None:
    agent = await shop.agent()
    assert await told(agent, agent.signed_request("POST", "/v1/api-keys", over=ALL, json=KEY)) == (
        401,
        "not_request_bound",
    )


@pytest.mark.feature("B5")
async def test_a_stolen_receipt_is_of_no_use_with_another_key(shop: Shop) -> None:
    agent, thief = await shop.agent(), Account.create()
    stolen = Agent(shop, wallet=thief, receipt=agent.receipt, id=agent.id, name=agent.name)
    assert await told(stolen, stolen.signed_request("GET", "/v1/me")) == (401, "bad_keyid")
    keyid = f"erc8128:{CHAIN_ID}:{agent.address}"
    assert await told(stolen, stolen.signed_request("GET", "/v1/me", keyid=keyid)) == (401, "bad_signature")


async def test_an_expired_receipt_is_refused_however_well_signed(shop: Shop) -> None:
    agent = await shop.agent()
    shop.minutes_pass(31)
    assert await told(agent, agent.signed_request("GET", "/v1/me")) == (401, "receipt_expired")


async def test_more_than_six_megabytes_are_not_signed(shop: Shop) -> None:
    agent = await shop.agent()
    assert await told(agent, agent.signed_request("POST", "/v1/api-keys", content=b"x" * 6_000_001)) == (
        413,
        "too_large",
    )


async def test_other_signatures_than_a_wallets_are_nothing_to_us(shop: Shop) -> None:
    headers = {"Signature-Input": 'sig1=("@authority");keyid="bot";tag="web-bot-auth"', "Signature": "sig1=:AAAA:"}
    assert (await shop.http.get("/v1/me", headers=headers)).json()["code"] == "unauthenticated"


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECEIPT = Receipt(
    address="0x70997970C51812dc3A010C7d01b50e0d17dc79C8", chain_id=CHAIN_ID, verified="signature", signer_type="eoa",
    iat=0, exp=0,
)  # fmt: skip
HEAD = f'eth=("@authority" "@method" "@path" "x-siwa-receipt");created={int(NOW.timestamp())}'
REST = f';expires={int(NOW.timestamp()) + 60};nonce="n";keyid="erc8128:{CHAIN_ID}:{RECEIPT.wallet}"'
headers = st.tuples(
    st.sampled_from(["signature-input", "signature", "content-digest", "x-siwa-receipt", "x-other"]),
    st.text()
    | st.text('eth=();:"@ ,\\1;created').map(lambda text: HEAD + text)
    | st.text('eth=();:"@ ,\\1;created').map(lambda text: HEAD + REST + text),
)


@given(st.lists(headers, max_size=5), st.text(max_size=20), st.text(max_size=20), st.text(max_size=8))
def test_no_headers_break_the_reading(given: list[tuple[str, str]], path: str, query: str, method: str) -> None:
    sent = Sent(method, path, query, [("signature-input", HEAD + REST), ("signature", "eth=:AAAA:"), *given])
    for request in (sent, Sent(method, path, query, given)):
        try:
            signed = signed_of(request, RECEIPT, authority="shop.example", now=NOW)
        except BadSignature:
            continue
        assert signed.address == RECEIPT.wallet and not query


printable = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["X-SIWA-Receipt", "Signature-Input", "Signature", "Content-Digest", "Authorization"]),
        printable | printable.map(lambda text: HEAD + REST + text),
    )
)
async def test_no_headers_break_a_door(shop: Shop, given: dict[str, str]) -> None:
    sent = [(name.encode(), value.strip().encode("latin-1")) for name, value in given.items()]
    for path in ("/api/products", "/v1/me"):
        answer = await shop.http.get(path, headers=sent)
        assert answer.status_code in (400, 401), answer.text


def test_the_window_of_a_signature_is_kept_to_the_second() -> None:
    def at(now: datetime) -> None:
        headers = [("signature-input", HEAD + REST), ("signature", "eth=:AAAA:"), ("x-siwa-receipt", "r")]
        signed_of(Sent("GET", "/", "", headers), RECEIPT, authority="shop.example", now=now)

    for good in (NOW - timedelta(seconds=30), NOW, NOW + timedelta(seconds=60)):
        at(good)
    for bad in (NOW - timedelta(seconds=31), NOW + timedelta(seconds=61)):
        with pytest.raises(BadSignature):
            at(bad)
