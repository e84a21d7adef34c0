"""Pages that are about a whole tenant are closed to who works on some of its sites alone."""

from uuid import UUID

import pytest

from tests.vocabulary import Shop
from tests.web.browsing import Browser


@pytest.mark.feature("C19", "A33")
async def test_a_manager_of_one_site_changes_neither_taxes_nor_sees_the_whole_team(shop: Shop) -> None:
    ana, mia = await shop.author("ana"), await shop.person("mia")
    assert ana.site is not None
    site, tenant_id = ana.site, UUID(ana.site["tenantId"])
    await shop.joins(mia, tenant_id, "MANAGER")
    await shop.db.do("update memberships set site_ids = $2 where user_id = $1", mia.id, [UUID(site["id"])])
    browser = Browser(shop, mia)
    page = await browser.open(f"/sites/{site['id']}/settings")
    assert page.status_code == 200 and "taxRate" not in page.text and "/team" not in page.text

    forged = {"csrf": browser.form("/settings")["fields"]["csrf"], "taxRate": "99"}
    assert (await browser.http.post(f"/sites/{site['id']}/taxes", data=forged)).status_code == 403
    assert await shop.db.value("select tax_rate_bps from tenants where id = $1", tenant_id) == 0
    assert (await browser.open(f"/sites/{site['id']}/team")).status_code == 403


async def test_a_manager_of_every_site_changes_taxes(shop: Shop) -> None:
    ana, max_ = await shop.author("ana"), await shop.person("max")
    assert ana.site is not None
    await shop.joins(max_, ana.site["tenantId"], "MANAGER")
    browser = Browser(shop, max_)
    await browser.open(f"/sites/{ana.site['id']}/settings")
    page = await browser.send("/taxes", taxRate="19")
    assert page.status_code == 200 and "/team" in page.text and 'value="19"' in page.text
    assert (await browser.open(f"/sites/{ana.site['id']}/team")).status_code == 200
