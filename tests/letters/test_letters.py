"""What people are told by mail, and that they are told once."""

import email
import email.policy
import re
from email.message import EmailMessage

from tests.vocabulary import Shop


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
    assert "Cleo &lt;b&gt;" in body_of(letter, "html")
    found = re.search(r"/verify-email\?token=(\S+)", body_of(letter))
    assert found is not None

    verified = await shop.http.post("/v1/auth/verify-email", json={"token": found[1]})
    assert verified.status_code < 300, verified.text
    again = await shop.http.post("/v1/auth/verify-email", json={"token": found[1]})
    assert again.status_code == 422
