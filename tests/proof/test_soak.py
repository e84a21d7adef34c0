"""A shop in use weighs after an hour what it did after ten minutes. `make proof` runs the hour, `make test` a taste.

`SOAK_SECONDS` gives another length, `SOAK_LOG` the file that says how it goes, a line of JSON every five seconds.
"""

import os
from pathlib import Path

import hypothesis
import pytest

from tests.conftest import fresh_database
from tests.proof.program import Program
from tests.proof.soaking import WARM_SECONDS, Weight, grown, soak

TASTE_SECONDS, HOUR_SECONDS = 20, 3_600
MOST_GROWN = 0.10


def asked_seconds() -> float:
    whole = hypothesis.settings.get_current_profile_name() == "proof"
    return float(os.environ.get("SOAK_SECONDS", HOUR_SECONDS if whole else TASTE_SECONDS))


@pytest.mark.feature("C17")
async def test_a_shop_in_use_does_not_grow(postgres: str, tmp_path: Path, worker_id: str) -> None:
    program = Program(tmp_path / "home", await fresh_database(postgres, f"soak_{worker_id}"))
    try:
        seconds = asked_seconds()
        soaked, weights = await soak(program, seconds=seconds, log=Path(os.environ.get("SOAK_LOG", tmp_path / "soak")))
    finally:
        program.stops()
    assert not soaked.wrong, soaked.wrong[:20]
    assert sum(soaked.done.values()) > seconds / 10 and all(weight.web and weight.worker for weight in weights)
    if seconds >= HOUR_SECONDS:
        assert max(grown(weights).values()) <= MOST_GROWN, grown(weights)


def weights_that(web_after: float) -> list[Weight]:
    """A web process that warms up for five minutes and then grows by this part in an hour."""
    return [
        Weight(at, int(1e8 * min(1, at / 300) * (1 + web_after * max(0, at - WARM_SECONDS) / 3_000)), 50_000_000)
        for at in range(0, 3_600, 5)
    ]


def test_what_grows_is_told_from_what_gets_warm() -> None:
    assert max(grown(weights_that(0.0)).values()) == 0
    assert 0.08 < grown(weights_that(0.09))["web"] < MOST_GROWN < grown(weights_that(0.15))["web"]
    with pytest.raises(AssertionError, match="too short"):
        grown(weights_that(0.0)[:100])
