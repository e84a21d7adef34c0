"""One transaction may carry many transfers: each authorization is paid by the Transfer that follows its own use."""

import msgspec
import pytest

from purvey.kit.rpc import Index, Quantity
from purvey.payments.x402 import token
from purvey.payments.x402.model import LIFE, Happening, Settlement, State
from purvey.payments.x402.token import Log
from tests.vocabulary.rail import Counter, signs

PAYEE, THIEF = "0x" + "aa" * 20, "0x" + "bb" * 20


pytestmark = pytest.mark.feature("B8")


async def entered(counter: Counter) -> Settlement:
    quote = await counter.quotes(100, pay_to=PAYEE)
    return await counter.enters(signs(await counter.payer(), quote), quote)


def use(settlement: Settlement, at: int, *, topic: str = token.USED, nonce: str | None = None) -> Log:
    return log(settlement, at, [topic, token.address_word(settlement.payer), nonce or settlement.nonce], 0)


def transfer(settlement: Settlement, at: int, *, to: str = PAYEE, amount: int = 100) -> Log:
    topics = [token.TRANSFERRED, token.address_word(settlement.payer), token.address_word(to)]
    return log(settlement, at, topics, amount)


def log(settlement: Settlement, at: int, topics: list[str], data: int) -> Log:
    return Log(
        address=settlement.asset.upper().replace("0X", "0x"), topics=topics, data=f"0x{data:064x}",
        log_index=Index(at), block_number=Quantity(7), transaction_hash="0x" + "cc" * 32,
    )  # fmt: skip


async def test_one_transfer_does_not_pay_two(counter: Counter) -> None:
    """A payer may use our nonce for themselves, beside a true payment of the same sum, in one transaction."""
    mine = await entered(counter)
    logs = [
        use(mine, 0), transfer(mine, 1, to=THIEF),
        use(mine, 2, nonce="0x" + "01" * 32), transfer(mine, 3),
    ]  # fmt: skip
    assert token.moved(mine.authorized, logs) is None
    assert token.spent_otherwise(mine.authorized, logs)
    other = msgspec.structs.replace(mine, nonce="0x" + "01" * 32)
    assert token.moved(other.authorized, logs) == ("0x" + "cc" * 32, 2, 7)


async def test_it_is_the_right_sum_of_the_right_token_from_the_right_payer(counter: Counter) -> None:
    mine = await entered(counter)
    assert token.moved(mine.authorized, [use(mine, 4), transfer(mine, 5)]) == ("0x" + "cc" * 32, 4, 7)
    assert token.moved(mine.authorized, [transfer(mine, 5)]) is None
    assert token.moved(mine.authorized, [use(mine, 4), transfer(mine, 6)]) is None
    assert token.moved(mine.authorized, [use(mine, 4), transfer(mine, 5, amount=99)]) is None
    assert token.moved(mine.authorized, [use(mine, 4), transfer(mine, 5, amount=101)]) is None
    foreign = [msgspec.structs.replace(each, address=THIEF) for each in (use(mine, 4), transfer(mine, 5))]
    assert token.moved(mine.authorized, foreign) is None
    assert not token.spent_otherwise(mine.authorized, foreign)


async def test_a_cancelled_nonce_is_spent_otherwise(counter: Counter) -> None:
    mine = await entered(counter)
    logs = [use(mine, 0, topic=token.CANCELED), transfer(mine, 1)]
    assert token.moved(mine.authorized, logs) is None
    assert token.spent_otherwise(mine.authorized, logs)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("happening", Happening)
async def test_every_state_and_happening(counter: Counter, state: State, happening: Happening) -> None:
    """What the ledger's conditional statements do is what the table says."""
    from purvey.payments.x402 import store

    row = await entered(counter)
    await counter.db.do(
        "update x402_settlements set state = $2, tx_hash = $3, block_number = 1, log_index = 1 where id = $1",
        row.id, state, f"0x{row.id.int:064x}",
    )  # fmt: skip
    if happening is Happening.HANDED_IN:
        after = await store.sending(counter.db, row.id, now=counter.now())
    else:
        seen = happening is Happening.SEEN_ON_CHAIN
        async with counter.db.transaction() as tx:
            after = await store.decide(
                tx, row.id, state=State.SETTLED if seen else State.FAILED, reason=None, tx_hash=None, log_index=1,
                block_number=1, next_look=counter.offset, now=counter.now(),
            )  # fmt: skip
    allowed = LIFE.allows(state, happening)
    assert (after is not None) is allowed
    if after is not None:
        assert after.state is LIFE.after(state, happening)
