"""What a settlement by our own key may cost. Nodes and contract wallets say what it takes; how much is paid, we say."""

from collections.abc import Mapping
from typing import Final

import msgspec

from purvey.kit.money import BASIS_POINTS, USDC, Money
from purvey.payments.x402.model import PaymentRefused
from purvey.settings import TEST_NETWORKS, Settings

SLACK_PERCENT: Final = 120
LEAST: Final = 21_000  # no transaction takes less
WEI: Final = 10**18
COIN: Final = 5_000_000_000  # millionths of USDC, where nothing is said of a network: dearer than ether was of late
TOO_MUCH: Final = "gas_too_much"
TOO_DEAR: Final = "gas_too_dear"


class Fees(msgspec.Struct, frozen=True):
    """Gas, and what one unit of it may cost in wei (EIP-1559)."""

    gas: int
    most: int
    tip: int


class Ceilings(msgspec.Struct, frozen=True, kw_only=True):
    """So much gas at most, for so many hundredths of a percent of the sale; `coins`: the price of a network's coin."""

    gas: int
    bps: int
    coins: Mapping[str, int]

    def fees(self, network: str, *, gas: int, base: int, tip: int, amount: int) -> Fees:
        """What to offer for so much gas, with room for its price to double below the ceiling; PaymentRefused."""
        if gas > self.gas:
            raise PaymentRefused(
                f"To move this payment takes {gas} gas, and {self.gas} is the most that is spent here; nothing was "
                "taken: pay from a wallet that verifies signatures more simply",
                code=TOO_MUCH,
            )
        gas = min(max(gas, LEAST) * SLACK_PERCENT // 100, self.gas)
        most, coin = 2 * base + tip, self.coins.get(network, 0 if network in TEST_NETWORKS else COIN)
        if coin:
            affordable = amount * self.bps * WEI // (BASIS_POINTS * coin * gas)
            if base + tip > affordable:
                cost = Money(-(-gas * (base + tip) * coin // WEI), USDC)
                raise PaymentRefused(
                    f"To move this payment costs {cost} of gas now, too much for {Money(amount, USDC)}: "
                    "nothing was taken; try again when gas is cheaper",
                    code=TOO_DEAR,
                )
            most = min(most, affordable)
        return Fees(gas, most, tip)


def ceilings_of(settings: Settings) -> Ceilings:
    return Ceilings(
        gas=settings.x402_gas_limit, bps=settings.x402_gas_bps, coins=settings.x402_gas_coins
    )  # fmt: skip
