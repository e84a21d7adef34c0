"""A bug of ours tells no secret: everything is made to raise, secrets lie wherever one can, and all logs are read."""

import copy
import dataclasses
import json
import pickle
import pprint
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import msgspec
import pytest

from purvey import letters
from purvey.access import EmailVerificationAsked
from purvey.access.guards import SESSION_COOKIE
from purvey.app import litestar
from purvey.kit.db import connect
from purvey.kit.events import flusher, publish
from purvey.kit.secret import Secret
from purvey.payments.gateway import Credentials
from purvey.settings import Settings, SettingsError, read_settings
from purvey.worker import MAX_ATTEMPTS
from purvey.world import World
from tests.access.test_every_door import Door, doors_of, place_of
from tests.conftest import fresh_database
from tests.proof.breaking import WORDS
from tests.proof.program import BREAKING, Program
from tests.vocabulary.shop import Clock, Person, Shop, eventually

PASSWORD = "a-visitors-password-planted"
RECEIPT = "a-receipt-planted.with-its-seal-planted"
NETWORK = "eip155:84532"
PLANTED = {
    "PURVEY_SECRET_KEY": "the-secret-key-planted-0123456789-abcdefgh",
    "PURVEY_STRIPE_SECRET_KEY": "sk_test_planted0123456789",
    "PURVEY_STRIPE_WEBHOOK_SECRET": "whsec_planted0123456789",
    "PURVEY_SMTP_URL": "smtp://shop:smtp-password-planted@127.0.0.1:9",
    "PURVEY_RPC_URLS": f"{NETWORK}=http://127.0.0.1:9/rpc-key-planted",
    "PURVEY_X402_FACILITATOR_KEY": "0x" + "1234567890abcdef" * 4,
}
OTHERS = {"PURVEY_X402_NETWORKS": NETWORK, "PURVEY_SIWA_PLAIN_WALLETS": "1", "PURVEY_SIGN_UP_LIMIT": "0"}
FAILED = "select traceback::text from pgqueuer_log where traceback is not null"


def words_of(dsn: str, *more: str) -> list[str]:
    """What no log may hold: each secret without what it stands in."""
    url = cast(re.Match[str], re.search(r"postgres:([^@]+)@", dsn))
    values = [value.rpartition("=")[2].rpartition("/")[2].removeprefix("0x") for value in PLANTED.values()]
    return ["smtp-password-planted", url[1], PASSWORD, *RECEIPT.split("."), *values, *more]


@pytest.fixture(params=["json", "plain"])
async def breaking(request: pytest.FixtureRequest, postgres: str, tmp_path: Path, worker_id: str) -> Iterator[Program]:
    program = Program(tmp_path / "home", await fresh_database(postgres, f"breaking_{worker_id}"), called=BREAKING)
    await program.serves(**PLANTED, **OTHERS, PURVEY_LOG_FORMAT=request.param)
    yield program
    program.stops()


@pytest.mark.feature("C17")
async def test_what_breaks_in_a_door_a_page_a_reaction_or_a_sweep_tells_no_secret(
    breaking: Program, shop: Shop
) -> None:
    db = await connect(breaking.dsn)
    there = Shop(cast(World, SimpleNamespace(db=db)), base_url=breaking.base_url, clock=Clock(), http=shop.http)
    ana = await there.author("ana")
    await db.do("update users set is_admin = true where id = $1", ana.id)
    db.flush = flusher(letters.reactions(Settings(home=breaking.home, secret_key="k" * 40)))
    async with db.transaction() as tx:
        publish(tx, EmailVerificationAsked(subject_id=ana.id, tenant_id=None, at=there.now))

    (breaking.home / "broken").touch()
    await db.do("update pgqueuer set attempts = $1, execute_after = now()", MAX_ATTEMPTS)
    token = Secret(PLANTED["PURVEY_SECRET_KEY"]).sign(f"form\n{ana.token}".encode()).hex()
    broke = 0
    async with httpx.AsyncClient(base_url=breaking.base_url, timeout=30) as http:
        for door in doors_of(shop):
            for answer in [await asks(http, door, ana, token) for asks in (by_token, by_cookie, by_receipt)]:
                broke += answer.status_code == 500

    async def all_has_failed() -> bool:
        log = breaking.log.read_text()
        return "sweep failed" in log and "entrypoint/job-id" in log and await db.value(FAILED) is not None

    await eventually(all_has_failed)
    for command in (("audit",), ("doctor",), ("queues", "list"), ("token", "--email", ana.email)):
        _, said = await breaking.runs(*command, **PLANTED, **OTHERS)
        assert not [word for word in words_of(breaking.dsn) if word in said], said
    log = breaking.log.read_text()
    told = [record["traceback"] for record in await db.records(FAILED)]
    await db.pool.close()
    assert broke > 40 and log.count("request crashed") >= broke
    assert log.count(WORDS) > broke and WORDS in "".join(told)
    for word in words_of(breaking.dsn, ana.token, token):
        assert word not in log and word not in "".join(told), word


async def by_token(http: httpx.AsyncClient, door: Door, person: Person, _: str) -> httpx.Response:
    body = None if door.method in ("GET", "HEAD") else {"email": "a@example.com", "password": PASSWORD}
    headers = {"Authorization": f"Bearer {person.token}"}
    return await http.request(door.method, place(door, person), json=body, headers=headers)


async def by_cookie(http: httpx.AsyncClient, door: Door, person: Person, token: str) -> httpx.Response:
    data = None if door.method in ("GET", "HEAD") else {"csrf": token, "password": PASSWORD}
    headers = {"Cookie": f"{SESSION_COOKIE}={person.token}", "Accept": "text/html"}
    return await http.request(door.method, place(door, person), data=data, headers=headers)


async def by_receipt(http: httpx.AsyncClient, door: Door, person: Person, _: str) -> httpx.Response:
    return await http.request(door.method, place(door, person), headers={"X-SIWA-Receipt": RECEIPT})


def place(door: Door, person: Person) -> str:
    assert person.site is not None
    return place_of(door, person.site)


WALKS: list[Callable[[Any], str]] = [
    repr,
    str,
    "{}".format,
    "{!a}".format,
    lambda thing: f"{thing}",
    pprint.pformat,
    lambda thing: str(getattr(thing, "__dict__", "")),
    lambda thing: msgspec.json.encode(thing, enc_hook=repr).decode(),
    lambda thing: str(msgspec.to_builtins(thing, enc_hook=repr)),
    lambda thing: str(msgspec.structs.asdict(thing)),
    lambda thing: json.dumps(msgspec.structs.asdict(thing), default=str),
    lambda thing: "".join(traceback.TracebackException.from_exception(raised(thing), capture_locals=True).format()),
]


def raised(held: Any) -> Exception:
    secret = next(value for value in msgspec.structs.asdict(held).values() if isinstance(value, Secret))
    try:
        raise RuntimeError(f"{held} {secret}")
    except RuntimeError as error:
        return error


def test_settings_and_credentials_show_no_secret_however_they_are_walked(tmp_path: Path) -> None:
    given = (
        PLANTED
        | OTHERS
        | {"PURVEY_HOME": str(tmp_path), "PURVEY_DATABASE_URL": "postgresql://postgres:db-planted@db/x"}
    )
    for held in (
        read_settings(given),
        msgspec.structs.replace(read_settings(given), base_url="http://other.example"),
        Credentials(Secret("sk_live_planted0123456789"), Secret("whsec_planted0123456789")),
    ):
        for walk in WALKS:
            told = walk(held)
            assert "planted" not in told.replace("sk_live_planted0123456789"[-4:], "") and "90abcdef12" not in told, (
                told
            )
        for takes_it_along in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError):
                takes_it_along(held)


@dataclasses.dataclass
class Holder:
    secret: Secret


def test_a_secret_is_equal_to_itself_alone_and_is_said_only_when_asked() -> None:
    secret = Secret("planted")
    assert secret.reveal() == "planted"
    assert secret == Secret("planted") and secret != Secret("other") and secret != "planted"
    assert {secret: 1}[Secret("planted")] == 1 and not Secret("") and secret
    for told in (f"{secret!r:>20}", str(dataclasses.asdict), repr(Holder(secret)), f"{secret:>20}"):
        assert "planted" not in told


@pytest.mark.parametrize("name", ["BASE_URL", "STRIPE_API_BASE", "STORAGE_URL"])
def test_an_address_that_is_shown_may_hold_no_password(tmp_path: Path, name: str) -> None:
    scheme = "s3" if name == "STORAGE_URL" else "https"
    given = {"PURVEY_HOME": str(tmp_path), f"PURVEY_{name}": f"{scheme}://key:planted@bucket.example"}
    with pytest.raises(SettingsError, match=f"PURVEY_{name} .* without") as refused:
        read_settings(given, demo=True)
    assert "planted" not in str(refused.value)


def test_every_setting_named_after_a_secret_is_held_as_one() -> None:
    """A new one cannot be forgotten: what is called a key, a secret or a password is a Secret."""
    plain = [
        field.name
        for field in msgspec.structs.fields(Settings)
        if re.search("key|secret|password|token", field.name) and "Secret" not in str(field.type)
    ]
    assert plain == []


HEADERS = (
    "authorization", "cookie", "x-siwa-receipt", "idempotency-key", "if-match", "if-none-match", "range", "if-range",
    "accept", "accept-language", "accept-encoding", "content-type", "origin", "payment-signature", "x-payment",
    "signature", "signature-input", "content-digest", "stripe-signature", "webhook-id", "webhook-timestamp",
    "webhook-signature", "user-agent", "mcp-protocol-version", "x-forwarded-for", "x-request-id",
)  # fmt: skip
ODD = [
    b"\xe9",
    "straße=ß; purvey_session=ps_ß; purvey_visitor=ß".encode(),
    b"Bearer \xff\xfe",
    b"v1,\xe9",
    b"t=1,v1=\xe9",
]


async def test_no_header_outside_of_ascii_is_a_bug_of_ours_at_any_door(shop: Shop) -> None:
    ana = await shop.author("ana")
    assert ana.site is not None
    wrong: list[str] = []
    for door in doors_of(shop):
        for odd in ODD:
            headers = [(name.encode(), odd) for name in HEADERS if name not in ("content-type", "content-length")]
            for kind in (b"application/json", odd):
                answer = await shop.http.request(
                    door.method, place_of(door, ana.site), content=b"{}", headers=[*headers, (b"content-type", kind)]
                )
                if answer.status_code >= 500:
                    wrong.append(f"{door.name}: {odd!r}: {answer.text[:100]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("where", ["cookie", "field", "query"])
async def test_a_forms_token_outside_of_ascii_is_a_forged_one(shop: Shop, where: str) -> None:
    odd, author = "ß\u20ac", await shop.author()
    visitor = f"purvey_visitor={odd if where == 'cookie' else 'abc'}".encode()
    cookie = f"{SESSION_COOKIE}={author.token}".encode() if where == "query" else visitor
    headers = {b"Cookie": cookie, b"Accept": b"text/html"}
    product = await author.sells("Guide")
    upload = f"/products/{product['id']}/cover?csrf=%C3%9F"
    path = upload if where == "query" else "/sign-in"
    answer = await shop.http.post(path, data={"csrf": odd, "email": "a@example.com", "password": odd}, headers=headers)
    assert answer.status_code == 403 and "out of date" in answer.text, answer.text


def test_the_framework_itself_shows_nothing_of_a_bug(shop: Shop) -> None:
    assert litestar(shop.world).debug is False
