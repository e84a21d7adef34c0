#!/usr/bin/env bash
# Metadata cannot be emptied with an empty dict: stripe 16.1.0 sends nothing of it, and says nothing.
#
# `products.update(id, {"name": "Atlas", "metadata": {}})` sends `name=Atlas` alone, so the old keys stay at Stripe while the
# call succeeds; so does any empty dict or list in parameters, such as an empty `items` or `discounts`.
# One would expect {} to mean "no metadata" or to be refused. Way out: "" for the whole, or "" for each key.
# Output seen: name=Atlas | name=Atlas&metadata= | name=Atlas&metadata[shelf]=
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check stripe==16.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import stripe


class Recorder(stripe.HTTPClient):
    name, form = "recorder", ""

    def request_with_retries(self, method, url, headers, post_data=None, max_network_retries=None, **_):
        self.form = post_data
        return '{"id": "prod_1", "object": "product"}', 200, {}


wire = Recorder()
client = stripe.StripeClient("sk_test_none", http_client=wire)
sent = []
for metadata in ({}, "", {"shelf": ""}):
    client.v1.products.update("prod_1", {"name": "Atlas", "metadata": metadata})
    sent.append(wire.form)
print(*sent, sep=" | ")
assert sent == ["name=Atlas", "name=Atlas&metadata=", "name=Atlas&metadata[shelf]="], sent
client.v1.subscriptions.update("sub_1", {"discounts": []})
assert not wire.form, wire.form
PYTHON
