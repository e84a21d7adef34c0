"""What one person or one tenant can ask of others in a day has an end."""

from datetime import timedelta
from uuid import UUID

import pytest

from purvey import tenants
from purvey.kit.audit_log import audit, changes
from purvey.kit.throttles import slice_start
from purvey.tenants import Role, Site
from purvey.tenants.membership import INVITATIONS_A_DAY
from tests.vocabulary.people import events_of, fresh_email, problem
from tests.vocabulary.shop import Shop

DAY = timedelta(days=1)


async def used_up(shop: Shop, key: str, hits: int) -> None:
    await shop.db.do(
        "insert into throttles (key, window_start, hits) values ($1, $2, $3)", key, slice_start(shop.now, DAY), hits
    )


async def test_a_tenant_sends_so_many_invitations_a_day(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site is not None
    door = f"/v1/tenants/{ana.site['tenantId']}/invitations"
    await used_up(shop, f"invite:{ana.site['tenantId']}", INVITATIONS_A_DAY - 1)
    assert (await ana.post(door, {"email": fresh_email(), "role": "VIEWER"})).status_code == 201
    problem(await ana.post(door, {"email": fresh_email(), "role": "VIEWER"}), 429, "rate_limited")
    assert len((await ana.get(door)).json()["data"]) == 1


async def test_an_invitation_is_sent_once_for_an_idempotency_key(shop: Shop) -> None:
    ana = await shop.author()
    assert ana.site is not None
    door, body = f"/v1/tenants/{ana.site['tenantId']}/invitations", {"email": fresh_email(), "role": "VIEWER"}
    headers = {"Idempotency-Key": f"invite-{ana.name}"}
    first, second = [await ana.post(door, body, headers=headers) for _ in range(2)]
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(await events_of(shop, first.json()["id"], "INVITATION_MADE")) == 1


async def test_a_role_in_one_site_is_no_role_in_the_tenant(shop: Shop) -> None:
    ana, ben = await shop.author(), await shop.person("ben")
    assert ana.site is not None
    tenant_id = UUID(ana.site["tenantId"])
    await shop.joins(ben, tenant_id, "EDITOR")
    assert await tenants.role_of(shop.db, tenant_id, ben.id) is Role.EDITOR
    await shop.db.do(
        "update memberships set site_ids = $3 where tenant_id = $1 and user_id = $2",
        tenant_id, ben.id, [UUID(ana.site["id"])],
    )  # fmt: skip
    assert await tenants.role_of(shop.db, tenant_id, ben.id) is None


async def test_the_database_itself_refuses_an_owner_of_some_sites_only(shop: Shop) -> None:
    from asyncpg import CheckViolationError

    ana = await shop.author()
    assert ana.site is not None
    with pytest.raises(CheckViolationError):
        await shop.db.do("update memberships set site_ids = $2 where user_id = $1", ana.id, [UUID(ana.site["id"])])


async def test_a_record_of_what_the_command_line_did_names_nobody(shop: Shop) -> None:
    subject = fresh_email()
    async with shop.db.transaction() as tx:
        await audit(
            tx, None, action="test.done", subject_type="test", subject_id=subject, detail={"when": shop.now},
            now=shop.now,
        )  # fmt: skip
    row = await shop.db.record("select * from audit_log where subject_id = $1", subject)
    assert row is not None
    assert (row["actor_id"], row["tenant_id"], row["address"]) == (None, None, None)


async def test_changes_are_what_differs_without_the_bookkeeping(shop: Shop) -> None:
    import msgspec

    ana = await shop.author()
    assert ana.site is not None
    site = await tenants.find_site(shop.db, UUID(ana.site["id"]))
    after = msgspec.structs.replace(site, name="New", version=2, updated_at=site.updated_at + DAY)
    assert isinstance(after, Site)
    assert changes(site, after) == {"name": [site.name, "New"]}
    assert changes(site, site) == {}
