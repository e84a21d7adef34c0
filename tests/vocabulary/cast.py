"""Every kind of person there is, around one site: made at once, for tests that try all of them on a door."""

from datetime import timedelta
from uuid import UUID

from purvey.access.store import API_KEY_PREFIX, SESSION_PREFIX
from purvey.kit.ids import new_id, new_token, token_hash
from tests.vocabulary.shop import SESSION_DAYS, Person, Shop

ROLES = ("OWNER", "MANAGER", "EDITOR", "SUPPORT", "VIEWER")
KINDS = ("stranger", "buyer", "other-owner", "admin", *ROLES)
KEY_SCOPE = "ViewProducts"


async def everybody(shop: Shop) -> dict[str, Person]:
    """A person of each kind, and `key`: a program that the owner lets see products and do nothing else."""
    owner, other = await shop.author("owner"), await shop.author("other")
    cast = {"OWNER": owner, "other-owner": other}
    for kind in KINDS:
        if kind not in cast:
            cast[kind] = await shop.person(kind.lower(), admin=kind == "admin")
    assert owner.site is not None
    tenant_id = UUID(owner.site["tenantId"])
    for role in ROLES[1:]:
        await shop.joins(cast[role], tenant_id, role)
    await shop.db.do(
        "insert into customers (id, tenant_id, user_id, created_at) values ($1, $2, $3, $4)",
        new_id(), tenant_id, cast["buyer"].id, shop.now,
    )  # fmt: skip
    cast["key"] = await key_of(shop, owner)
    return cast


async def key_of(shop: Shop, person: Person) -> Person:
    token = new_token(API_KEY_PREFIX)
    await shop.db.do(
        "insert into api_keys (id, user_id, name, prefix, token_hash, scopes, created_at, last_used_at)"
        " values ($1, $2, 'walk', $3, $4, $5, $6, $6)",
        new_id(), person.id, token[:11], token_hash(token), [KEY_SCOPE], shop.now,
    )  # fmt: skip
    return Person(shop, id=person.id, name="key", email=person.email, token=token)


async def fresh_sessions(shop: Shop, cast: dict[str, Person]) -> None:
    """A new session for each, where a door may have ended the old one."""
    for kind, person in cast.items():
        if kind != "key":
            person.token = new_token(SESSION_PREFIX)
    people = [person for kind, person in cast.items() if kind != "key"]
    await shop.db.do(
        "insert into sessions (token_hash, user_id, created_at, expires_at)"
        " select token, id, $3, $4 from unnest($1::bytea[], $2::uuid[]) as s (token, id)",
        [token_hash(person.token) for person in people], [person.id for person in people],
        shop.now, shop.now + timedelta(days=SESSION_DAYS),
    )  # fmt: skip
