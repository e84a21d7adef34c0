"""Agents of a registry on a real chain: whose they are is asked there, at sign-in and when it matters."""

import msgspec
import pytest
from eth_account import Account

from purvey.access.siwa import Registry, registry_of
from purvey.access.siwa.registry import owner_of
from purvey.cli.doctor import Ill, the_agents
from purvey.kit.errors import Unavailable
from purvey.kit.rpc import Chains
from purvey.kit.secret import Secret
from purvey.settings import Settings
from tests.vocabulary.agents import Agent, asks_nonce, message, signed
from tests.vocabulary.chain import Chain
from tests.vocabulary.shop import Shop

# Code of a wallet that is a contract: to whatever it is asked, it answers isValidSignature's yes, or reverts.
SAYS_YES = "0x7f1626ba7e0000000000000000000000000000000000000000000000000000000060005260206000f3"
SAYS_NO = "0x60006000fd"
KEY = {"name": "a program", "scopes": ["MakePurchases"]}


async def agent_of(shop: Shop, chain: Chain) -> tuple[Agent, int]:
    wallet = await chain.wallet()
    agent_id = await chain.register_agent(wallet)
    agent = await shop.agent(wallet, agentId=agent_id, agentRegistry=chain.registry_name)
    return agent, agent_id


@pytest.mark.feature("B5")
async def test_a_registered_agent_signs_in_and_is_known_by_its_id(strict: Shop, chain: Chain) -> None:
    agent, agent_id = await agent_of(strict, chain)
    who = await agent.get("/v1/me")
    assert (who.status_code, who.json()["id"]) == (200, str(agent.id))
    kept = await strict.db.record(
        "select agent_id, agent_registry from wallets where address = $1", agent.address.lower()
    )
    assert kept is not None and dict(kept) == {"agent_id": agent_id, "agent_registry": chain.registry_name.lower()}


@pytest.mark.feature("B5")
async def test_who_is_no_agents_owner_gets_no_nonce(strict: Shop, chain: Chain) -> None:
    owner, other = await chain.wallet(), await chain.wallet()
    agent_id = await chain.register_agent(owner)

    async def told(**body: object) -> tuple[int, str, str]:
        answer = await strict.http.post("/siwa/nonce", json={"agentRegistry": chain.registry_name, **body})
        return answer.status_code, answer.json()["status"], answer.json()["code"]

    assert await told(address=other.address, agentId=agent_id) == (403, "rejected", "NOT_OWNER")
    assert await told(address=owner.address, agentId=999_999) == (403, "not_registered", "NOT_REGISTERED")
    foreign = f"{chain.network}:{chain.usdc}"
    assert await told(address=owner.address, agentId=1, agentRegistry=foreign) == (
        400, "rejected", "INVALID_REGISTRY_FORMAT",
    )  # fmt: skip
    plain = await strict.http.post("/siwa/nonce", json={"address": owner.address})
    assert plain.json()["code"] == "INVALID_REGISTRY_FORMAT", "plain wallets are not let in here"


@pytest.mark.feature("B5")
async def test_an_agent_sold_between_nonce_and_message_is_not_let_in(strict: Shop, chain: Chain) -> None:
    seller, buyer = await chain.wallet(), await chain.wallet()
    agent_id = await chain.register_agent(seller)
    identity = {"agentId": agent_id, "agentRegistry": chain.registry_name}
    text = message(seller, await asks_nonce(strict, seller, **identity), **identity)
    await chain.transfer_agent(agent_id, seller, buyer)
    answer = await strict.http.post("/siwa/verify", json=signed(seller, text))
    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_OWNER")
    assert (await strict.agent(buyer, **identity)).id


@pytest.mark.feature("B5")
async def test_a_sold_agent_reads_on_and_changes_nothing_more(strict: Shop, chain: Chain) -> None:
    agent, agent_id = await agent_of(strict, chain)
    assert (await agent.post("/v1/api-keys", KEY)).status_code == 201
    await chain.transfer_agent(agent_id, agent.wallet, await chain.wallet())
    refused = await agent.post("/v1/api-keys", KEY)
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_OWNER")
    assert (await agent.get("/v1/me")).status_code == 200


@pytest.mark.feature("B5")
async def test_another_registry_in_the_message_than_in_the_nonce_is_refused(strict: Shop, chain: Chain) -> None:
    wallet = await chain.wallet()
    identity = {"agentId": await chain.register_agent(wallet), "agentRegistry": chain.registry_name}
    said = await asks_nonce(strict, wallet, **identity)
    for other, code in (
        ({"agentId": 0}, "INVALID_NONCE"),
        ({"agentRegistry": f"{chain.network}:{chain.usdc}"}, "INVALID_NONCE"),
        ({"chainId": 1}, "INVALID_REGISTRY_FORMAT"),
    ):
        answer = await strict.http.post("/siwa/verify", json=signed(wallet, message(wallet, said, **identity | other)))
        assert (answer.status_code, answer.json()["code"]) == (401, code), other


@pytest.mark.feature("B5")
async def test_a_wallet_that_is_a_contract_signs_as_its_code_says(strict: Shop, chain: Chain) -> None:
    wallet, key = await chain.wallet(), Account.create()
    identity = {"agentId": await chain.register_agent(wallet), "agentRegistry": chain.registry_name}
    await chain.call("anvil_setCode", wallet.address, SAYS_NO)
    said = await asks_nonce(strict, wallet, **identity)
    body = signed(key, message(wallet, said, **identity))
    refused = await strict.http.post("/siwa/verify", json=body)
    assert (refused.status_code, refused.json()["code"]) == (401, "INVALID_SIGNATURE")
    await chain.call("anvil_setCode", wallet.address, SAYS_YES)
    answer = await strict.http.post("/siwa/verify", json=body)
    assert (answer.status_code, answer.json()["signerType"]) == (200, "sca")

    sender = Agent(strict, wallet=key, receipt=answer.json()["receipt"], id=None, name="contract")
    keyid = f"erc8128:{chain.chain_id}:{wallet.address}"
    assert (await sender.sends_signed("GET", "/v1/me", keyid=keyid)).status_code == 200
    await chain.call("anvil_setCode", wallet.address, SAYS_NO)
    assert (await sender.sends_signed("GET", "/v1/me", keyid=keyid)).json()["code"] == "bad_signature"


@pytest.mark.feature("B5")
async def test_a_chain_that_does_not_answer_is_said_and_nobody_is_called_unregistered(
    strict: Shop, chain: Chain
) -> None:
    siwa = strict.world.siwa
    assert siwa is not None
    registry = registry_of(chain.registry_name)
    away = msgspec.structs.replace(siwa, chains=Chains({chain.network: Secret("http://127.0.0.1:9")}))
    with pytest.raises(Unavailable, match=chain.network):
        await owner_of(away, registry, 1)
    with pytest.raises(Unavailable, match="no registry"):
        await owner_of(siwa, Registry(chain.chain_id, "0x" + "1" * 40), 1)
    with pytest.raises(Unavailable):
        await owner_of(siwa, Registry(1, registry.address), 1)


async def test_a_chain_away_leaves_the_nonce_for_another_try(strict: Shop, chain: Chain) -> None:
    siwa = strict.world.siwa
    assert siwa is not None
    wallet = await chain.wallet()
    identity = {"agentId": await chain.register_agent(wallet), "agentRegistry": chain.registry_name}
    body = signed(wallet, message(wallet, await asks_nonce(strict, wallet, **identity), **identity))
    right = siwa.chains.urls
    siwa.chains.urls = {chain.network: Secret("http://127.0.0.1:9")}
    try:
        away = await strict.http.post("/siwa/verify", json=body)
    finally:
        siwa.chains.urls = right
    assert (away.status_code, away.json()["code"]) == (503, "no_chain")
    assert away.headers["Retry-After"]
    assert (await strict.http.post("/siwa/verify", json=body)).status_code == 200


@pytest.mark.feature("B5")
async def test_where_every_request_must_be_signed_a_bare_receipt_opens_nothing(strict: Shop, chain: Chain) -> None:
    agent, _ = await agent_of(strict, chain)
    bare = await strict.http.get("/api/products", headers={"X-SIWA-Receipt": agent.receipt})
    assert (bare.status_code, bare.json()["code"]) == (401, "signature_required")
    agent.signs = True
    assert (await agent.get("/api/products")).status_code == 200
    public = await strict.http.get("/api/products/public", headers={"X-SIWA-Receipt": agent.receipt})
    assert public.status_code == 200


async def test_the_doctor_finds_a_registry_that_is_not_where_it_is_said_to_be(strict: Shop, chain: Chain) -> None:
    def settings(registry: str, network: str = chain.network) -> Settings:
        return msgspec.structs.replace(
            strict.world.settings, rpc_urls={network: chain.url}, siwa_registries=(f"{network}:{registry}".lower(),)
        )

    assert chain.registry_name.lower() in await the_agents(settings(chain.registry))
    with pytest.raises(Ill, match="no registry"):
        await the_agents(settings("0x" + "1" * 40))
    with pytest.raises(Ill, match="is the chain"):
        await the_agents(settings(chain.registry, "eip155:1"))
    with pytest.raises(Ill, match="did not answer"):
        await the_agents(
            msgspec.structs.replace(settings(chain.registry), rpc_urls={chain.network: "http://127.0.0.1:9"})
        )
