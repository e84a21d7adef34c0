"""The chain that tests pay on is what clients expect of Base Sepolia."""

from tests.vocabulary.chain import ETHER, TRANSFERRED, Chain


async def test_it_is_base_sepolia_with_circles_usdc(chain: Chain) -> None:
    ann = await chain.wallet(usdc=5_000_000)
    assert await chain.call("eth_chainId") == "0x14a34"
    assert await chain.balance(ann.address) == 5_000_000
    assert await chain.ether(ann.address) == 0
    assert bytes.fromhex((await chain.read(chain.usdc, "version()"))[2:])[64:65] == b"2"
    assert len(TRANSFERRED) == 66


async def test_an_agent_belongs_to_whoever_registered_or_bought_it(chain: Chain) -> None:
    ann, bob = await chain.wallet(), await chain.wallet(ether=ETHER)
    agent = await chain.register_agent(ann)
    assert (await chain.read(chain.registry, "ownerOf(uint256)", agent)).endswith(ann.address[2:].lower())
    await chain.transfer_agent(agent, ann, bob)
    assert (await chain.read(chain.registry, "ownerOf(uint256)", agent)).endswith(bob.address[2:].lower())


async def test_a_transaction_waits_while_no_block_is_made(chain: Chain) -> None:
    ann, bob = await chain.wallet(usdc=10), await chain.wallet()
    await chain.call("anvil_impersonateAccount", ann.address)
    await chain.set_ether(ann.address, ETHER)
    await chain.mines_by_itself(False)
    await chain.call("eth_sendTransaction", {"from": ann.address, "to": bob.address, "value": "0x1"})
    assert await chain.ether(bob.address) == 0
    await chain.mine()
    assert await chain.ether(bob.address) == 1
