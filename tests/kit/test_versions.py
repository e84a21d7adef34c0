"""Whoever writes over a newer version is told so."""

import msgspec
import pytest

from purvey.kit.errors import Invalid, Stale
from purvey.kit.versions import StaleVersion, etagged, refuse_changed, refuse_stale


def test_the_newest_version_may_be_changed() -> None:
    refuse_stale(3)
    refuse_stale(3, sent=3)
    refuse_stale(3, if_match='"3"')
    refuse_stale(3, if_match='"1", W/"3"')
    refuse_stale(3, if_match="*")
    assert etagged(3) == {"ETag": '"3"'}


@pytest.mark.parametrize("tags", ['"2"', '"33"', "3", "", '"2", "4"'])
def test_an_old_if_match_fails_as_a_precondition(tags: str) -> None:
    with pytest.raises(Stale) as refusal:
        refuse_stale(3, if_match=tags)
    assert refusal.value.extra == {"version": 3}


def test_an_old_version_in_the_body_is_a_conflict() -> None:
    with pytest.raises(StaleVersion):
        refuse_stale(3, sent=2)


class Form(msgspec.Struct, rename="camel"):
    used_count: int | msgspec.UnsetType = msgspec.UNSET


class View(msgspec.Struct, rename="camel"):
    used_count: int


def test_a_read_only_field_comes_back_as_it_was_or_not_at_all() -> None:
    refuse_changed(Form(), View(3), "used_count")
    refuse_changed(Form(3), View(3), "used_count")
    with pytest.raises(Invalid) as refusal:
        refuse_changed(Form(4), View(3), "used_count")
    assert refusal.value.errors[0].pointer == "/usedCount"
