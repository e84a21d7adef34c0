"""The rail that the settings ask for, if they ask for one."""

from purvey.kit.rpc import Chains
from purvey.payments.x402.chain import Chain
from purvey.payments.x402.facilitator import Facilitator
from purvey.payments.x402.gas import ceilings_of
from purvey.payments.x402.model import Token
from purvey.payments.x402.rail import Rail
from purvey.settings import TOKENS, Settings


def open_rail(settings: Settings, *, chains: Chains) -> Rail | None:
    """None when no network is named. What reads curves is imported only for a key of our own."""
    if not settings.x402_networks:
        return None
    assets = {**TOKENS, **settings.x402_assets}
    tokens = {network: Token(network, *assets[network]) for network in settings.x402_networks}
    chain = Chain(chains, confirmations=settings.x402_confirmations)
    return Rail(tokens, chain=chain, facilitator=facilitator_of(settings, chains=chains))


def facilitator_of(settings: Settings, *, chains: Chains) -> Facilitator:
    if settings.x402_facilitator_key:
        from purvey.payments.x402.own import OwnKey

        return OwnKey(
            settings.x402_facilitator_key,
            chains=chains,
            networks=settings.x402_networks,
            ceilings=ceilings_of(settings),
        )
    from purvey.payments.x402.remote import RemoteFacilitator

    assert settings.x402_facilitator_url is not None
    return RemoteFacilitator(settings.x402_facilitator_url.reveal(), networks=settings.x402_networks)
