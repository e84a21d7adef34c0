"""The places where a crash is tried are all in the story, and nothing happens at them unless one is chosen."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import purvey
from purvey.kit import failpoints


def test_every_failpoint_is_reached_somewhere_and_every_place_is_listed() -> None:
    source = Path(purvey.__file__).parent
    reached = {
        point for file in source.rglob("*.py") for point in re.findall(r'\breach\("([^"]+)"\)', file.read_text())
    }
    assert reached == set(failpoints.POINTS)


def test_a_failpoint_that_does_not_exist_cannot_be_chosen() -> None:
    with pytest.raises(ValueError, match="there are purchase"):
        failpoints.arm("purchase.imagined")
    failpoints.reach(failpoints.POINTS[0])


def test_the_chosen_place_kills_the_process_and_no_other_does() -> None:
    program = (
        "from purvey.kit import failpoints as f; f.arm(f.POINTS[1]); f.reach(f.POINTS[0]); print('alive', flush=True); "
        "f.reach(f.POINTS[1]); print('never')"
    )
    died = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (died.returncode, died.stdout) == (-9, "alive\n")
