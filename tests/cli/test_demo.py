"""`purvey demo` as a new user meets it: a shop with goods in it, where a person buys, and the author sees it."""

import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import psutil
import pytest

from purvey.cli.seed import CODE, DEMO_AUTHOR, DEMO_BUYER, DEMO_PASSWORD, SITE
from tests.cli.program import Running, free_port, run

LIVE_KEYS = {"PURVEY_STRIPE_SECRET_KEY": "sk_live_x", "PURVEY_STRIPE_WEBHOOK_SECRET": "whsec_x"}


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that the database's own account can reach, also when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="purvey-demo-"))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def migrated(home: Path) -> Path:
    """A home with a database in it, and nothing in that."""
    home.mkdir(mode=0o711)
    done = run(home, "migrate")
    assert done.returncode == 0, done.stderr
    return home


def signed_in(demo: Running, email: str) -> httpx.Client:
    client = httpx.Client(base_url=demo.base_url, timeout=30)
    answer = client.post("/v1/auth/sign-in", json={"email": email, "password": DEMO_PASSWORD})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return client


def shelf(client: httpx.Client) -> dict[str, dict[str, object]]:
    return {one["slug"]: one for one in client.get(f"/v1/s/{SITE}/shop").json()["data"]}


def paid(client: httpx.Client, purchase_id: str) -> dict[str, object]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found: dict[str, object] = client.get(f"/v1/purchases/{purchase_id}").json()
        if found["status"] == "SUCCEEDED":
            return found
        time.sleep(0.05)
    raise AssertionError(f"never paid: {found}")


@pytest.mark.feature("A12", "A14", "A24")
def test_a_person_buys_with_a_code_and_gets_the_files_even_after_the_power_went(home: Path) -> None:
    demo = Running(home, "demo")
    ben = signed_in(demo, DEMO_BUYER)
    goods = shelf(ben)
    assert {"field-atlas", "night-walks", "signed-print", "the-whole-shelf"} <= set(goods)
    assert "winter-stories" not in goods, "it opens in a month"

    started = ben.post(
        "/v1/purchases", json={"itemType": "product", "productId": goods["night-walks"]["id"], "discountCode": CODE}
    )
    assert started.status_code == 202, started.text
    demo.kill()

    again = Running(home, "demo", port=demo.port)
    ben = signed_in(again, DEMO_BUYER)
    assert httpx.post(started.json()["checkoutUrl"], data={"outcome": "pay"}).status_code == 303
    purchase = paid(ben, started.json()["purchaseId"])
    assert purchase["finalAmount"] == 480, "600 less 20 %"
    file = ben.get(f"/v1/purchases/{purchase['id']}/download")
    assert sorted(zipfile.ZipFile(BytesIO(file.content)).namelist()) == ["dawn.png", "dusk.png", "midnight.png"]
    assert set(shelf(ben)) == set(goods), "a second start changes nothing"

    ana = signed_in(again, DEMO_AUTHOR)
    (site,) = ana.get("/v1/sites").json()["data"]
    sales = ana.get(f"/v1/sites/{site['id']}/purchases").json()["data"]
    assert [sale["id"] for sale in sales] == [purchase["id"]]
    refund = ana.post(f"/v1/sites/{site['id']}/purchases/{purchase['id']}/refunds", json={"reason": "sorry"})
    assert refund.status_code == 202, refund.text
    deadline = time.monotonic() + 20
    while ben.get(f"/v1/purchases/{purchase['id']}").json()["status"] != "REFUNDED" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ben.get(f"/v1/purchases/{purchase['id']}/download").status_code == 403

    assert again.interrupt() == 0
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(home) in " ".join(one.info["cmdline"] or [])]
    told = again.log.read_text()
    for word in ("/s/field-notes/shop", DEMO_AUTHOR, DEMO_PASSWORD, CODE):
        assert word in told
    audit = run(home, "audit")
    assert (audit.returncode, audit.stdout.strip()) == (0, "the books agree"), audit.stderr
    for words in (["serve", "--port", str(free_port())], ["doctor"]):
        outside = run(home, *words, PURVEY_BASE_URL="https://shop.example.com", PURVEY_SECRET_KEY="k3y-of-a-shop" * 4)
        assert outside.returncode == 1, words
        assert f"{DEMO_AUTHOR} signs in with a password that everybody knows" in outside.stdout + outside.stderr


def test_commands_say_the_mend_in_one_line(migrated: Path, tmp_path: Path) -> None:
    for words, settings, part in (
        (
            ["serve"],
            {"PURVEY_HOME": str(tmp_path / "nowhere")},
            "`purvey migrate` begins a shop of your own in it, `purvey demo` makes one to try",
        ),
        (["serve"], {"PURVEY_SECRET_KEY": "short"}, "PURVEY_SECRET_KEY is weak"),
        (["serve"], {"PURVEY_COLOUR": "blue"}, "PURVEY_COLOUR is not a setting"),
        (["serve"], {"PURVEY_DATABASE_URL": "mysql://x"}, "PURVEY_DATABASE_URL is not a URL"),
        (["serve"], {"PURVEY_TEST_BANK": "1"} | LIVE_KEYS, "beside a live Stripe key"),
        (["serve"], {"PURVEY_STRIPE_SECRET_KEY": "sk_live_x"}, "go together"),
        (["serve"], {"PURVEY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, ""),
        (["queues", "show", "no-such-queue"], {}, "`purvey queues list` names them all"),
        (["queues", "replay"], {}, "name the tasks by id"),
        (["queues", "replay", "999999999"], {}, "not parked: 999999999"),
        (["queues", "replay", str(2**63)], {}, "not parked"),
        (["user", "create", "--email", "dora@example.com", "--password-stdin"], {}, "10 to 200 characters"),
        (["user", "create", "--email", "dora@example.com", "--password", "hunter2"], {}, "`purvey --help`"),
        (["token", "--email", "nobody@example.com"], {}, "`purvey user create"),
        (["user", "create", "--email", "nonsense"], {}, "e-mail"),
        (["frobnicate"], {}, "`purvey --help`"),
    ):
        ended = run(migrated, *words, **settings)
        assert ended.returncode in (1, 2), (words, ended)
        lines = [line for line in ended.stderr.splitlines() if line]
        assert len(lines) == 1, (words, ended.stderr)
        assert lines[0].startswith("purvey: ") and part in lines[0], (words, lines)


def test_people_tokens_and_queues(migrated: Path) -> None:
    made = run(migrated, "user", "create", "--email", "cleo@example.com", "--admin")
    assert made.returncode == 0, made.stderr
    token = run(migrated, "token", "--email", "cleo@example.com")
    assert token.stdout.strip().startswith("ps_") and len(token.stdout.split()) == 1
    word = "a fine long password"
    told = run(migrated, "user", "create", "--email", "dora@example.com", "--password-stdin", input=f"{word}\n")
    assert told.returncode == 0, told.stderr
    program = Running(migrated, "serve", PURVEY_TEST_BANK="1")
    try:
        body = {"email": "dora@example.com", "password": word}
        assert httpx.post(f"{program.base_url}/v1/auth/sign-in", json=body).status_code == 200
    finally:
        program.interrupt()
    queues = run(migrated, "queues", "list")
    assert "product-retry" in queues.stdout
    assert run(migrated, "migrate", "--check").returncode == 0
    doctor = run(migrated, "doctor", PURVEY_TEST_BANK="1")
    assert doctor.returncode == 0, doctor.stdout
    assert "PostgreSQL 18, embedded, migrated" in doctor.stdout
