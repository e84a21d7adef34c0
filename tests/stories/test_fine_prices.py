"""A price that was saved before it was refused for being finer than gateways can charge."""

import re
from uuid import UUID

import pytest
from tests.vocabulary.shop import Shop

AS_BEFORE = """
with version as (
    update price_versions v
    set amount = $2, seal = seal_of(jsonb_populate_record(v, jsonb_build_object('amount', $2::bigint)))
    from prices price
    where price.product_id = $1
        and v.id = price.current_version_id
)
update products p
set default_amount = $2, seal = seal_of(jsonb_populate_record(p, jsonb_build_object('default_amount', $2::bigint)))
where id = $1
"""


@pytest.mark.feature("A12", "A24")
@pytest.mark.parametrize(("saved", "paid"), [(1234, 1230), (1236, 1240)])
async def test_it_is_sold_to_the_grain_and_the_books_agree(shop: Shop, saved: int, paid: int) -> None:
    ana, ben = await shop.author("ana", currency="KWD"), await shop.person("ben")
    atlas = await ana.sells("Field Atlas", price=1230)
    await shop.db.do(AS_BEFORE, UUID(atlas["id"]), saved)
    assert ana.site is not None
    shelf = f"/s/{ana.site['slug']}/shop"
    for page in (shelf, f"{shelf}/{atlas['slug']}"):
        shown = set(re.findall(r"1\.2\d\d", (await shop.http.get(page)).text))
        assert shown == {f"1.{paid - 1000}"}, "what is shown is what is paid"
    bought = await ben.has(atlas)
    assert (bought["status"], bought["finalAmount"]) == ("SUCCEEDED", paid)
    await shop.books_agree(ana)
