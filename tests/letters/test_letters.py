"""What people are told by mail, and that they are told once."""

import email
import email.policy
import re
from email.message import EmailMessage
from uuid import UUID

import pytest

from tests.vocabulary import Shop
from tests.web.browsing import Browser


def letters_to(shop: Shop, address: str) -> list[EmailMessage]:
    """The mails that landed in the home for one address."""
    kept = (shop.world.settings.home / "mail").glob("*.eml")
    read = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in kept]
    return [one for one in read if one["To"] == address]


def body_of(letter: EmailMessage, kind: str = "plain") -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_a_new_person_proves_their_address_by_the_link_they_were_sent(shop: Shop) -> None:
    address = f"cleo-{shop.now.timestamp()}@example.com"
    signed_up = await shop.http.post(
        "/v1/auth/sign-up", json={"email": address, "password": "correct horse battery", "displayName": "Cleo <b>"}
    )
    assert signed_up.status_code == 201, signed_up.text

    await shop.settles()
    (letter,) = letters_to(shop, address)
    assert letter["Subject"] == "Confirm your e-mail address"
    assert "Cleo" not in letter.as_string(), "anybody can sign up with her address, and call themselves what they like"
    found = re.search(r"/verify-email\?token=(\S+)", body_of(letter))
    assert found is not None

    verified = await shop.http.post(
        "/v1/auth/verify-email", json={"token": found[1], "password": "correct horse battery"}
    )
    assert verified.status_code < 300, verified.text
    again = await shop.http.post("/v1/auth/verify-email", json={"token": found[1]})
    assert again.status_code == 422


@pytest.mark.feature("A27")
async def test_an_invited_person_joins_by_the_link_they_were_sent(shop: Shop) -> None:
    ana, cleo = await shop.author("ana"), await shop.person("cleo")
    assert ana.site is not None
    team = f"/v1/tenants/{ana.site['tenantId']}"
    assert (await cleo.get(f"{team}/members")).status_code == 404

    invited = await ana.post(f"{team}/invitations", {"email": cleo.email, "role": "EDITOR"})
    assert invited.status_code == 201, invited.text
    await shop.settles()
    (letter,) = letters_to(shop, cleo.email)
    found = re.search(r"token=(\S+)", body_of(letter))
    assert found is not None
    assert found[1] not in invited.text

    accepted = await cleo.post("/v1/invitations/accept", {"token": found[1]})
    assert accepted.status_code < 300, accepted.text
    assert (await cleo.get(f"/v1/sites/{ana.site['id']}/products")).status_code == 200


async def test_a_buyer_gets_a_receipt_and_the_author_a_notice_when_they_asked_for_it(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    atlas = await ana.sells("Field Atlas", price=1200)
    quiet = await ben.has(atlas)
    assert not [one for one in letters_to(shop, ana.email) if one["Subject"].startswith("Sold")]
    on = await ana.patch(f"/v1/sites/{ana.site['id']}", {"saleNotice": True})
    assert on.status_code == 200, on.text

    cleo = await shop.person("cleo")
    loud = await cleo.has(atlas)

    (receipt,) = letters_to(shop, ben.email)
    assert receipt["Subject"] == f"Your receipt for Field Atlas (order {quiet['orderNumber']})"
    assert "Total: €12.00" in body_of(receipt)
    assert f"/purchases/{quiet['id']}" in body_of(receipt)
    (notice,) = letters_to(shop, ana.email)
    assert notice["Subject"] == "Sold: Field Atlas for €12.00"
    assert f"/orders/{loud['id']}" in body_of(notice)


@pytest.mark.feature("A22")
async def test_a_refund_is_told_by_mail_once_however_often_its_job_runs(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    purchase = await ben.has(await ana.sells("Field Atlas", price=1200))

    refunded = await ana.refunds(purchase)
    assert refunded.status_code == 202, refunded.text
    await shop.settles()
    await shop.db.do(
        "insert into pgqueuer (priority, entrypoint, payload, status)"
        " select 0, $1, convert_to(jsonb_build_object('event_id', id, 'reaction', $2::text, 'event', payload)::text,"
        " 'utf8'), 'queued' from events where type = 'PURCHASE_REFUNDED' and subject_id = $3",
        "purchase-events",
        "letters.tell_refund.PurchaseRefunded",
        UUID(purchase["id"]),
    )
    await shop.settles()

    subjects = [one["Subject"] for one in letters_to(shop, ben.email)]
    assert subjects.count(f"Your refund for Field Atlas (order {purchase['orderNumber']})") == 1


@pytest.mark.feature("A15")
async def test_a_refund_request_and_its_answer_are_told_to_the_other_side(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    assert ana.site is not None
    purchase = await ben.has(await ana.sells("Field Atlas", price=1200))

    asked = await ben.post(f"/v1/purchases/{purchase['id']}/refund-request", {"reason": "It rained in chapter two"})
    assert asked.status_code in (201, 202), asked.text
    await shop.settles()
    (told,) = letters_to(shop, ana.email)
    assert "It rained in chapter two" in body_of(told)

    declined = await ana.post(f"/v1/sites/{ana.site['id']}/refund-requests/{asked.json()['id']}/decline", {})
    assert declined.status_code == 200, declined.text
    await shop.settles()
    subjects = [one["Subject"] for one in letters_to(shop, ben.email)]
    assert f"About your refund request for Field Atlas (order {purchase['orderNumber']})" in subjects


@pytest.mark.feature("A22")
async def test_why_money_went_back_is_read_by_its_buyer_on_the_page_and_in_the_mail(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    purchase = await ben.has(await ana.sells("Field Atlas", price=1200))
    assert (await ana.refunds(purchase, amount=300, reason="Page 7 is upside <down>, sorry")).status_code == 202
    await shop.settles()
    (letter,) = [one for one in letters_to(shop, ben.email) if one["Subject"].startswith("Your refund")]
    assert "Why: Page 7 is upside <down>, sorry" in body_of(letter)
    assert "Page 7 is upside &lt;down&gt;, sorry" in body_of(letter, "html")
    browser = Browser(shop, ben)
    assert "Why: Page 7 is upside &lt;down&gt;, sorry" in (await browser.open(f"/purchases/{purchase['id']}")).text


async def test_a_buyer_whose_goods_come_back_is_told_once_for_all_of_a_bundle(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    members = [await ana.sells(name, price=500) for name in ("One", "Two")]
    bundle = await ana.sells("Both", price=800, productType="BUNDLE", memberIds=[member["id"] for member in members])
    purchase = await ben.has(bundle)
    assert (await ana.refunds(purchase)).status_code == 202
    await shop.settles()
    await shop.bank_finds(purchase, "failed")
    assert not await ben.owns(bundle)
    assert not [one for one in letters_to(shop, ben.email) if "again" in one["Subject"]]

    assert (await ana.releases(purchase)).status_code == 200
    await shop.settles()
    assert await ben.owns(bundle)
    (letter,) = [one for one in letters_to(shop, ben.email) if "again" in one["Subject"]]
    assert letter["Subject"] == f"You have your purchase of Both again (order {purchase['orderNumber']})"
    assert f"/purchases/{purchase['id']}" in body_of(letter)


async def test_a_buyer_whose_dispute_ends_in_their_access_is_told(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", price=1200)
    purchase = await ben.buys(atlas)
    await ben.pays(purchase)
    for outcome, owns, told in ((None, False, 0), ("won", True, 1)):
        door = f"{purchase['checkoutUrl']}/{'close' if outcome else 'dispute'}"
        await shop.http.post(door, data={} if outcome is None else {"outcome": outcome})
        await shop.settles()
        assert await ben.owns(atlas) is owns
        assert len([one for one in letters_to(shop, ben.email) if "again" in one["Subject"]]) == told
