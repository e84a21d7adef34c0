"""A real S3 server for tests: one Ceph gateway on loopback, in memory, for all test processes of a run.

It is watched over by a process of its own (`python -m tests.storage.rgw`), which ends it when the run has ended,
however that came about.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import httpx
import msgspec
import obstore
from obstore.store import S3Store

KEY, SECRET, REGION = "SHOPKEY", "shop-secret", "us-east-1"
START_SECONDS = 90
PROGRAMS = ("ceph-authtool", "monmaptool", "ceph-mon", "ceph-osd", "ceph", "radosgw", "radosgw-admin")
READY, FAILED = "ready", "failed"

CONFIGURATION = """
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon_port}
public addr = 127.0.0.1
keyring = {home}/keyring
mon data = {home}/mon
osd data = {home}/osd
rgw data = {home}/rgw
run dir = {home}
log file = {home}/$name.log
admin socket = {home}/$name.asok
ms bind msgr1 = false
auth allow insecure global id reclaim = true
osd objectstore = memstore
memstore device bytes = 1073741824
osd memory target = 939524096
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd crush chooseleaf type = 0
osd max object name len = 256
mon allow pool size one = true
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw enable usage log = false
rgw crypt require ssl = false
"""


class Gateway(msgspec.Struct, frozen=True):
    """Where it answers, and how its keeper is asked."""

    home: str
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def bucket(self, name: str) -> str:
        """A new bucket, as PURVEY_STORAGE_URL names it."""
        root = S3Store(name, access_key_id=KEY, secret_access_key=SECRET, **self.options)
        made = httpx.put(obstore.sign(root, "PUT", "", timedelta(minutes=1)))
        assert made.status_code == 200, made.text
        return f"s3://{name}/shop?endpoint={self.endpoint}&region={REGION}"

    def index(self, bucket: str) -> str:
        """Everything that lies in a bucket, parts of unfinished uploads too."""
        return run("radosgw-admin", "-c", f"{self.home}/ceph.conf", "bi", "list", "--bucket", bucket)

    @property
    def options(self) -> Any:
        return {"endpoint": self.endpoint, "region": REGION, "client_options": {"allow_http": True}}


def gateway() -> Gateway:
    """The gateway of this run, started by whichever test process asks first."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    assert not missing, f"{', '.join(missing)} not found: run `scripts/test-tools`"
    run_id = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    home = Path(tempfile.gettempdir(), f"purvey-rgw-{run_id}")
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=0o700)
        command = [sys.executable, "-m", "tests.storage.rgw", str(home), str(run_id)]
        quiet = subprocess.DEVNULL
        subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=quiet, stderr=quiet, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    while not (home / READY).exists():
        assert not (home / FAILED).exists(), (home / FAILED).read_text()
        assert time.monotonic() < deadline, "the S3 gateway did not start"
        time.sleep(0.1)
    return msgspec.json.decode((home / READY).read_bytes(), type=Gateway)


def watch(home: Path, run_id: int) -> None:
    """Start the gateway, and end it when the run is no more."""
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        try:
            found = start(home, daemons)
            (home / "made").write_bytes(msgspec.json.encode(found))
            (home / "made").rename(home / READY)
        except Exception as error:
            (home / FAILED).write_text(repr(error))
            time.sleep(5)
            raise
        while lives(run_id):
            time.sleep(0.5)
    finally:
        for daemon in reversed(daemons):
            daemon.kill()
            daemon.wait()
        shutil.rmtree(home, ignore_errors=True)


def start(home: Path, daemons: list[subprocess.Popen[bytes]]) -> Gateway:
    mon_port, port = free_port(), free_port()
    config, keyring, fsid = home / "ceph.conf", home / "keyring", str(uuid4())
    config.write_text(CONFIGURATION.format(fsid=fsid, mon_port=mon_port, home=home, port=port))
    common = ("-c", str(config))
    for folder in ("mon", "osd", "rgw"):
        (home / folder).mkdir()

    def daemon(program: str, *options: str) -> None:
        log = (home / f"{program}.out").open("wb")
        daemons.append(subprocess.Popen([program, *common, "-f", *options], stdout=log, stderr=log))

    run("ceph-authtool", "--create-keyring", str(keyring), "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    for entity in ("client.admin", "client.rgw.a", "osd.0"):
        caps = [word for service in ("mon", "osd", "mgr") for word in ("--cap", service, "allow *")]
        run("ceph-authtool", str(keyring), "--gen-key", "-n", entity, *caps)
    monmap = str(home / "monmap")
    run("monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{mon_port}]", "--fsid", fsid, monmap)
    run("ceph-mon", *common, "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", str(keyring))
    daemon("ceph-mon", "-i", "a")
    osd_id = str(uuid4())
    run("ceph", *common, "--connect-timeout", "30", "osd", "new", osd_id)
    run("ceph-osd", *common, "-i", "0", "--mkfs", "--osd-uuid", osd_id)
    daemon("ceph-osd", "-i", "0")
    daemon("radosgw", "-n", "client.rgw.a")
    wait_for(f"http://127.0.0.1:{port}/")
    run("radosgw-admin", *common, "user", "create", "--uid=shop", "--display-name=shop", f"--access-key={KEY}",
        f"--secret-key={SECRET}")  # fmt: skip
    return Gateway(str(home), port)


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout


def wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    watch(Path(sys.argv[1]), int(sys.argv[2]))
