"""An address in JSON is whole, so that whoever reads it elsewhere can follow it; pages write their own as they are."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.proof.apart import Apart
from tests.protocol.described import DESCRIBED, DOORS
from tests.protocol.known import Known, picture
from tests.vocabulary.uploading import product_path

NO_ADDRESSES = ("storage_path", "detail")  # where a file lies, as the source names it; what a log recorded
READ = [path for path, method in DOORS if method == "get" and not path.endswith("/download")]


def relative(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text that is a path of this shop without its host."""
    match value:
        case str() if value.startswith(("/media/", "/v1/", "/s/", "/files/", "/uploads/", "media/")):
            yield place, value
        case list():
            for at, each in enumerate(value):
                yield from relative(each, f"{place}/{at}")
        case dict():
            for name, each in value.items():
                if name not in NO_ADDRESSES:
                    yield from relative(each, f"{place}/{name}")


def pictured(known: Known) -> None:
    """Pictures wherever the shop shows some."""
    apart, owner = known.apart, known.owner
    product = apart.tell(known.product())
    known.value("image_id")
    known.value("media_id")
    for path in ("/v1/me/avatar", f"{product_path(owner, product)}/cover"):
        assert apart.tell(owner.post(path, files={"file": ("me.png", picture())})).status_code in (200, 201)
    agents = {"media_type": "image"}
    path = f"/api/products/{known.value('usdc_product_id')}/media"
    headers = {"Authorization": f"Bearer {owner.token}"}
    files = {"file": ("view.png", picture())}
    sent = requests.post(apart.base_url + path, data=agents, files=files, headers=headers, timeout=30)
    assert sent.status_code == 201, sent.text


@pytest.mark.feature("A3", "A9", "A10", "B2")
def test_no_answer_holds_an_address_without_its_host(apart: Apart) -> None:
    known, wrong, shown = Known(apart), [], set()
    pictured(known)
    for path in READ:
        names = [one["name"] for one in DESCRIBED["paths"][path]["get"].get("parameters", []) if one["in"] == "path"]
        url = apart.base_url + path.format(**{name: known.at(name, path) for name in names})
        answer = requests.get(url, headers={"Authorization": f"Bearer {known.who_asks(path).token}"}, timeout=30)
        if answer.headers["content-type"].endswith("json"):
            wrong += [(path, *found) for found in relative(answer.json())]
            if f"{apart.base_url}/media/" in answer.text:
                shown.add(path)
    assert wrong == []
    assert shown >= {
        "/v1/me", "/v1/s/{site_slug}/shop", "/v1/s/{site_slug}/shop/{product_slug}", "/v1/sites/{site_id}/products",
        "/v1/sites/{site_id}/products/{product_id}",
        "/v1/tenants/{tenant_id}/members", "/v1/admin/products", "/api/me", "/api/products",
        "/api/products/{product_id}/media", "/api/products/public/{product_id}",
    }, shown  # fmt: skip
    page = requests.get(f"{apart.base_url}/s/{known.value('site_slug')}/shop", timeout=30)
    assert 'src="/media/' in page.text
    program = requests.get(page.url, headers={"Accept": "application/json"}, timeout=30)
    assert [*relative(program.json())] == [] and f"{apart.base_url}/media/" in program.text
