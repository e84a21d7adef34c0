"""Words for accounts: signing up and in over the shop's doors, and the tokens that mails carry."""

from typing import Any
from uuid import UUID

import httpx

from purvey import access
from purvey.access import Purpose
from purvey.kit.ids import new_id
from tests.vocabulary.shop import Person, Shop

PASSWORD = "correct horse battery"


def fresh_email(name: str = "ana") -> str:
    """An address that no other story has."""
    return f"{name}-{new_id().hex[-12:]}@example.com"


def application(email: str, **other: Any) -> dict[str, Any]:
    """A body of the sign-up door."""
    return {"email": email, "password": PASSWORD, "displayName": "Ana Author", **other}


async def signs_up(shop: Shop, name: str = "ana", **other: Any) -> Person:
    """Somebody who signs up at the door, as anybody would."""
    email = other.pop("email", None) or fresh_email(name)
    answer = await shop.http.post("/v1/auth/sign-up", json=application(email, **other))
    assert answer.status_code == 201, answer.text
    said = answer.json()
    user = said["user"]
    return Person(shop, id=UUID(user["id"]), name=user["username"], email=user["email"], token=said["token"])


async def signs_in(shop: Shop, email: str, password: str = PASSWORD, **kwargs: Any) -> httpx.Response:
    return await shop.http.post("/v1/auth/sign-in", json={"email": email, "password": password}, **kwargs)


async def mailed_token(shop: Shop, person: Person, purpose: Purpose) -> str:
    """The token that a mail to them would carry."""
    async with shop.db.transaction() as tx:
        return await access.make_one_time_token(tx, person.id, purpose, shop.now)


async def events_of(shop: Shop, subject_id: UUID | str, type: str) -> list[dict[str, Any]]:
    """What was told of a subject."""
    sql = "select payload from events where subject_id = $1 and type = $2 order by id"
    return [row["payload"] for row in await shop.db.records(sql, UUID(str(subject_id)), type)]


def problem(answer: httpx.Response, status: int, code: str | None = None, pointer: str | None = None) -> dict[str, Any]:
    """The problem body, when the answer refuses as it should."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert code is None or body["code"] == code, body
    assert pointer is None or pointer in [error["pointer"] for error in body["errors"]], body
    return body
