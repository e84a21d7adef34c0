"""Uses of a code are counted exactly, whoever asks at once."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest

from purvey import discounts
from purvey.discounts import DiscountCode, DiscountType, InvalidDiscount, Reason
from purvey.discounts import store as discount_store
from purvey.kit.ids import new_id
from purvey.kit.money import Money
from purvey.pricing import Terms
from tests.vocabulary.shop import Person, Shop

OFF = Money(100, "EUR")
TEN = Money(1000, "EUR")


async def code_of(shop: Shop, author: Person, word: str = "SAVE20", **values: Any) -> DiscountCode:
    """A code on an author's site, without its door."""
    assert author.site
    code = DiscountCode(
        id=new_id(),
        tenant_id=UUID(author.site["tenantId"]),
        site_id=UUID(author.site["id"]),
        code=word,
        discount_type=DiscountType.PERCENTAGE,
        basis_points=2000,
        created_at=shop.now,
        updated_at=shop.now,
    )
    code = msgspec.structs.replace(code, **values)
    async with shop.db.transaction() as tx:
        assert await discount_store.insert(tx, code)
    return code


async def counted(shop: Shop, code: DiscountCode) -> tuple[int, int]:
    """(held, used) as the code's row has it; its uses' rows must say the same."""
    row: Any = await shop.db.record("select reserved, used from discount_codes where id = $1", code.id)
    rows: Any = await shop.db.record(
        "select count(*) filter (where state = 'RESERVED') as reserved, count(*) filter (where state = 'USED') as used"
        " from discount_uses where discount_code_id = $1",
        code.id,
    )
    assert tuple(row) == tuple(rows)
    return row["reserved"], row["used"]


async def tries(shop: Shop, code: DiscountCode, *, buyer: UUID, purchase: UUID | None = None) -> UUID | Reason:
    """One buyer's try, in a transaction of its own: the purchase that holds a use, or why none does."""
    purchase = purchase or new_id()
    try:
        async with shop.db.transaction() as tx:
            await discounts.reserve(tx, code.id, purchase_id=purchase, buyer_id=buyer, amount=OFF, now=shop.now)
    except InvalidDiscount as refusal:
        return refusal.why
    return purchase


@pytest.mark.feature("A24")
async def test_sixty_at_once_on_a_code_with_five_uses_are_exactly_five(shop: Shop) -> None:
    code = await code_of(shop, await shop.author(), max_uses=5)
    assert await counted(shop, code) == (0, 0)
    outcomes = await asyncio.gather(*(tries(shop, code, buyer=new_id()) for _ in range(60)))
    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 5
    assert {outcome for outcome in outcomes if isinstance(outcome, Reason)} == {Reason.USED_UP}
    assert await counted(shop, code) == (5, 0)


@pytest.mark.feature("A24")
async def test_one_buyer_trying_thirty_times_at_once_stays_within_their_own_limit(shop: Shop) -> None:
    code = await code_of(shop, await shop.author(), max_uses_per_buyer=2)
    ana, ben = new_id(), new_id()
    outcomes = await asyncio.gather(*(tries(shop, code, buyer=ana) for _ in range(30)))
    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 2
    assert outcomes.count(Reason.BUYER_LIMIT) == 28
    assert isinstance(await tries(shop, code, buyer=ben), UUID)
    assert await counted(shop, code) == (3, 0)


@pytest.mark.feature("A24")
async def test_a_held_use_is_used_or_let_go_and_either_only_once(shop: Shop) -> None:
    code = await code_of(shop, await shop.author(), max_uses=2)
    kept, left = await tries(shop, code, buyer=new_id()), await tries(shop, code, buyer=new_id())
    assert isinstance(kept, UUID)
    assert isinstance(left, UUID)
    assert await tries(shop, code, buyer=new_id()) is Reason.USED_UP
    for _ in range(2):
        async with shop.db.transaction() as tx:
            assert await discounts.use(tx, kept, now=shop.now)
            await discounts.release(tx, kept, now=shop.now)
            await discounts.release(tx, left, now=shop.now)
        assert await counted(shop, code) == (0, 1)


@pytest.mark.feature("A24")
async def test_late_money_takes_its_use_again_if_one_is_left(shop: Shop) -> None:
    code = await code_of(shop, await shop.author(), max_uses=1)
    late = await tries(shop, code, buyer=new_id())
    assert isinstance(late, UUID)
    async with shop.db.transaction() as tx:
        await discounts.release(tx, late, now=shop.now)
    quick = await tries(shop, code, buyer=new_id())
    assert isinstance(quick, UUID)
    async with shop.db.transaction() as tx:
        assert not await discounts.use(tx, late, now=shop.now)
        await discounts.release(tx, quick, now=shop.now)
        assert await discounts.use(tx, late, now=shop.now)
        assert await discounts.use(tx, late, now=shop.now)
    assert await counted(shop, code) == (0, 1)


async def test_a_purchase_without_a_code_is_nothing_to_count(shop: Shop) -> None:
    async with shop.db.transaction() as tx:
        assert await discounts.use(tx, new_id(), now=shop.now)
        await discounts.release(tx, new_id(), now=shop.now)


@pytest.mark.feature("A24")
async def test_a_hold_is_refused_when_the_code_closed_since_the_quote(shop: Shop) -> None:
    ana = await shop.author()
    off = await code_of(shop, ana, "OFF", is_active=False)
    early = await code_of(shop, ana, "EARLY", starts_at=shop.now.replace(year=2100))
    ended = await code_of(shop, ana, "ENDED", ends_at=shop.now)
    assert await tries(shop, off, buyer=new_id()) is Reason.INACTIVE
    assert await tries(shop, early, buyer=new_id()) is Reason.NOT_STARTED
    assert await tries(shop, ended, buyer=new_id()) is Reason.ENDED
    assert await tries(shop, msgspec.structs.replace(off, id=new_id()), buyer=new_id()) is Reason.UNKNOWN


@pytest.mark.feature("A24")
async def test_a_buyer_is_told_why_a_code_does_not_apply(shop: Shop) -> None:
    ana = await shop.author()
    product, site_id = new_id(), UUID(ana.site["id"])  # type: ignore[index]
    await code_of(shop, ana, minimum_amount=500, currency="EUR", product_ids=[product], max_uses_per_buyer=1)

    async def why(word: str = "save20 ", *, of: UUID | None = product, amount: Money = TEN) -> str:
        try:
            await discounts.redeemed(
                shop.db, Terms(unit_amount=amount), site_id=site_id, code=word, product_id=of, buyer_id=ana.id,
                now=shop.now,
            )  # fmt: skip
        except InvalidDiscount as refusal:
            assert refusal.detail.startswith("Invalid discount code")
            return refusal.reason
        return "applies"

    assert await why() == "applies"
    assert await why("SAVE21") == "discount_unknown"
    assert await why(of=None) == "discount_other_item"
    assert await why(of=new_id()) == "discount_other_item"
    assert await why(amount=Money(499, "EUR")) == "discount_below_minimum"
    assert await why(amount=Money(1000, "USD")) == "discount_other_currency"
    code = await discounts.find(shop.db, site_id, "SAVE20")
    await tries(shop, code, buyer=ana.id)
    assert await why() == "discount_buyer_limit"
