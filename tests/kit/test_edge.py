"""What the log says of a request."""

from pathlib import Path
from uuid import UUID

import httpx
import pytest

from purvey.downloads.links import offer_link, write_link
from purvey.kit.edge import shown
from purvey.kit.ids import new_token
from purvey.settings import Settings
from tests.conftest import fresh_database, served
from tests.vocabulary.shop import Clock, Shop


def test_a_path_cannot_write_to_an_operators_terminal() -> None:
    assert shown("/s/straße/shop") == "/s/straße/shop"
    assert shown("/\x1b[2J\r\n{}") == "'/\\x1b[2J\\r\\n{}'"


@pytest.mark.parametrize(
    "path",
    [
        "/downloads/{}",
        "//downloads/{}",
        "/downloads/{}/",
        "/DOWNLOADS/{}/more",
        "/test-bank/{}",
        "/test-bank/{}/dispute",
    ],
)
def test_a_word_that_opens_something_to_its_bearer_is_in_no_log(path: str) -> None:
    word = new_token()
    assert word not in shown(path.format(word))
    assert shown(path.format(word)) == path.format("…")


async def test_a_download_link_is_not_logged_however_it_is_asked_for(
    shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    ana, ben = await shop.author("ana"), await shop.person("ben")
    atlas = await ana.sells("Atlas", price=0)
    await ana.adds_file(atlas, "atlas.txt", b"A map")
    purchase = await ben.buys(atlas)
    found, _ = await offer_link(shop.db, ben.id, purchase_id=UUID(purchase["id"]), file_id=None, now=shop.now)
    word = write_link(found, secret_key=shop.world.settings.secret_key)
    link = f"/downloads/{word}"
    assert (await shop.http.get(link)).content == b"A map"
    for other in (f"{word[:9]}!{word[9:]}", f"{word}%0A", f"{word}=", f"{word}%20"):
        assert (await shop.http.get(f"/downloads/{other}")).status_code == 404, "one link is one word"
    for method, path in (("HEAD", link), ("POST", link), ("GET", f"{link}/"), ("GET", f"/downloads/{word}x")):
        await shop.http.request(method, path)
    out, err = capfd.readouterr()
    assert "/downloads/…" in out + err
    assert word not in out + err


async def test_metrics_are_for_who_has_the_token_wherever_they_ask_from(
    postgres: str, tmp_path: Path, worker_id: str
) -> None:
    dsn = await fresh_database(postgres, f"metrics_{worker_id}")
    token = new_token()
    with_token = Settings(home=tmp_path, secret_key="k" * 40, metrics_token=token)
    async with (
        served(with_token, dsn=dsn, clock=Clock()) as (_, base_url),
        httpx.AsyncClient(base_url=base_url) as http,
    ):
        by = [
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": f"Bearer {token}"},
            {"Authorization": "Bearer ü".encode()},
        ]
        answers = [await http.get("/metrics", headers=each) for each in by]
        assert [answer.status_code for answer in answers] == [401, 401, 200, 401]
        assert "purvey_http_requests_total" in answers[2].text


async def test_without_a_token_nobody_has_metrics(shop: Shop) -> None:
    refused = await shop.http.get("/metrics")
    assert refused.status_code == 403
    assert "PURVEY_METRICS_TOKEN" in refused.text
