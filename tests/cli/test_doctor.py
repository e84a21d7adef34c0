"""What the doctor finds in the home, and at the server that mail leaves by."""

from pathlib import Path

import pytest

from purvey.cli.doctor import Ill, the_home
from purvey.settings import Settings


@pytest.mark.parametrize("name", ["", "files", "mail"])
@pytest.mark.parametrize(
    ("mode", "well"), [(0o700, True), (0o711, True), (0o755, False), (0o770, False), (0o701, True)]
)
async def test_a_folder_made_by_hand_is_told_its_mode(tmp_path: Path, name: str, mode: int, well: bool) -> None:
    home = tmp_path / "home"
    (home / name).mkdir(parents=True)
    home.chmod(0o700)
    (home / name).chmod(mode)
    settings = Settings(home=home, secret_key="k" * 40)
    if well:
        assert str(home) in await the_home(settings)
        return
    with pytest.raises(Ill, match=f"has mode {mode:o}.*: chmod go-rw {home / name}".rstrip("/")):
        await the_home(settings)
