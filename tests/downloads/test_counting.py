"""A download begun counts once; its limit holds exactly; each leaves a row; the author can give it anew (ruling 24)."""

import asyncio
from uuid import UUID

import pytest

from tests.downloads.owning import CONTENT, SIZE, Story, begun
from tests.vocabulary.shop import Shop
from tests.vocabulary.uploading import product_path


async def status(story: Story, asked: str | None = None) -> int:
    answer = await story.ben.get(story.path, headers={"Range": asked} if asked else {})
    return answer.status_code


async def counted(shop: Shop, story: Story) -> int:
    count: int = await shop.db.value("select download_count from purchases where id = $1", UUID(story.purchase["id"]))
    return count


@pytest.mark.feature("A14")
async def test_fifty_at_once_get_three(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=3)
    answers = await asyncio.gather(*(story.ben.get(story.path) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [403] * 47
    assert all(answer.content == CONTENT for answer in answers if answer.status_code == 200)
    refused = next(answer for answer in answers if answer.status_code == 403)
    assert refused.json()["code"] == "no_downloads_left"
    assert refused.json()["maxDownloads"] == 3
    assert await counted(shop, story) == 3
    log = await shop.db.records("select counted from download_log where purchase_id = $1", UUID(story.purchase["id"]))
    assert [row["counted"] for row in log] == [True] * 3


@pytest.mark.feature("A14")
async def test_the_ranges_of_a_download_are_free_for_an_hour_up_to_twice_its_size(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=2)
    assert await status(story) == 200
    for _ in range(4):
        assert await status(story, f"bytes={SIZE // 2}-") == 206
    assert await counted(shop, story) == 1
    assert await status(story, f"bytes={SIZE - 1}-") == 206, "the grant is used up, so this is a second download"
    assert await counted(shop, story) == 2
    assert await status(story, "bytes=0-9") == 403
    assert await status(story, "bytes=10-19") == 206, "the second download goes on"
    shop.minutes_pass(59)
    assert await status(story, "bytes=20-29") == 206
    shop.minutes_pass(2)
    assert await status(story, "bytes=30-39") == 403
    assert await counted(shop, story) == 2


@pytest.mark.feature("A14")
async def test_each_beginning_counts_and_a_range_alone_too(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=3)
    assert await status(story, "bytes=1000-") == 206
    assert await counted(shop, story) == 1
    assert await status(story, "bytes=2000-") == 206
    assert await counted(shop, story) == 1
    assert await status(story, "bytes=0-") == 206
    assert await status(story) == 200
    assert await counted(shop, story) == 3
    assert await status(story, "bytes=0-") == 403


@pytest.mark.feature("A14")
async def test_parallel_parts_of_one_download_are_one_download(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=1)
    assert await status(story, "bytes=0-99999") == 206
    parts = [(start, min(start + 100_000, SIZE)) for start in range(100_000, SIZE, 100_000)]
    answers = await asyncio.gather(
        *(story.ben.get(story.path, headers={"Range": f"bytes={start}-{end - 1}"}) for start, end in parts)
    )
    assert CONTENT[:100_000] + b"".join(answer.content for answer in answers) == CONTENT
    assert await counted(shop, story) == 1


@pytest.mark.feature("A14")
async def test_a_new_version_starts_anew_for_old_buyers(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=1)
    assert [await status(story), await status(story)] == [200, 403]
    path = f"{product_path(story.ana, story.product)}/files/{story.file['id']}"
    assert (await story.ana.put(path, files={"file": ("v2.pdf", b"second")})).status_code == 200
    answer = await story.ben.get(story.path)
    assert (answer.status_code, answer.content) == (200, b"second")
    assert await status(story) == 403


async def test_each_purchase_counts_for_itself(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=1)
    assert [await status(story), await status(story)] == [200, 403]
    eve = await shop.person("eve")
    again = (await eve.buys(story.product))["id"]
    assert (await eve.get(f"/v1/purchases/{again}/download")).status_code == 200


async def test_without_a_limit_downloads_are_counted_all_the_same(shop: Shop) -> None:
    story = await begun(shop)
    assert [await status(story) for _ in range(5)] == [200] * 5
    assert await counted(shop, story) == 5
    files = (await story.ben.get(story.files)).json()["files"]
    assert [file["downloadsLeft"] for file in files] == [None]


@pytest.mark.feature("A14", "A33")
async def test_every_download_is_told_to_the_seller_alone(shop: Shop) -> None:
    story, eve, sam = await begun(shop), await shop.author("eve"), await shop.person("sam")
    assert (await story.ben.get(story.path, headers={"User-Agent": "curl/8" + "x" * 900})).status_code == 200
    assert await status(story, "bytes=10-19") == 206
    await story.ben.ask("HEAD", story.path)
    path = f"/v1/sites/{story.ana.site['id']}/purchases/{story.purchase['id']}/downloads"
    told = (await story.ana.get(f"{path}?count=true")).json()
    assert told["total"] == 2
    part, whole = told["data"]
    assert (whole["counted"], whole["byteRange"], whole["address"]) == (True, None, "127.0.0.1")
    assert whole["agent"].startswith("curl/8") and len(whole["agent"]) == 500
    assert (part["counted"], part["byteRange"], part["fileName"], part["version"]) == (False, "10-19", "atlas.pdf", 1)
    page = (await story.ana.get(f"{path}?perPage=1")).json()
    rest = (await story.ana.get(f"{path}?perPage=1&cursor={page['nextCursor']}")).json()
    assert page["data"] + rest["data"] == told["data"]
    await shop.joins(sam, story.ana.site["tenantId"], "SUPPORT")
    assert (await sam.get(path)).status_code == 200
    assert (await sam.post(f"{path}/reset")).status_code == 403
    for stranger in (story.ben, eve):
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.post(f"{path}/reset")).status_code == 404
    elsewhere = path.replace(story.ana.site["id"], eve.site["id"])
    assert (await eve.get(elsewhere)).status_code == 404
    assert (await eve.post(f"{elsewhere}/reset")).status_code == 404


@pytest.mark.feature("A14", "A33")
async def test_the_seller_lets_a_buyer_download_anew(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=1)
    assert [await status(story), await status(story)] == [200, 403]
    path = f"/v1/sites/{story.ana.site['id']}/purchases/{story.purchase['id']}/downloads"
    answer = await story.ana.post(f"{path}/reset")
    assert answer.status_code == 200
    assert [file["downloadsLeft"] for file in answer.json()["files"]] == [1]
    assert [await status(story), await status(story)] == [200, 403]
    assert len((await story.ana.get(path)).json()["data"]) == 2
    audited = await shop.db.value(
        "select actor_id from audit_log where action = 'downloads.reset' and subject_id = $1", story.purchase["id"]
    )
    assert audited == story.ana.id


async def test_a_file_that_the_store_lost_costs_nobody_a_download(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=1)
    key = await shop.db.value("select storage_key from file_versions where id = $1", UUID(story.file["versionId"]))
    await shop.world.storage.delete(key)
    answer = await story.ben.get(story.path)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_object")
    assert await counted(shop, story) == 0
