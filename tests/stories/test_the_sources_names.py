"""What the first source calls by a name of its own is there under that name, for whom it is meant."""

from uuid import UUID

import pytest
from tests.vocabulary.shop import Shop
from tests.vocabulary.uploading import product_path


@pytest.mark.feature("A3")
async def test_a_team_reads_the_first_file_under_the_sources_names_too(shop: Shop) -> None:
    ana = await shop.author("ana")
    atlas = await ana.sells()
    bare = (await ana.get(product_path(ana, atlas))).json()
    names = ("downloadFileRef", "downloadFileName", "downloadFileSize", "downloadMimeType")
    assert [bare[name] for name in names] == [None] * 4
    for name in ("first.txt", "second.txt"):
        await ana.adds_file(atlas, name=name)
    whole = (await ana.get(product_path(ana, atlas))).json()
    first = whole["files"][0]
    assert [whole[name] for name in names] == [first[name] for name in ("id", "fileName", "sizeBytes", "mimeType")]
    assert whole["downloadFileName"] == "first.txt"
    public = (await shop.http.get(f"/v1/s/{ana.site['slug']}/shop/{atlas['slug']}")).json()
    assert not set(names) & set(public)


@pytest.mark.feature("A11", "A13", "A22", "A33")
async def test_who_reads_and_who_gave_the_money_back_stand_under_the_sources_names(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    root = await shop.person("root", admin=True)
    bought = await ben.buys(await ana.sells())
    paid = await ben.pays(bought)
    assert UUID(paid["readerId"]) == ben.id
    (line,) = (await ben.get("/v1/purchases")).json()["data"]
    assert UUID(line["readerId"]) == ben.id and "refundedBy" not in line
    sale = f"/v1/sites/{ana.site['id']}/purchases/{paid['id']}"
    assert (await ana.get(sale)).json()["refundedBy"] is None
    assert (await ana.refunds(paid)).status_code == 202
    await shop.settles()
    after = (await ana.get(sale)).json()
    assert (after["status"], UUID(after["readerId"]), UUID(after["refundedBy"])) == ("REFUNDED", ben.id, ana.id)
    seen = (await root.get(f"/v1/admin/payments/{bought['paymentId']}")).json()
    assert [UUID(refund["refundedBy"]) for refund in seen["refunds"]] == [ana.id]
    assert "refundedBy" not in (await ben.get(f"/v1/purchases/{paid['id']}")).json()
