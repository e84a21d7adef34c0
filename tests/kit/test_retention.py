"""What is forgotten, and when."""

from datetime import timedelta

from purvey.kit.ids import new_id
from purvey.kit.retention import RULES, forget_old, forgetting
from tests.vocabulary import Shop


async def test_old_keys_go_and_young_ones_stay(shop: Shop) -> None:
    owner = str(new_id())
    for key, days in (("old", 8), ("young", 6)):
        await shop.db.do(
            "insert into idempotency_keys (owner, key, door, body_hash, created_at) values ($1, $2, 'POST /', '', $3)",
            owner,
            key,
            shop.now - timedelta(days=days),
        )

    assert await forget_old(shop.db, shop.now) >= 1

    left = await shop.db.records("select key from idempotency_keys where owner = $1", owner)
    assert [row["key"] for row in left] == ["young"]


async def test_every_rule_names_a_table_and_a_column_that_are_there(shop: Shop) -> None:
    for rule in RULES:
        await shop.db.do(forgetting(rule), shop.now - timedelta(days=36500))
