"""What was read may be sent back whole; what is changed in it and cannot be is refused by its name."""

from typing import Any

import pytest
import requests

from tests.proof.apart import Apart
from tests.protocol.described import DESCRIBED, DOORS
from tests.protocol.known import Known
from tests.protocol.wrong import resolved

# What changes by itself, and may say whatever it said when it was read.
VOLATILE = {
    "updatedAt", "soldCount", "stock", "version", "chapterCount", "usedCount", "reservedCount",
    "updated_at", "sold_count", "remaining", "is_complete",
}  # fmt: skip
# What is refused because of another field, which is the one to send.
MEANT_WITH = {
    "useRedirectUrl": "redirectUrl", "licenseEnabled": "licenseText", "isLimited": "totalQuantity",
    "use_redirect_url": "redirect_url", "license_enabled": "license_text", "is_scheduled": "scheduled_at",
    "is_limited_quantity": "max_quantity", "availableFrom": "availableUntil",
}  # fmt: skip
INSIDE = ("product", "user")  # where agents' answers have the thing itself
RESOURCES = [
    (path, method)
    for path, method in DOORS
    if method in ("put", "patch") and (path, "get") in DOORS and "gateways" not in path and "media" not in path
]


def resources() -> Any:
    return pytest.mark.parametrize(
        ("path", "method"), RESOURCES, ids=[f"{method.upper()} {path}" for path, method in RESOURCES]
    )


def fields_of(path: str, method: str) -> set[str]:
    form = DESCRIBED["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    return set(resolved(form)["properties"])


class Resource:
    """A thing that is read and changed at one address."""

    def __init__(self, apart: Apart, path: str, method: str) -> None:
        known = Known(apart)
        names = [one["name"] for one in DESCRIBED["paths"][path][method].get("parameters", []) if one["in"] == "path"]
        self.url = apart.base_url + path.format(**{name: known.at(name, path) for name in names})
        self.headers, self.method = {"Authorization": f"Bearer {known.who_asks(path).token}"}, method

    def read(self) -> dict[str, Any]:
        said = requests.get(self.url, headers=self.headers, timeout=30).json()
        thing: dict[str, Any] = next((said[name] for name in INSIDE if name in said), said)
        return thing

    def sent(self, body: dict[str, Any]) -> requests.Response:
        return requests.request(self.method, self.url, json=body, headers=self.headers, timeout=30)


def changed(value: Any) -> Any:  # noqa: PLR0911 - a case for each kind
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str() if value[:2] == "20" and value.endswith("Z"):
            return f"2001{value[4:]}"
        case str():
            return f"{value[:-1]}{'1' if value[-1:] != '1' else '2'}"
        case list():
            return [*value, *(value[:1] or ["x"])]
        case dict() if not value:
            return {"level": ["gold"]}
        case dict():
            return {name: changed(each) for name, each in value.items()}
    return "2001-01-01T00:00:00Z"


def test_what_can_be_read_and_changed_is_walked() -> None:
    assert {path for path, _ in RESOURCES} >= {
        "/v1/me", "/v1/tenants/{tenant_id}", "/v1/sites/{site_id}", "/v1/sites/{site_id}/products/{product_id}",
        "/v1/sites/{site_id}/series/{series_id}", "/v1/sites/{site_id}/chapters/{chapter_id}",
        "/v1/sites/{site_id}/discount-codes/{code_id}", "/api/products/{product_id}", "/api/me",
    }  # fmt: skip


def without_volatile(thing: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if name not in VOLATILE}


@resources()
def test_what_was_read_may_be_sent_back_whole_and_nothing_changes(apart: Apart, path: str, method: str) -> None:
    resource = Resource(apart, path, method)
    before = resource.read()
    assert set(before) <= fields_of(path, method)
    answer = resource.sent(before)
    assert answer.status_code == 200, answer.text
    assert without_volatile(resource.read()) == without_volatile(before)


@resources()
def test_a_change_of_what_cannot_change_is_refused_by_its_name(apart: Apart, path: str, method: str) -> None:
    resource = Resource(apart, path, method)
    before, wrong = resource.read(), []
    for name in list(before):
        if name == "version":
            continue
        value = before[name]
        answer = resource.sent({name: changed(value)})
        after = resource.read()
        if name in VOLATILE:
            fine = answer.status_code == 200
        elif answer.status_code == 200:
            fine = after[name] != before[name]
        else:
            named = {error["pointer"].split("/")[1] for error in answer.json().get("errors", [])}
            itself = name in named or MEANT_WITH.get(name) in named
            fine = answer.status_code in (400, 409, 422) and itself
        if not fine:
            wrong.append((name, value, answer.status_code, answer.text[:300]))
        before = after
    assert wrong == []
