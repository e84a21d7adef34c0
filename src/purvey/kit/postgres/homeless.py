"""Databases that lie away from their home, and whose home was removed: nobody can ever start them again."""

import re
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from purvey.kit.postgres.place import ELSEWHERE
from purvey.kit.postgres.server import Server

LEFT_ALONE_FOR: Final = timedelta(days=30)  # a home may be moved, and start only then to say where it is
NAME: Final = re.compile(r"[0-9a-f]{8}")
SIGNS_OF_LIFE: Final = (".", "home", "data", "postgres.log", "data/postmaster.pid", "data/global/pg_control")


def sweep_homeless(elsewhere: Path = ELSEWHERE, *, now: datetime) -> list[Path]:
    """Remove them; which. Whatever is in doubt stays: it may be somebody's books."""
    if not elsewhere.is_dir():
        return []
    swept = [place for place in sorted(elsewhere.iterdir()) if is_homeless(place, now=now)]
    for place in swept:
        shutil.rmtree(place, ignore_errors=True)
    return swept


def is_homeless(place: Path, *, now: datetime) -> bool:
    """Its home is gone from a disk that is there, no server runs on it, and nothing touched it for a month."""
    if not NAME.fullmatch(place.name) or not stat.S_ISDIR(place.lstat().st_mode):
        return False
    home, device = home_of(place)
    if home is None or home.exists() or home.is_symlink():
        return False
    ground = next(folder for folder in home.parents if folder.exists())
    if ground.stat().st_dev != device:
        return False  # its disk may be away, and come back
    return touched_at(place) < (now - LEFT_ALONE_FOR).timestamp() and not Server(place, {}).is_running


def home_of(place: Path) -> tuple[Path | None, int]:
    """The home that the folder was made for, and the device it was on; None when that was not noted."""
    try:
        home, device = (place / "home").read_text().splitlines()
        return (Path(home), int(device)) if Path(home).is_absolute() else (None, 0)
    except (OSError, ValueError):
        return None, 0


def touched_at(place: Path) -> float:
    """When anything last happened there."""
    return max(found.lstat().st_mtime for found in signs_of(place))


def signs_of(place: Path) -> Iterator[Path]:
    yield from (place / name for name in SIGNS_OF_LIFE if (place / name).exists())
