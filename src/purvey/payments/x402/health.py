"""Whether everything that x402 stands on is well, for the doctor."""

from purvey.kit.errors import Conflict
from purvey.kit.rpc import Chains
from purvey.payments.x402.model import Token
from purvey.payments.x402.opening import open_rail
from purvey.settings import Settings

NAME, VERSION = bytes.fromhex("06fdde03"), bytes.fromhex("54fd4d50")  # name(), version()
WORD = 32


async def about(settings: Settings) -> str:
    """Chains, tokens and who hands in, in a line; Conflict or Unavailable with the mend."""
    if not settings.x402_networks:
        return "off (PURVEY_X402_NETWORKS turns on selling to agents for USDC)"
    if settings.x402_platform_wallet is None:
        raise Conflict("Nobody is paid the platform's fee: set PURVEY_X402_PLATFORM_WALLET to your wallet's address")
    chains = Chains(settings.rpc_urls)
    rail = open_rail(settings, chains=chains)
    assert rail is not None
    try:
        for token in rail.tokens.values():
            await rail.chain.is_itself(token.network)
            await check_token(chains, token)
        return await rail.facilitator.about()
    finally:
        await rail.close()
        await chains.close()


async def check_token(chains: Chains, token: Token) -> None:
    """The token's own name and version are those that payers are told to sign for; Conflict."""
    said = [text_of(await chains.call(token.network, token.address, call)) for call in (NAME, VERSION)]
    if said != [token.name, token.version]:
        raise Conflict(
            f"USDC on {token.network} is said to be {token.name!r}, version {token.version!r}, at {token.address}; "
            f"the chain says {said[0]!r}, {said[1]!r}: mend PURVEY_X402_ASSETS"
        )


def text_of(data: bytes | None) -> str | None:
    """A text as a contract returns it: where it begins, how long it is, its bytes."""
    if data is None or len(data) < 2 * WORD:
        return None
    length = int.from_bytes(data[WORD : 2 * WORD])
    return data[2 * WORD : 2 * WORD + length].decode(errors="replace")
