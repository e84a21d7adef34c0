"""Every door of the API again, as agents: with a receipt alone, with a signature, and with an agent that was sold."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from purvey.access.guards import optional, signed_request
from tests.access.test_every_door import UNKNOWN, Door, api_doors, expected, is_as, place_of
from tests.vocabulary.agents import Agent
from tests.vocabulary.chain import Chain
from tests.vocabulary.shop import Shop

SOLD = 403


async def knock(agent: Agent, door: Door, site: dict[str, Any], *, signed: bool) -> httpx.Response:
    path, body = place_of(door, site), None if door.method in ("GET", "HEAD") else {}
    if signed:
        return await agent.sends_signed(door.method, path, json=body)
    receipt = {"X-SIWA-Receipt": agent.receipt}
    return await agent.shop.http.request(door.method, path, json=body, headers=receipt)


def expected_of_a_bare_receipt(door: Door) -> str | int:
    """The team's owner, with nothing but a receipt that somebody may have stolen."""
    if door.is_public:
        return expected(door, "OWNER")
    alone = door.path.startswith("/api/") and signed_request not in door.guards
    return expected(door, "OWNER") if alone else UNKNOWN


async def an_owner(shop: Shop, agent: Agent) -> dict[str, Any]:
    """A site whose owner the agent is, beside another."""
    site = (await shop.author("owner")).site
    assert site is not None
    await shop.joins(agent, UUID(site["tenantId"]), "OWNER")
    return site


@pytest.mark.feature("B5", "C19")
@pytest.mark.parametrize("signed", [False, True], ids=["with a bare receipt", "signed"])
async def test_an_agent_gets_through_the_doors_it_may_and_no_other(shop: Shop, signed: bool) -> None:
    agent, wrong = await shop.agent(), []
    site = await an_owner(shop, agent)
    for door in api_doors(shop):
        answer = await knock(agent, door, site, signed=signed)
        wanted = expected(door, "OWNER") if signed else expected_of_a_bare_receipt(door)
        if not is_as(wanted, answer.status_code):
            wrong.append(f"{door.name}: {answer.status_code}, not {wanted}: {answer.text[:200]}")
        if signed and door.path.endswith("/leave"):
            site = await an_owner(shop, agent)
    assert not wrong, "\n".join(wrong)


@pytest.mark.feature("B5")
async def test_an_agent_that_was_sold_gets_through_no_door_that_changes_anything(strict: Shop, chain: Chain) -> None:
    wallet, wrong = await chain.wallet(), []
    agent_id = await chain.register_agent(wallet)
    agent = await strict.agent(wallet, agentId=agent_id, agentRegistry=chain.registry_name)
    site = await an_owner(strict, agent)
    await chain.transfer_agent(agent_id, wallet, await chain.wallet())
    for door in api_doors(strict):
        if door.method not in ("GET", "HEAD"):
            answer = await knock(agent, door, site, signed=True)
            if answer.status_code != SOLD or answer.json()["code"] != "NOT_OWNER":
                wrong.append(f"{door.name}: {answer.status_code}: {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)


async def test_where_every_request_must_be_signed_only_public_doors_open_to_a_bare_receipt(
    strict: Shop, chain: Chain
) -> None:
    wallet, wrong = await chain.wallet(), []
    identity = {"agentId": await chain.register_agent(wallet), "agentRegistry": chain.registry_name}
    agent = await strict.agent(wallet, **identity)
    site = await an_owner(strict, agent)
    for door in api_doors(strict):
        answer = await knock(agent, door, site, signed=False)
        if (answer.status_code == UNKNOWN) is door.is_public:
            wrong.append(f"{door.name}: {answer.status_code}: {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert any(optional in door.guards for door in api_doors(strict)), "doors that ask nothing of nobody are among them"
