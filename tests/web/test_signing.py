"""Signing up, in and out on pages; forms that are ours, and nobody led elsewhere."""

import pytest

from purvey.access import Purpose
from purvey.access.guards import SESSION_COOKIE
from purvey.kit.ids import new_token
from tests.vocabulary import Shop
from tests.vocabulary.people import mailed_token, signs_up
from tests.web.browsing import Browser

PASSWORD = "correct horse battery"


def fresh_email() -> str:
    return f"{new_token()[:12].lower().replace('_', 'a').replace('-', 'b')}@example.com"


async def test_a_person_signs_up_and_is_led_on_then_out_and_in_again(shop: Shop) -> None:
    browser, email = Browser(shop), fresh_email()
    r = await browser.open("/account")
    assert r.url.path == "/sign-in" and r.url.params["next"] == "/account"
    await browser.open("/sign-up?next=/account")
    r = await browser.send("/sign-up", displayName="Noor", email=email, password=PASSWORD)
    assert r.status_code == 200 and r.url.path == "/account" and email in r.text
    set_cookie = r.history[0].headers["set-cookie"]
    assert "HttpOnly" in set_cookie and "samesite=lax" in set_cookie.lower() and "Path=/" in set_cookie
    r = await browser.send("/sign-out")
    assert r.url.path == "/" and "Sign in" in r.text
    assert (await browser.open("/account")).url.path == "/sign-in"
    r = await browser.send("/sign-in", email=email, password="something else")
    assert r.status_code == 401 and "wrong" in r.text and f'value="{email}"' in r.text
    assert "something else" not in r.text
    r = await browser.send("/sign-in", email=email, password=PASSWORD)
    assert r.url.path == "/account"


async def test_what_was_typed_stays_and_the_error_stands_beside_its_field(shop: Shop) -> None:
    browser = Browser(shop)
    await browser.open("/sign-up")
    r = await browser.send("/sign-up", displayName="<b>Noor</b>", email=fresh_email(), password="short")
    assert r.status_code in (400, 422)
    assert "&lt;b&gt;Noor&lt;/b&gt;" in r.text and "<b>Noor" not in r.text
    assert 'id="e-password"' in r.text and 'aria-describedby="h-password e-password"' in r.text


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1",
        "evil",
        "",
    ],
)
async def test_signing_in_never_leads_to_another_site(shop: Shop, elsewhere: str) -> None:
    browser, email = Browser(shop), fresh_email()
    await browser.open("/sign-up")
    r = await browser.send("/sign-up", displayName="Noor", email=email, password=PASSWORD, next=elsewhere, follow=False)
    assert r.status_code == 303 and r.headers["location"] == "/?done=welcome"
    r = await browser.http.get("/sign-in", params={"next": elsewhere})
    assert r.headers["location"] == "/"


async def test_a_form_of_somebody_else_is_refused_and_changes_nothing(shop: Shop) -> None:
    noor, eve = await shop.person("noor"), await shop.person("eve")
    hers, mine = Browser(shop, noor), Browser(shop, eve)
    await mine.open("/account")
    forged = mine.form("^/account$")["fields"] | {"displayName": ["Forged"]}
    for data in (forged, {"displayName": ["Forged"], "username": [noor.name]}, forged | {"csrf": [""]}):
        r = await hers.http.post("/account", data=data)
        assert r.status_code == 403 and "reload" in r.text
    await hers.open("/account")
    assert "Forged" not in hers.page.text
    r = await hers.http.post("/account", json={"displayName": "Forged"})
    assert r.status_code == 403


async def test_a_visitors_form_is_tied_to_the_visitor(shop: Shop) -> None:
    one, other, email = Browser(shop), Browser(shop), fresh_email()
    await one.open("/sign-up")
    await other.open("/sign-up")
    token = one.form("/sign-up")["fields"]["csrf"]
    r = await other.send("/sign-up", displayName="Noor", email=email, password=PASSWORD, csrf=token)
    assert r.status_code == 403
    r = await Browser(shop).http.post(
        "/sign-up", data={"displayName": "Noor", "email": email, "password": PASSWORD, "csrf": token[0]}
    )
    assert r.status_code == 403


async def test_an_api_key_in_the_cookie_is_nobody(shop: Shop) -> None:
    browser = Browser(shop, await shop.author("noor"))
    await browser.open("/account")
    r = await browser.send("/account/keys", name="Robot", scopes="ViewProducts")
    key = r.text.split("<code>pk_")[1].split("<")[0]
    r = await browser.open("/account")
    assert "Robot" in r.text and f"pk_{key}" not in r.text
    robot = Browser(shop)
    robot.http.cookies.set(SESSION_COOKIE, f"pk_{key}")
    assert (await robot.open("/account")).url.path == "/sign-in"


async def test_a_person_changes_name_and_password_and_ends_sessions(shop: Shop) -> None:
    email, first, second = fresh_email(), Browser(shop), Browser(shop)
    await first.open("/sign-up")
    await first.send("/sign-up", displayName="Noor", email=email, password=PASSWORD)
    await second.open("/sign-in?next=/account")
    await second.send("/sign-in", email=email, password=PASSWORD)
    await first.open("/account")
    r = await first.send("^/account$", displayName="Noor B.")
    assert "Saved." in r.text and "Noor B." in r.text
    r = await first.send("/account/password", currentPassword="not it at all", newPassword="another one here")
    assert r.status_code == 422 and 'id="e-currentPassword"' in r.text
    r = await first.send("/account/password", currentPassword=PASSWORD, newPassword="another one here")
    assert "Your password is changed" in r.text
    assert (await second.open("/account")).url.path == "/sign-in"
    assert (await first.open("/account")).url.path == "/account"


async def test_a_mailed_link_is_used_up_by_a_button_alone(shop: Shop) -> None:
    browser = Browser(shop)
    r = await browser.open("/verify-email?token=whatever")
    assert r.status_code == 200 and "This is my address" in r.text
    r = await browser.send("/verify-email")
    assert r.status_code == 422 and "used already" in r.text
    r = await browser.open("/reset-password?token=whatever")
    r = await browser.send("/reset-password/confirm", password=PASSWORD)
    assert r.status_code == 422 and "used already" in r.text
    await browser.open("/reset-password")
    r = await browser.send("/reset-password", email=fresh_email())
    assert r.url.path == "/sign-in" and "on its way" in r.text


async def test_a_mailed_link_asks_for_the_password_where_nobody_is_signed_in(shop: Shop) -> None:
    noor = await signs_up(shop, "noor")
    token = await mailed_token(shop, noor, Purpose.VERIFY_EMAIL)
    stranger = Browser(shop)
    r = await stranger.open(f"/verify-email?token={token}")
    assert 'name="password"' in r.text and "/reset-password" in r.text
    r = await stranger.send("/verify-email", password="not hers at all")
    assert r.status_code == 422 and 'id="e-password"' in r.text
    r = await stranger.send("/verify-email", password=PASSWORD)
    assert r.status_code == 200 and r.url.path == "/sign-in"

    ben = await signs_up(shop, "ben")
    browser, other = Browser(shop, ben), Browser(shop, noor)
    link = f"/verify-email?token={await mailed_token(shop, ben, Purpose.VERIFY_EMAIL)}"
    await other.open(link)
    r = await other.send("/verify-email")
    assert r.status_code == 422 and 'name="password"' in r.text
    assert 'name="password"' not in (await browser.open(link)).text
    r = await browser.send("/verify-email")
    assert r.url.path == "/account" and "verified" in r.text
