"""Who owns a file gets its very bytes, whole or from where they stopped, and nobody else does."""

from email.message import EmailMessage
from hashlib import sha256
from uuid import UUID

import psutil
import pytest

from tests.catalog.archives import archive
from tests.downloads.owning import CONTENT, SIZE, Story, begun
from tests.vocabulary.shop import Shop
from tests.vocabulary.uploading import product_path

MEGABYTE = 1024 * 1024
MAPS = archive()


@pytest.mark.feature("A14")
async def test_an_owner_gets_the_very_bytes_under_their_own_name(shop: Shop) -> None:
    story = await begun(shop, 'Ünï "Atlas" 🗺️.pdf')
    answer = await story.ben.get(story.path)
    assert answer.status_code == 200
    assert answer.content == CONTENT
    headers = answer.headers
    assert headers["content-length"] == str(SIZE)
    assert headers["content-type"] == "application/octet-stream"
    assert headers["etag"] == f'"{sha256(CONTENT).hexdigest()}"'
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"
    disposition = headers["content-disposition"]
    assert disposition.startswith('attachment; filename="Uni _Atlas_')
    exact = EmailMessage()
    exact["Content-Disposition"] = "attachment; " + disposition[disposition.index("filename*=") :]
    assert exact.get_filename() == 'Ünï "Atlas" 🗺️.pdf'


@pytest.mark.feature("A14")
async def test_a_stranger_sees_no_purchase_and_nobody_is_asked_to_sign_in(shop: Shop) -> None:
    story, eve = await begun(shop), await shop.person("eve")
    for path in (story.path, story.files):
        assert (await eve.get(path)).status_code == 404
        assert (await story.ana.get(path)).status_code == 404
        assert (await shop.http.get(path)).status_code == 401
        assert (await story.ben.get(path)).status_code == 200
        assert (await story.ben.get(path.replace(story.purchase["id"], story.product["id"]))).status_code == 404


async def refused(story: Story) -> set[tuple[int, str]]:
    """What Ben is told at every door of his purchase."""
    answers = [await story.ben.get(path, headers={"Range": "bytes=5-"}) for path in (story.path, story.files)]
    assert (await story.ben.ask("HEAD", story.path)).status_code == answers[0].status_code
    return {(answer.status_code, answer.json()["code"]) for answer in answers}


@pytest.mark.feature("A14", "A22")
async def test_what_is_not_paid_or_given_back_is_not_downloaded(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells(price=1000)
    story = Story(ana, ben, atlas, await ana.adds_file(atlas, content=CONTENT))
    story.purchase = await ben.buys(atlas)
    assert await refused(story) == {(403, "not_paid")}
    await ben.pays(story.purchase)
    assert (await ben.get(story.path)).content == CONTENT
    assert (await ana.refunds(story.purchase, amount=300)).status_code in {200, 201, 202}
    await shop.settles()
    assert (await ben.get(story.path)).content == CONTENT, "a part of the money is no end"
    assert (await ana.refunds(story.purchase)).status_code in {200, 201, 202}
    await shop.settles()
    assert await refused(story) == {(403, "access_ended")}


@pytest.mark.feature("A14", "A23")
async def test_a_dispute_suspends_downloads_until_it_is_won(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells(price=1000)
    story = Story(ana, ben, atlas, await ana.adds_file(atlas, content=CONTENT))
    story.purchase = await ben.buys(atlas)
    await ben.pays(story.purchase)
    await shop.http.post(f"{story.purchase['checkoutUrl']}/dispute")
    await shop.settles()
    assert await refused(story) == {(403, "access_suspended")}
    await shop.http.post(f"{story.purchase['checkoutUrl']}/close", data={"outcome": "won"})
    await shop.settles()
    assert (await ben.get(story.path)).content == CONTENT


@pytest.mark.feature("A5", "A14")
async def test_an_archived_product_is_still_its_owners(shop: Shop) -> None:
    story = await begun(shop)
    await shop.db.do(
        "update products set is_active = false, deleted_at = $2 where id = $1", UUID(story.product["id"]), shop.now
    )
    assert (await story.ben.get(story.path)).content == CONTENT


@pytest.mark.feature("A14")
@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=700000-", 700_000, SIZE),
        ("bytes=-500", SIZE - 500, SIZE),
        ("bytes=-99999999", 0, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        (f"bytes=10-{SIZE * 3}", 10, SIZE),
    ],
)
async def test_a_part_is_given_exactly(shop: Shop, asked: str, start: int, end: int) -> None:
    story = await begun(shop)
    answer = await story.ben.get(story.path, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=5-2",
        "bytes=-",
        "bytes=1-2,5-6",
        "items=0-5",
        "bytes=a-b",
        "bytes",
        "bytes=\u0661-2",
        "bytes=" + "9" * 30 + "-",
    ],
)
async def test_what_is_no_range_means_the_whole_file(shop: Shop, asked: str) -> None:
    story = await begun(shop)
    answer = await story.ben.get(story.path, headers={"Range": asked.encode()})
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
async def test_a_part_outside_the_file_is_refused_and_not_counted(shop: Shop, asked: str) -> None:
    story = await begun(shop, maxDownloads=1)
    answer = await story.ben.get(story.path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert (await story.ben.get(story.path)).status_code == 200


@pytest.mark.feature("A14")
async def test_a_download_that_broke_goes_on_where_it_stopped_unless_the_file_is_new(shop: Shop) -> None:
    story = await begun(shop)
    host_got = CONTENT[:300_000]
    etag = (await story.ben.ask("HEAD", story.path)).headers["etag"]
    rest = await story.ben.get(story.path, headers={"Range": "bytes=300000-", "If-Range": etag})
    assert rest.status_code == 206 and host_got + rest.content == CONTENT
    await story.ana.put(
        f"{product_path(story.ana, story.product)}/files/{story.file['id']}", files={"file": ("v2.pdf", b"second")}
    )
    anew = await story.ben.get(story.path, headers={"Range": "bytes=300000-", "If-Range": etag})
    assert (anew.status_code, anew.content) == (200, b"second")
    stale = await story.ben.get(story.path, headers={"Range": "bytes=3-", "If-Match": etag})
    assert stale.status_code == 412
    dated = await story.ben.get(story.path, headers={"Range": "bytes=3-", "If-Range": "Wed, 21 Oct 2026 07:28:00 GMT"})
    assert (dated.status_code, dated.content) == (200, b"second")
    known = await story.ben.get(story.path, headers={"If-None-Match": f'"other", {anew.headers["etag"]}'})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.feature("A14")
async def test_head_tells_everything_and_counts_nothing(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=1)
    for _ in range(3):
        answer = await story.ben.ask("HEAD", story.path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == str(SIZE)
        assert answer.headers["etag"]
    listed = (await story.ben.get(story.files)).json()["files"]
    assert [file["downloadsLeft"] for file in listed] == [1]
    assert (await story.ben.get(story.path)).status_code == 200


async def test_an_empty_file_is_downloaded_as_one(shop: Shop) -> None:
    story = await begun(shop, "empty.txt", b"")
    answer = await story.ben.get(story.path)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert (await story.ben.get(story.path, headers={"Range": "bytes=0-"})).status_code == 416


@pytest.mark.feature("A14")
async def test_one_of_several_files_is_named(shop: Shop) -> None:
    story = await begun(shop, maxDownloads=2)
    second = await story.ana.adds_file(story.product, "maps.zip", MAPS)
    unnamed = await story.ben.get(story.path)
    assert (unnamed.status_code, unnamed.json()["code"]) == (409, "choose_file")
    listed = (await story.ben.get(story.files)).json()["files"]
    assert unnamed.json()["files"] == listed
    assert [(file["fileName"], file["downloadsLeft"]) for file in listed] == [("atlas.pdf", 2), ("maps.zip", 2)]
    answer = await story.ben.get(f"{story.path}?fileId={second['id']}")
    assert (answer.content, answer.headers["content-type"]) == (MAPS, "application/zip")
    left = [file["downloadsLeft"] for file in (await story.ben.get(story.files)).json()["files"]]
    assert left == [2, 1]
    assert (await story.ben.get(f"{story.path}?fileId={story.product['id']}")).status_code == 404
    assert (await story.ben.get(f"{story.path}?fileId=x")).status_code == 404


async def test_a_product_without_files_says_so(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    purchase_id = (await ben.buys(await ana.sells(price=0)))["id"]
    answer = await ben.get(f"/v1/purchases/{purchase_id}/download")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_file")
    assert (await ben.get(f"/v1/purchases/{purchase_id}/files")).json() == {"files": []}


@pytest.mark.feature("A26")
async def test_a_bundle_delivers_the_files_of_its_members(shop: Shop) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    one, two, other = await ana.sells("One"), await ana.sells("Two"), await ana.sells("Other")
    for product in (one, two, other):
        await ana.adds_file(product, f"{product['name']}.pdf", product["name"].encode())
    bundle = await ana.sells("Both", productType="BUNDLE", memberIds=[one["id"], two["id"]], maxDownloads=1, price=0)
    path = f"/v1/purchases/{(await ben.buys(bundle))['id']}"
    files = {file["fileName"]: file for file in (await ben.get(f"{path}/files")).json()["files"]}
    assert set(files) == {"One.pdf", "Two.pdf"}
    assert {file["downloadsLeft"] for file in files.values()} == {1}
    for name, file in files.items():
        answer = await ben.get(f"{path}/download?fileId={file['fileId']}")
        assert answer.content == name.removesuffix(".pdf").encode()
        assert (await ben.get(f"{path}/download?fileId={file['fileId']}")).status_code == 403


async def test_a_file_taken_off_stays_with_who_bought_it_before(shop: Shop) -> None:
    story = await begun(shop)
    shop.minutes_pass(1)
    await story.ana.delete(f"{product_path(story.ana, story.product)}/files/{story.file['id']}")
    assert (await story.ben.get(story.path)).content == CONTENT
    shop.minutes_pass(1)
    eve = await shop.person("eve")
    late = (await eve.buys(story.product))["id"]
    assert (await eve.get(f"/v1/purchases/{late}/download")).json()["code"] == "no_file"
    replacement = await story.ana.adds_file(story.product, "atlas 2.pdf", b"%PDF new")
    assert (await story.ben.get(story.path)).content == b"%PDF new"
    assert (await eve.get(f"/v1/purchases/{late}/download")).content == b"%PDF new"
    listed = (await story.ben.get(story.files)).json()["files"]
    assert {file["fileId"] for file in listed} == {story.file["id"], replacement["id"]}
    assert (await story.ben.get(f"{story.path}?fileId={story.file['id']}")).content == CONTENT


async def test_a_large_file_leaves_with_constant_memory(shop: Shop) -> None:
    story = await begun(shop, "large.bin", b"\0" * 150 * MEGABYTE)
    me, before = psutil.Process(), psutil.Process().memory_info().rss
    most = got = 0
    url, headers = story.path, {"Authorization": f"Bearer {story.ben.token}"}
    async with shop.http.stream("GET", url, headers=headers) as answer:
        async for chunk in answer.aiter_raw():
            got += len(chunk)
            most = max(most, me.memory_info().rss)
    assert got == 150 * MEGABYTE
    assert most - before < 30 * MEGABYTE, f"grew by {(most - before) / MEGABYTE:.0f} MB"
