"""A word that is no id, an id that nothing has, and somebody else's have one answer, which names the thing."""

import json
from typing import Any

import pytest
import requests

from tests.proof.apart import Apart
from tests.protocol.described import DESCRIBED, DOORS
from tests.protocol.known import Known
from tests.protocol.wrong import options, resolved

MALFORMED = ["no-such-id", "1", "019a0000-0000-7000-8000-00000000000Z", "%F0%9F%92%A9", "a%00b"]
UNKNOWN = "019a0000-0000-7000-8000-000000000000"
# What a door's body must hold before it looks for anything.
WHOLE: dict[str, Any] = {
    "role": "EDITOR",
    "ids": [],
    "isActive": True,
    "reason": "It was sent twice",
    "transactionHash": f"0x{'0' * 64}",
    "transaction": f"0x{'0' * 64}",
    "amount": 1,
    "body": "Which sky is it?",
    "rating": 5,
    "text": "A fine sky",
    "title": "The Sky",
    "seriesId": UNKNOWN,
    "name": "The Sky",
    "code": "SPRING",
    "discountType": "PERCENTAGE",
    "value": 20,
    "fileName": "atlas.zip",
    "media": [],
    "mediaOrders": [{"id": UNKNOWN, "displayOrder": 1}],
    "media_orders": [{"id": UNKNOWN, "display_order": 1}],
    "media_id": UNKNOWN,
    "productId": UNKNOWN,
    "product_id": UNKNOWN,
    "file_id": UNKNOWN,
    "filename": "atlas.zip",
    "content_type": "application/zip",
    "buyer_wallet_address": f"0x{'0' * 40}",
    "itemType": "product",
    "secretKey": "sk_test_nobody",
    "webhookSecret": f"whsec_{'w' * 32}",
    "email": "eve@example.com",
    "orders": [{"id": UNKNOWN, "displayOrder": 1}],
    "fulfilment": "FULFILLED",
    "contentType": "application/zip",
    "currencyCode": "EUR",
    "payer_wallet_address": f"0x{'0' * 40}",
    "scopes": ["ViewProducts"],
    "youtubeUrl": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    "state": "DONE",
    "isHidden": True,
    "slug": "sky",
}
# Whom an id of another shop's thing is no secret to: everybody, or who oversees all shops.
OPEN_TO_ALL = ("/admin/", "/platform/", "/v1/chapters/", "/reviews", "/products/public/")
# Who calls must be proved, or the shop must take USDC, before anything is looked for.
ASKED_BEFORE = ("/webhooks/", "/buy")
Answer = tuple[int, dict[str, Any]]


def named(path: str, method: str, place: str) -> list[str]:
    """The ids that a door reads of its path or query."""
    parameters = DESCRIBED["paths"][path][method].get("parameters", [])
    return [one["name"] for one in parameters if one["in"] == place and is_id(one["schema"])]


def is_id(schema: dict[str, Any]) -> bool:
    return any("uuid" in (way.get("format"), way.get("items", {}).get("format")) for way in options(schema))


def sent_as(field: dict[str, Any], word: str) -> str | list[str]:
    """A word as an id of the field, or as one of its ids."""
    return [word] if any(way.get("type") == "array" for way in options(field)) else word


def bodies_of(path: str, method: str) -> dict[str, Any]:
    """What a door reads, by its kind."""
    content: dict[str, Any] = DESCRIBED["paths"][path][method].get("requestBody", {}).get("content", {})
    return content


def form_of(path: str, method: str) -> dict[str, Any]:
    """The fields of a door's JSON body."""
    content = bodies_of(path, method)
    return resolved(content["application/json"]["schema"]) if "application/json" in content else {}


IN_PATHS = [(*door, name) for door in DOORS for name in named(*door, "path")]
IN_QUERIES = [(*door, name) for door in DOORS for name in named(*door, "query")]
IN_BODIES = [
    (*door, name) for door in DOORS for name, field in form_of(*door).get("properties", {}).items() if is_id(field)
]


def places(found: list[tuple[str, str, str]]) -> Any:
    ids = [f"{method.upper()} {path} {name}" for path, method, name in found]
    return pytest.mark.parametrize(("path", "method", "name"), found, ids=ids)


class Asker:
    """Who asks one door again and again, with one id that differs."""

    def __init__(self, apart: Apart, path: str, method: str) -> None:
        self.apart, self.path, self.method = apart, path, method
        self.known = Known(apart)
        self.real = {
            one["name"]: self.known.at(one["name"], path)
            for one in DESCRIBED["paths"][path][method].get("parameters", [])
            if one["in"] == "path"
        }
        self.headers = {"Authorization": f"Bearer {self.known.who_asks(path).token}"}

    def whole(self) -> dict[str, Any]:
        """A body that lacks nothing."""
        wallet = {"buyer_wallet_address": self.known.value("address")}
        return {name: (WHOLE | wallet)[name] for name in form_of(self.path, self.method).get("required", [])}

    def told(self, *, query: str = "", body: dict[str, Any] | None = None, **instead: str) -> Answer:
        url = f"{self.apart.base_url}{self.path.format(**self.real | instead)}{query}"
        sent: dict[str, Any] = {} if self.method in ("get", "head") else {"json": self.whole()}
        if "multipart/form-data" in bodies_of(self.path, self.method):
            sent = {"files": {"file": ("sky.png", b"\x89PNG")}}
        if body is not None:
            sent = {"json": body}
        answer = requests.request(self.method, url, headers=self.headers, timeout=30, **sent)
        return answer.status_code, without_its_own(answer)


def without_its_own(answer: requests.Response) -> dict[str, Any]:
    """What an answer says, but for the id of the request."""
    said: dict[str, Any] = json.loads(answer.content or b"{}")
    return {name: word for name, word in said.items() if name not in ("requestId", "request_id")}


def names_a_thing(answer: Answer) -> bool:
    status, said = answer
    sentence = said.get("error") or said.get("detail") or ""
    return status == 404 and said["code"] != "method_not_allowed" and sentence not in ("", "Not Found")


@pytest.mark.feature("B2", "B11", "C19")
@places(IN_PATHS)
def test_what_no_path_leads_to_is_named_alike_however_it_is_written(
    apart: Apart, path: str, method: str, name: str
) -> None:
    asker = Asker(apart, path, method)
    unknown = asker.told(**{name: UNKNOWN})
    assert method == "head" or any(part in path for part in ASKED_BEFORE) or names_a_thing(unknown), unknown
    assert [asker.told(**{name: word}) for word in MALFORMED] == [unknown] * len(MALFORMED)
    if not any(part in path for part in OPEN_TO_ALL + ASKED_BEFORE):
        assert asker.told(**{name: Known(apart).at(name, path)}) == unknown


@places(IN_QUERIES)
def test_a_query_that_names_nothing_is_answered_alike_however_it_is_written(
    apart: Apart, path: str, method: str, name: str
) -> None:
    asker = Asker(apart, path, method)
    unknown = asker.told(query=f"?{name}={UNKNOWN}")
    assert [asker.told(query=f"?{name}={word}") for word in MALFORMED] == [unknown] * len(MALFORMED)


@places(IN_BODIES)
def test_a_body_that_names_nothing_is_answered_alike_however_it_is_written(
    apart: Apart, path: str, method: str, name: str
) -> None:
    asker, field = Asker(apart, path, method), form_of(path, method)["properties"][name]
    unknown = asker.told(body=asker.whole() | {name: sent_as(field, UNKNOWN)})
    for word in ("no-such-id", "", "1", "💩"):
        assert asker.told(body=asker.whole() | {name: sent_as(field, word)}) == unknown
