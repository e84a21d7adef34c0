"""What the search of the doors puts into their paths are rows that are there, or it would see nothing but 404."""

import pytest

from tests.proof.apart import Apart
from tests.protocol.described import DESCRIBED, DOORS
from tests.protocol.known import MAKERS, NOWHERE, Known


def in_path(path: str, method: str) -> list[str]:
    return [one["name"] for one in DESCRIBED["paths"][path][method].get("parameters", []) if one["in"] == "path"]


NAMES = sorted({name for door in DOORS for name in in_path(*door)})
# What is there only once something else was made.
FIRST = {
    "/v1/tenants/{tenant_id}/gateways/stripe": "gateway_keys",
    "/v1/purchases/{purchase_id}/refund-request": "ticket_id",
}
READ = [path for path, method in DOORS if method == "get" and in_path(path, method)]


@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_of_a_path_has_a_known_id(apart: Apart, name: str) -> None:
    assert name in MAKERS, f"say in known.py how a {name} is made"
    assert Known(apart).value(name) != NOWHERE


@pytest.mark.parametrize("path", READ)
def test_what_is_read_by_known_ids_is_there(apart: Apart, path: str) -> None:
    known = Known(apart)
    if path in FIRST:
        known.value(FIRST[path])
    asks = known.who_asks(path)
    answer = apart.tell(asks.get(path.format(**{name: known.value(name) for name in in_path(path, "get")})))
    assert answer.status_code != 404, answer.text
