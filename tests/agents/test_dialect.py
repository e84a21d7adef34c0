"""What agents are told when something is wrong: always the same few words, and the source's own where it has some."""

from typing import Any

import httpx
import pytest
from litestar import Request

from purvey.agents.http import SOURCE, refusal_of, translated
from purvey.kit.errors import Conflict, Invalid, Refusal
from purvey.kit.problems import refuse
from tests.vocabulary.shop import Shop

MISSING = "019a0000-0000-7000-8000-000000000000"


def refused(answer: httpx.Response, status: int, error: str | None = None, code: str | None = None) -> dict[str, Any]:
    """The body of a refusal in the dialect."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert body["success"] is False and body["error"] and body["code"], body
    assert error is None or body["error"] == error, body
    assert code is None or body["code"] == code, body
    return body


@pytest.mark.feature("B11")
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("product_not_found", 404, "Product not found"),
        ("not_available_yet", 400, "Product is not available yet"),
        ("sale_ended", 400, "This sale has ended"),
        ("sold_out", 400, "This product is sold out"),
        ("discount_used_up", 400, "Invalid discount code"),
        ("duplicate_transaction", 409, "Duplicate transaction"),
        ("cannot_review", 403, "Cannot review"),
        ("already_reviewed", 409, "Already reviewed"),
    ],
)
def test_the_source_words_each_of_its_errors(code: str, status: int, error: str) -> None:
    said, body = said_of(Conflict("Because", code=code, extra={"status": "confirmed", "orderNumber": 7}))
    assert (said, body["success"], body["error"], body["code"]) == (status, False, error, code)
    assert (body["detail"], body["status"], body["order_number"]) == ("Because", "confirmed", 7)


def test_bad_input_is_400_and_what_names_its_fields_speaks_as_agents_do() -> None:
    status, body = said_of(Invalid.field("/totalQuantity", "A limited product needs a totalQuantity"))
    assert (status, body["error"]) == (400, "A limited product needs a max_quantity")
    assert "detail" not in body
    assert body["errors"] == [
        {"pointer": "/max_quantity", "detail": "A limited product needs a max_quantity", "code": "invalid"}
    ]


def said_of(refusal: Refusal) -> tuple[int, dict[str, Any]]:
    request: Request[Any, Any, Any] = Request({"type": "http", "state": {}})  # type: ignore[typeddict-item]
    return refusal_of(refuse(request, refusal), refusal)


def test_words_that_are_no_names_stay() -> None:
    assert translated("The 2 copies of ANA are sold") == "The 2 copies of ANA are sold"
    assert translated("query:perPage") == "query:per_page"


async def test_what_the_framework_refuses_is_said_in_the_dialect(shop: Shop) -> None:
    refused(await shop.http.get("/api"), 404, code="not_found")
    refused(await shop.http.get("/api/nothing/here"), 404, code="not_found")
    refused(await shop.http.get("/api/nothing/here", headers={"Accept": "text/html"}), 404)
    answer = await shop.http.delete("/api/products/public")
    refused(answer, 405, code="method_not_allowed")
    assert "GET" in answer.headers["allow"]
    refused(await shop.http.get(f"/api/products/public/{MISSING}"), 404, "Product not found", "product_not_found")
    refused(await shop.http.get("/api/products/public?limit=x"), 400, code="invalid")


def test_every_text_of_the_source_has_a_status_that_refuses() -> None:
    assert all(400 <= said.status < 500 and said.error for said in SOURCE.values())


@pytest.mark.feature("B11")
@pytest.mark.parametrize("path", ["/API/products/public", "/Api", "/api/No/Such/Door", "/API"])
async def test_an_address_speaks_as_the_doors_do_whose_beginning_it_has_in_whatever_case(shop: Shop, path: str) -> None:
    body = refused(await shop.http.get(path), 404, code="not_found")
    assert body["error"] == "There is nothing at this address; GET /schema/openapi.json lists every door"


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/siwa/nonce", 405), ("POST", "/siwa", 404), ("POST", "/SIWA/Nonce", 404), ("GET", "/siwa/else", 404),
])  # fmt: skip
async def test_beside_the_doors_of_signing_in_one_is_refused_as_they_refuse(
    shop: Shop, method: str, path: str, status: int
) -> None:
    answer = await shop.http.request(method, path)
    said = answer.json()
    assert (answer.status_code, said["status"]) == (status, "rejected")
    assert said["code"] and said["error"] and said["skill"]["name"] == "@buildersgarden/siwa"


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
@pytest.mark.parametrize("path", [
    "/siwa", "/siwa/else", "/SIWA/Nonce", "/siwa/nonce", "/api", "/API/else", "/mcp/else", "/MCP", "/v1/else", "/V1",
    "/schema/else", "/schema/else/else", "/SCHEMA", "/healthz/else",
])  # fmt: skip
async def test_beside_doors_of_programs_nobody_is_shown_a_page(shop: Shop, path: str, accept: str) -> None:
    """What a browser accepts, too, leads to no page there, and breaks nothing."""
    answer = await shop.http.get(path, headers={"Accept": accept})
    assert answer.status_code == (405 if path == "/siwa/nonce" else 404)
    said = answer.json()
    assert said["code"] in ("not_found", "method_not_allowed")
    assert said.get("error") or said["title"]


async def test_a_wrong_method_is_told_which_are_right(shop: Shop) -> None:
    answer = await shop.http.delete("/api/products/public")
    assert refused(answer, 405)["error"] == f"This address takes {answer.headers['allow']}, and not DELETE"
    problem = (await shop.http.put("/V1/purchases")).json()
    assert (problem["status"], problem["code"]) == (404, "not_found")
    problem = (await shop.http.put("/v1/purchases")).json()
    assert (problem["status"], problem["code"]) == (405, "method_not_allowed")
    assert problem["detail"].startswith("This address takes ") and problem["detail"].endswith(", and not PUT")
