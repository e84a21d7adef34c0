"""What cannot be served is said in one line, at once."""

import socket
from pathlib import Path

import pytest

from tests.cli.program import run


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "secret_key").write_text("0123456789abcdefghijklmnopqrstuvwxyz")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(tmp_path, command, "--port", port)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and f"port {port}" in done.stderr and "--port" in done.stderr
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("words", [("--port", "99999"), ("--port", "0")])
def test_what_can_never_be_served_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "secret_key").write_text("0123456789abcdefghijklmnopqrstuvwxyz")
    done = run(tmp_path, "serve", *words)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1


def test_a_database_at_no_port_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("0123456789abcdefghijklmnopqrstuvwxyz")
    done = run(tmp_path, "migrate", PURVEY_DATABASE_URL="postgresql://a:b@127.0.0.1:nowhere/x")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "PURVEY_DATABASE_URL" in done.stderr
