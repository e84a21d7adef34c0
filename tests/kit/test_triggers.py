"""What a trigger before an update does to locks."""

from tests.vocabulary.shop import Shop

# Columns besides its id that could be referred to, of tables where a trigger stands before an update.
KEYS_BEHIND_TRIGGERS = """
select t.tgrelid::regclass::text as table, a.attname as column
from pg_trigger t
join pg_index i on i.indrelid = t.tgrelid
join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = any(i.indkey)
where not t.tgisinternal
    and t.tgtype & 1 > 0    -- for each row
    and t.tgtype & 2 > 0    -- before
    and t.tgtype & 16 > 0   -- an update
    and i.indisunique
    and not i.indisprimary
    and i.indpred is null
    and i.indexprs is null
"""


async def test_an_update_of_what_has_a_trigger_before_it_never_waits_for_who_refers_to_the_row(shop: Shop) -> None:
    """Such an UPDATE locks by the columns that it names, not by those that it changes: no key may be among them."""
    assert await shop.db.records(KEYS_BEHIND_TRIGGERS) == []
