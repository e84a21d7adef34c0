"""A life moves by its table and by nothing else."""

from enum import StrEnum

import pytest

from purvey.kit.errors import Conflict
from purvey.kit.life import ImpossibleMove, Life


class Lamp(StrEnum):
    OFF = "OFF"
    ON = "ON"
    BROKEN = "BROKEN"


class Touch(StrEnum):
    PRESSED = "pressed"
    DROPPED = "dropped"


ROWS = [
    (Lamp.OFF, Touch.PRESSED, Lamp.ON),
    (Lamp.ON, Touch.PRESSED, Lamp.OFF),
    (Lamp.ON, Touch.DROPPED, Lamp.BROKEN),
]
LIFE = Life("lamp", *ROWS)


@pytest.mark.parametrize("state", Lamp)
@pytest.mark.parametrize("happening", Touch)
def test_every_pair_is_either_in_the_table_or_impossible(state: Lamp, happening: Touch) -> None:
    after = [to for before, when, to in ROWS if (before, when) == (state, happening)]
    assert LIFE.allows(state, happening) is bool(after)
    if after:
        assert LIFE.after(state, happening) is after[0]
    else:
        with pytest.raises(ImpossibleMove) as refusal:
            LIFE.after(state, happening)
        assert refusal.value.reason == "impossible_move"
        assert str(state) in refusal.value.detail
        assert isinstance(refusal.value, Conflict)


def test_an_ending_is_where_nothing_leads_out() -> None:
    assert LIFE.endings() == {Lamp.BROKEN}


def test_two_answers_to_one_question_are_a_bug() -> None:
    with pytest.raises(AssertionError):
        Life("lamp", *ROWS, (Lamp.OFF, Touch.PRESSED, Lamp.BROKEN))


def test_a_life_can_be_drawn() -> None:
    assert LIFE.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    OFF --> ON: pressed",
        "    ON --> OFF: pressed",
        "    ON --> BROKEN: dropped",
    ]
