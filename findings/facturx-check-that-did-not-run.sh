#!/usr/bin/env bash
# An invoice whose total is wrong by 89 euros passes factur-x's check of the official rules, because nothing checked it.
#
# factur-x 7.8 `xml_check_schematron` asks a Saxon server at localhost:5000. Where none answers, it logs and returns True,
# its answer for a valid invoice (`saxon_server_raise_if_http_error` is False). The compiled rules that the same wheel
# ships, run by saxonche 13.1.1, refuse the same invoice with BR-CO-15 and BR-CO-16.
# One would expect an error or None. Way out: run the shipped .xslt yourself, or ask for the exception.
# Output seen: True, and by the rules: BR-CO-15 BR-CO-16
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check factur-x==7.8 saxonche==13.1.1 drafthorse==2025.2.0
"$folder/venv/bin/python" "$(dirname "$0")/invoice.py" >"$folder/invoice.xml"
"$folder/venv/bin/python" - "$folder/invoice.xml" <<'PYTHON'
import logging
import re
import sys
from pathlib import Path

import facturx
from saxonche import PySaxonProcessor

logging.disable()
good = Path(sys.argv[1]).read_text()
wrong = good.replace("<ram:GrandTotalAmount>10.70<", "<ram:GrandTotalAmount>99.70<")
assert wrong != good
said = facturx.xml_check_schematron(wrong.encode(), saxon_server_url="http://127.0.0.1:9/transform")
rules = Path(facturx.__file__).parent / "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt"
with PySaxonProcessor(license=False) as saxon:
    check = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules))

    def broken(xml: str) -> list[str]:
        report = check.transform_to_string(xdm_node=saxon.parse_xml(xml_text=xml))
        return sorted(set(re.findall(r"<svrl:failed-assert[^>]*?>\s*<svrl:text>\s*\[(BR[\w-]+)\]", report)))

    found, none = broken(wrong), broken(good)
print(said, "and by the rules:", *found)
assert said is True and found == ["BR-CO-15", "BR-CO-16"] and none == [], (said, found, none)
PYTHON
