from __future__ import annotations

import pytest

from benchmark.versions import NEWEST, STEPS, upgraded, version_of


def test_each_version_but_the_newest_has_a_step() -> None:
    assert sorted(STEPS) == list(range(1, NEWEST))


def test_a_record_without_a_version_is_of_the_first() -> None:
    assert version_of({}) == 1
    assert upgraded({"id": "x"}) == {"id": "x", "files": {}, "format": NEWEST}


def test_a_record_of_the_newest_version_is_left_as_it_is() -> None:
    record = {"id": "x", "files": {"a": "b"}, "format": NEWEST}
    assert upgraded(record) == record


def test_steps_change_nothing_that_they_are_given() -> None:
    record = {"id": "x", "format": 1}
    upgraded(record)
    assert record == {"id": "x", "format": 1}


@pytest.mark.parametrize("version", [0, -1, "2", 1.0, True, None])
def test_what_is_no_version_is_refused(version: object) -> None:
    with pytest.raises(ValueError, match="no number of a version"):
        upgraded({"format": version})


def test_a_later_version_is_refused() -> None:
    with pytest.raises(ValueError, match=f"version {NEWEST + 1}, and {NEWEST} is the latest"):
        upgraded({"format": NEWEST + 1})
