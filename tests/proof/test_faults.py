"""The database dies and comes back, workers share and die, a job fails for good: what there is to do is done, once."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import httpx
import psutil
import pytest

from purvey import letters, purchases
from purvey.access import EmailVerificationAsked
from purvey.kit.db import Database, connect
from purvey.kit.events import Event, Heard, Reaction, flusher, publish
from purvey.kit.ids import new_id
from purvey.kit.postgres import EmbeddedPostgres
from purvey.settings import Settings
from purvey.worker import FIRST_DELAY, LONGEST_DELAY, MAX_ATTEMPTS, MOST_BEGINS, work
from tests.conftest import POSTGRES_SETTINGS, fresh_database, served
from tests.proof.program import SECRET_KEY, Program
from tests.vocabulary.shop import Clock, Shop, eventually

# How many jobs were begun how often.
TIMES_BEGUN = """
select times, count(*)
from (select count(*) as times from pgqueuer_log where status = 'picked' group by job_id) as j
group by times
"""

# What the engine leaves of a job that has killed so many workers.
BEGUN_OFTEN = """
with late as (
    update pgqueuer
    set status = 'picked', execute_after = now() - interval '1 hour', heartbeat = now() - interval '1 minute'
    returning id, entrypoint
)
insert into pgqueuer_log (job_id, status, priority, entrypoint, created)
select id, 'picked', 0, entrypoint, now() - n * interval '1 minute' from late, generate_series(1, $1::int) as n
"""


class Own:
    """A database server of the test's own, to be killed and started."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="purvey-fault-"))
        self.home.chmod(0o755)
        self.server = EmbeddedPostgres(self.home, settings=POSTGRES_SETTINGS).start()

    def goes(self, how: signal.Signals) -> None:
        """SIGKILL: the machine lost power; SIGINT: its operator restarts it."""
        place = Path(self.home / "postgres")
        main = psutil.Process(int((place / "data" / "postmaster.pid").read_text().split()[0]))
        family = [main, *main.children(recursive=True)]
        os.kill(main.pid, how)
        if how is signal.SIGKILL:
            for one in family[1:]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
        psutil.wait_procs(family, timeout=20)

    def comes_back(self) -> None:
        again = EmbeddedPostgres(self.home, settings=POSTGRES_SETTINGS).start()
        self.server, gone = again, self.server
        gone.stop()


@pytest.fixture
def own() -> Iterator[Own]:
    own = Own()
    yield own
    own.server.stop()
    shutil.rmtree(own.home)


@pytest.mark.feature("C17", "A12")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "restarted"])
async def test_the_database_goes_while_the_shop_serves_and_all_goes_on_when_it_is_back(
    own: Own, tmp_path: Path, how: signal.Signals
) -> None:
    clock, dsn = Clock(), await fresh_database(own.server.dsn, "faults")
    settings = Settings(home=tmp_path, secret_key=SECRET_KEY, test_bank=True, sign_up_limit=0)
    async with (
        served(settings, dsn=dsn, clock=clock) as (world, base_url),
        httpx.AsyncClient(base_url=base_url, timeout=30) as http,
    ):
        shop = Shop(world, base_url=base_url, clock=clock, http=http)
        ana, ben = await shop.author("ana"), await shop.person("ben")
        assert ana.site is not None
        atlas = await ana.sells("Field Atlas", stock=5)
        first = await ben.buys(atlas)
        reads, writes = f"/v1/s/{ana.site['slug']}/shop", f"/v1/sites/{ana.site['id']}/products"
        assert (await http.get(reads)).status_code == 200

        own.goes(how)

        for _ in range(25):  # more than there are connections to be found dead
            for answer in (await http.get(reads), await ana.post(writes, {"name": "Lost", "price": 1})):
                assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
                assert int(answer.headers["retry-after"]) > 0
        keyed = await ana.post(writes, {"name": "Lost", "price": 1}, headers={"Idempotency-Key": "lost"})
        assert keyed.status_code == 503
        assert (await http.post(first["checkoutUrl"], data={"outcome": "pay"})).status_code == 503
        page = await http.get(f"/s/{ana.site['slug']}/shop", headers={"accept": "text/html"})
        assert page.status_code == 503
        assert ((await http.get("/healthz")).status_code, (await http.get("/readyz")).status_code) == (200, 503)

        own.comes_back()

        async def answers() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await eventually(answers, seconds=5)
        for _ in range(25):
            assert (await http.get(reads)).status_code == 200
        assert (await shop.stock_of(atlas)) == (5, 1, 0)
        assert (await ben.pays(first))["status"] == "SUCCEEDED"
        kept = await ana.post(writes, {"name": "Lost", "price": 1}, headers={"Idempotency-Key": "lost"})
        assert (kept.status_code, "idempotent-replayed" in kept.headers) == (201, False)
        names = "select count(*) from products where name = 'Lost'"
        assert await shop.db.value(names) == 1
        assert await purchases.audit_books(shop.db) == []


@pytest.fixture
async def program(postgres: str, tmp_path: Path, worker_id: str) -> AsyncIterator[Program]:
    program = Program(tmp_path / "home", await fresh_database(postgres, f"faults_{worker_id}"))
    yield program
    program.stops()


@pytest.fixture
async def db(program: Program) -> AsyncIterator[Database]:
    db = await connect(program.dsn)
    yield db
    await db.pool.close()


@pytest.mark.feature("C17")
async def test_two_workers_do_each_job_once_and_one_goes_on_when_the_other_is_killed(
    program: Program, db: Database
) -> None:
    people = 200

    async def done() -> bool:
        return await gone(db)

    await asks_for_mail(db, people)
    doomed, _ = program.works(), program.works()
    await eventually(done, seconds=40)
    assert await db.records(TIMES_BEGUN) == [(1, people)]
    assert len(list((program.home / "mail").glob("*.eml"))) == people

    await asks_for_mail(db, people)
    await eventually(lambda: standing(db, "picked"))
    doomed.kill()

    async def nobody_waits_for_the_dead() -> bool:
        await db.do("update pgqueuer set heartbeat = now() - interval '1 hour' where status = 'picked'")
        await asyncio.sleep(1)
        return await done()

    await eventually(nobody_waits_for_the_dead, seconds=40)
    assert len(list((program.home / "mail").glob("*.eml"))) == 2 * people
    assert await db.value("select count(*) from pgqueuer_log where status in ('exception', 'failed')") == 0


async def asks_for_mail(db: Database, people: int) -> None:
    """So many new people, each of whom a worker is to write to."""
    db.flush = flusher(letters.reactions(Settings(home=Path("/nowhere"), secret_key=SECRET_KEY)))
    ids = [new_id() for _ in range(people)]
    await db.do(
        "insert into users (id, email, username, display_name, created_at)"
        " select id, id || '@example.com', 'u' || right(id::text, 12), 'Ana', now() from unnest($1::uuid[]) as id",
        ids,
    )
    async with db.transaction() as tx:
        for id in ids:
            publish(tx, EmailVerificationAsked(subject_id=id, tenant_id=None, at=Clock()()))


class Struck(Event, frozen=True, kw_only=True):
    """Something happened that a reaction cannot bear."""

    type: ClassVar[str] = "STRUCK"
    queue: ClassVar[str] = "access-events"


@pytest.mark.feature("C17")
async def test_a_job_that_fails_is_tried_later_and_later_then_parked_and_can_be_replayed(
    program: Program, db: Database
) -> None:
    tried: list[Heard] = []
    mended = asyncio.Event()

    async def bear(heard: Heard, _: Struck) -> None:
        tried.append(heard)
        if not mended.is_set():
            raise RuntimeError("cannot bear it")

    async with working(db, [Reaction(Struck, "access.bear", bear)]):
        await strikes(db)
        waits: list[timedelta] = []
        for attempt in range(1, MAX_ATTEMPTS + 1):
            await eventually(lambda attempt=attempt: attempted(db, attempt))
            waits.append(await db.value("select execute_after - updated from pgqueuer"))
            await db.do("update pgqueuer set execute_after = now()")
        await eventually(lambda: standing(db, "failed"))
        assert len(tried) == MAX_ATTEMPTS + 1
        assert waits == sorted(waits) and waits[0] < 2 * FIRST_DELAY and waits[-1] > 8 * waits[0]
        assert waits[-1] <= LONGEST_DELAY * 1.5

        code, said = await program.runs("queues", "show", "product-retry")
        assert code == 0 and "access.bear" in said and "cannot bear it" in said and said.endswith("1 task(s)\n")
        code, said = await program.runs("queues", "list")
        assert [line.split()[-1] for line in said.splitlines() if line.startswith("product-retry")] == ["1"]

        mended.set()
        assert await program.runs("queues", "replay", "--all") == (0, "replayed 1 task(s)\n")
        await eventually(lambda: gone(db))
    assert len(tried) == MAX_ATTEMPTS + 2
    assert len({heard.event_id for heard in tried}) == 1
    assert (await program.runs("queues", "show", "product-retry"))[1] == "0 task(s)\n"


@pytest.mark.feature("C17")
async def test_a_job_that_kills_its_workers_is_parked_and_others_go_on(program: Program, db: Database) -> None:
    heard: list[Heard] = []

    async def bear(each: Heard, _: Struck) -> None:
        heard.append(each)

    reactions = [Reaction(Struck, "access.bear", bear)]
    db.flush = flusher(reactions)
    await strikes(db)
    await db.do(BEGUN_OFTEN, MOST_BEGINS)
    await strikes(db)
    async with working(db, reactions):
        await eventually(lambda: standing(db, "failed"))
        await eventually(lambda: standing(db, "queued", none=True))
    assert len(heard) == 1
    assert await db.value("select count(*) from pgqueuer") == 1


@contextlib.asynccontextmanager
async def working(db: Database, reactions: list[Reaction]) -> AsyncIterator[None]:
    """A worker with these reactions, until the end of the block."""
    db.flush, stop = flusher(reactions), asyncio.Event()
    task = asyncio.create_task(work(db, clock=Clock(), reactions=reactions, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def strikes(db: Database) -> None:
    async with db.transaction() as tx:
        publish(tx, Struck(subject_id=new_id(), tenant_id=None, at=Clock()()))


async def attempted(db: Database, times: int) -> bool:
    return await db.value("select attempts from pgqueuer where status = 'queued'") == times


async def standing(db: Database, status: str, *, none: bool = False) -> bool:
    """Whether there is a job that stands so, or none."""
    count = await db.value("select count(*) from pgqueuer where status::text = $1", status)
    return bool(count) is not none


async def gone(db: Database) -> bool:
    return await db.value("select count(*) from pgqueuer") == 0
