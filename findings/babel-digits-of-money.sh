#!/usr/bin/env bash
# Babel prints prices of 13 currencies without the minor units that ISO 4217 and card networks charge.
#
# babel 2.18.0 takes a currency's digits from its locale data (CLDR), which leaves out units that are not handed over in
# cash: RSD, LBP, IRR, ALL, MMK and others have 2 in ISO 4217 and 0 there, IQD 3 and 0. format_currency("1500.50", "RSD")
# is RSD1,500: what is shown is not what is charged, with no rounding to see, and 1,500.50 shows as 1,500 (half to even).
# Way out: currency_digits=False and a pattern with the digits of ISO 4217.
# Output seen: RSD1,500 for 1500.50; AFN ALL IQD IRR KPW LAK LBP MGA MMK RSD SOS SYP YER
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check babel==2.18.0 iso4217==1.16.20260101
"$folder/venv/bin/python" - <<'PYTHON'
from babel.numbers import format_currency, get_currency_precision
from iso4217 import Currency

shown = format_currency("1500.50", "RSD", locale="en")
fewer = {one.code for one in Currency if one.exponent and get_currency_precision(one.code) < one.exponent}
print(shown, "for 1500.50;", *sorted(fewer))
assert shown == "RSD1,500", shown
assert fewer == set("AFN ALL IQD IRR KPW LAK LBP MGA MMK RSD SOS SYP YER".split()), sorted(fewer)
PYTHON
