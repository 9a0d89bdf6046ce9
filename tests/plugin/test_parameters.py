from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from benchmark.exceptions import PluginError
from benchmark.plugin.augmentation import Augmentation
from benchmark.plugin.component import Later, Location
from benchmark.plugin.parameters import check_parameters, identity_parameters, marks_of, parameters_of


class Stretch(Augmentation):
    name = "stretch"
    acts_on = "waveform"

    def __init__(
        self,
        *,
        rate: Annotated[float, Field(gt=0)],
        mode: Literal["fast", "slow"] = "fast",
        copies: int = 1,
        rates: list[float] = [1.0],  # noqa: B006
        root: Annotated[str | None, Location()] = None,
        smooth: Annotated[bool, Later()] = False,
    ) -> None: ...


def messages(given: dict) -> list[str]:
    return [problem.message for problem in check_parameters(Stretch, given)[1]]


def test_defaults_are_filled_in_so_that_writing_them_changes_nothing() -> None:
    assert check_parameters(Stretch, {"rate": 1.5}) == check_parameters(Stretch, {"rate": 1.5, "copies": 1})


def test_a_whole_number_is_taken_where_a_fraction_is_allowed() -> None:
    assert check_parameters(Stretch, {"rate": 2})[1] == []


def test_an_unknown_parameter_gets_the_nearest_name() -> None:
    assert "Did you mean 'rates'?" in messages({"rate": 1.5, "ratess": [1.0]})[0]


def test_a_missing_parameter_is_named_with_its_type() -> None:
    assert messages({}) == ["augmentation 'stretch' needs 'rate' (float)."]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"rate": 0}, "greater than 0"),
        ({"rate": "1.5"}, "valid number"),
        ({"rate": 1.5, "mode": "medium"}, "'fast' or 'slow'"),
        ({"rate": 1.5, "copies": 1.5}, "valid integer"),
        ({"rate": 1.5, "copies": True}, "valid integer"),
    ],
)
def test_wrong_types_ranges_and_choices_are_said_with_what_was_found(given: dict, part: str) -> None:
    (message,) = messages(given)
    assert part in message
    assert "found" in message


def test_the_path_of_a_problem_leads_into_lists() -> None:
    (problem,) = check_parameters(Stretch, {"rate": 1.5, "rates": [1.0, "x"]})[1]
    assert problem.path == ("rates", 1)


def test_a_location_is_no_part_of_the_identity() -> None:
    checked, _ = check_parameters(Stretch, {"rate": 1.5, "root": "/somewhere"})
    assert "root" not in identity_parameters("", marks_of(Stretch), checked)


def test_a_parameter_that_came_later_counts_where_it_is_not_at_its_default() -> None:
    for given, counts in (
        ({"rate": 1.5}, False),
        ({"rate": 1.5, "smooth": False}, False),
        ({"rate": 1.5, "smooth": True}, True),
    ):
        checked, _ = check_parameters(Stretch, given)
        assert ("smooth" in identity_parameters("", marks_of(Stretch), checked)) is counts


def test_a_parameter_without_annotation_is_the_authors_error() -> None:
    class Careless(Augmentation):
        name = "careless"

        def __init__(self, *, rate=1.0) -> None: ...

    with pytest.raises(PluginError, match="'rate' has no type annotation"):
        parameters_of(Careless)
