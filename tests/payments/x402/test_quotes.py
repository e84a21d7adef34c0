"""A quote is ours: the same terms are the same row, and it is good for its time whatever happens to the price."""

from datetime import timedelta
from hashlib import sha256

from purvey.payments import x402
from purvey.payments.x402 import QUOTE_KEPT
from purvey.payments.x402.store import FORGET_AFTER
from tests.vocabulary.rail import ATLAS, Counter, signs

KEY = sha256(b"ann/kept").digest()


async def test_the_same_terms_are_the_same_quote_which_lasts_longer(counter: Counter) -> None:
    first = await counter.quotes(sku="ann/kept")
    again = await counter.quotes(sku="ann/kept")
    assert (again.id, again.expires_at) == (first.id, first.expires_at)
    counter.offset += QUOTE_KEPT * 0.75
    later = await counter.quotes(sku="ann/kept")
    assert later.id == first.id
    assert later.expires_at == counter_expiry(counter, later.expires_at)
    assert later.expires_at > first.expires_at


def counter_expiry(counter: Counter, said: object) -> object:
    """An expiry about a quote's time from now."""
    now = counter.now()
    assert now + QUOTE_KEPT - timedelta(seconds=5) < said <= now + QUOTE_KEPT  # type: ignore[operator]
    return said


async def test_an_older_price_is_good_until_its_quote_expires(counter: Counter) -> None:
    ben = await counter.payer()
    old = await counter.quotes(sku="ann/rising")
    new = await counter.quotes(2 * ATLAS, sku="ann/rising")
    key = sha256(b"ann/rising").digest()
    assert old.id != new.id
    for quote in (old, new):
        found = await x402.matched(
            counter.db, signs(ben, quote), purpose="purchase", request_key=key, now=counter.now()
        )
        assert found is not None
        assert found.id == quote.id
    late = counter.now() + QUOTE_KEPT
    assert await x402.matched(counter.db, signs(ben, old), purpose="purchase", request_key=key, now=late) is None


async def test_a_payment_matches_only_the_quote_of_what_was_asked(counter: Counter) -> None:
    ben = await counter.payer()
    quote = await counter.quotes(sku="ann/this")
    other = sha256(b"ann/other").digest()
    this = sha256(b"ann/this").digest()
    now = counter.now()
    shown = signs(ben, quote)
    assert await x402.matched(counter.db, shown, purpose="purchase", request_key=this, now=now)
    assert await x402.matched(counter.db, shown, purpose="purchase", request_key=other, now=now) is None
    assert await x402.matched(counter.db, shown, purpose="fee", request_key=this, now=now) is None
    for change in (
        {"value": str(ATLAS - 1)},
        {"value": str(2**200)},
        {"to": "0x" + "11" * 20},
        {"asset": "0x" + "1" * 40},
    ):
        shown = signs(ben, quote, **change)
        assert await x402.matched(counter.db, shown, purpose="purchase", request_key=this, now=now) is None


async def test_terms_that_the_sale_needs_again_are_part_of_the_quote(counter: Counter) -> None:
    one = await counter.quotes(sku="ann/terms", details={"code": "SAVE20"})
    two = await counter.quotes(sku="ann/terms", details={"code": "SAVE30"})
    assert (one.details, two.details) == ({"code": "SAVE20"}, {"code": "SAVE30"})
    assert one.id != two.id


async def test_quotes_that_nobody_paid_are_forgotten_and_no_others(counter: Counter) -> None:
    paid, unpaid = await counter.quotes(sku="ann/paid"), await counter.quotes(sku="ann/unpaid")
    await counter.enters(signs(await counter.payer(), paid), paid)
    await x402.forget_quotes(counter.db, counter.now())
    assert (await x402.quote(counter.db, unpaid.id)).id == unpaid.id
    await x402.forget_quotes(counter.db, counter.now() + QUOTE_KEPT + FORGET_AFTER)
    assert (await x402.quote(counter.db, paid.id)).id == paid.id
    assert await counter.db.value("select count(*) from x402_quotes where id = $1", unpaid.id) == 0
