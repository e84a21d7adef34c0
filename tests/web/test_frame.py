"""What every page keeps to: its headers, its static files, and a refusal that people can read."""

import re

from purvey.access.guards import SESSION_COOKIE
from tests.vocabulary import Shop


async def test_a_page_lets_nothing_foreign_run_and_is_framed_by_nobody(shop: Shop) -> None:
    r = await shop.http.get("/")
    assert r.status_code == 200
    assert r.headers["content-type"].startswith("text/html")
    policy = r.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy and "script-src" not in policy
    assert r.headers["x-frame-options"] == "DENY"
    assert r.headers["x-content-type-options"] == "nosniff"
    assert r.headers["referrer-policy"] == "same-origin"
    assert "<script" not in r.text and not re.search(r"\sstyle=|\son\w+=", r.text)


async def test_static_files_are_kept_for_a_year_under_a_name_that_changes_with_them(shop: Shop) -> None:
    html = (await shop.http.get("/")).text
    path = re.search(r'href="(/static/[^"]+\.css)"', html)
    assert path
    r = await shop.http.get(path.group(1))
    assert r.status_code == 200 and r.headers["content-type"].startswith("text/css")
    assert "immutable" in r.headers["cache-control"]
    old = await shop.http.get(re.sub(r"/static/[^/]+/", "/static/0123456789ab/", path.group(1)))
    assert old.text == r.text and "immutable" not in old.headers["cache-control"]
    assert (await shop.http.get("/static/x/../../app.py")).status_code == 404
    assert (await shop.http.get("/static/x/nothing.css")).status_code == 404


async def test_an_address_that_nothing_is_at_is_a_page_for_people_and_json_for_machines(shop: Shop) -> None:
    html = {"Accept": "text/html,application/xhtml+xml"}
    for path in ("/nothing", "/nothing/at/all", "/s/not-a-shop/shop"):
        r = await shop.http.get(path, headers=html)
        assert r.status_code == 404 and "There is nothing here" in r.text
        assert r.headers["x-request-id"] in r.text
        assert r.headers["content-security-policy"]
    for path, headers in (("/nothing", {}), ("/v1/nothing", html)):
        r = await shop.http.get(path, headers=headers)
        assert r.status_code == 404 and r.json()["code"] == "not_found"


async def test_the_back_button_shows_nothing_private_after_signing_out(shop: Shop) -> None:
    ben = await shop.person("ben")
    for path in ("/account", "/purchases", "/"):
        r = await shop.http.get(path, headers={"Cookie": f"{SESSION_COOKIE}={ben.token}"})
        assert r.status_code == 200 and r.headers["cache-control"] == "no-store", path
    assert (await shop.http.get("/")).headers["cache-control"] == "private, no-cache"


async def test_a_form_may_lead_to_the_checkout_of_a_tenants_own_stripe_account(shop: Shop) -> None:
    policy = (await shop.http.get("/")).headers["content-security-policy"]
    assert "https://checkout.stripe.com" in policy.partition("form-action")[2]
