"""Where the embedded PostgreSQL lives, and as whom it runs: PostgreSQL refuses to run as root."""

import os
import pwd
import secrets
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ELSEWHERE: Final = Path("/var/lib/purvey")
"""Where root's server keeps its data when the account it runs as cannot reach the home."""

POLL_SECONDS: Final = 0.005


class EmbeddedPostgresError(Exception):
    """Why there is no database, and the mend, in one line."""


@dataclass(frozen=True)
class Account:
    """Whom the server runs as when we are root, which PostgreSQL refuses to run as."""

    uid: int
    gid: int


def find_place(home: Path, elsewhere: Path) -> Path:
    """The folder of the server: in the home, or where the home's signpost says."""
    signpost, place = home / "postgres.elsewhere", home / "postgres"
    if signpost.exists():
        place = Path(signpost.read_text().strip())
        if not place.is_dir():
            raise EmbeddedPostgresError(f"{place} is gone: bring it back, or remove {signpost} to start empty")
        note_home(place, home)
        return place
    if (place / "data").exists():
        if not reaches(account_for(place), place):
            raise EmbeddedPostgresError(f"the owner of {place / 'data'} cannot reach it: chmod a+x the folders above")
        return place

    if _settle(place):
        return place
    place.rmdir()
    place = elsewhere / secrets.token_hex(4)
    if not _settle(place):
        place.rmdir()
        raise EmbeddedPostgresError(
            f"the database cannot run as root, and the account nobody reaches neither {home} nor {elsewhere}:"
            " choose another PURVEY_HOME, or run as an ordinary user"
        )
    note_home(place, home)
    signpost.write_text(f"{place}\n")
    return place


def note_home(place: Path, home: Path) -> None:
    """Where the home is now, which may have been moved, and on which disk: by this a place without one is known."""
    (place / "home").write_text(f"{home}\n{home.stat().st_dev}\n")


def _settle(place: Path) -> bool:
    place.mkdir(parents=True, exist_ok=True)
    account = account_for(place)
    if account:
        place.chmod(0o755)
    return reaches(account, place)


def account_for(place: Path) -> Account | None:
    """Who owns the data, or will; nobody else than ourselves unless we are root."""
    if os.geteuid() != 0:
        return None
    data = place / "data"
    if data.exists():
        owner = data.stat()
        if owner.st_uid == 0:
            raise EmbeddedPostgresError(f"{data} belongs to root, as whom no database runs: chown -R nobody {data}")
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedPostgresError("the database cannot run as root: add the account nobody") from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def reaches(account: Account | None, path: Path) -> bool:
    """Whether the account may enter the folder or run the program."""
    return account is None or run(account, Path("/"), "/bin/sh", "-c", 'test -x "$0"', path).returncode == 0


def run(account: Account | None, folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program as the account, away from our terminal, to its end."""
    return subprocess.run(  # noqa: S603  our own words and paths, and no shell reads them
        command,
        cwd=folder,
        # PGOPTIONS and its kin, and a locale that is not installed, are for other servers.
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def pause(deadline: float, otherwise: str) -> None:
    """Wait a moment; after `deadline` on the monotonic clock, give up and say `otherwise`."""
    if time.monotonic() > deadline:
        raise EmbeddedPostgresError(otherwise)
    time.sleep(POLL_SECONDS)
