from __future__ import annotations

import pytest
from suite_components import GOOD


def labels(suite) -> list[str]:
    return [cell.label for cell in suite.cells]


def test_exclude_takes_out_the_cells_that_match_in_all_that_it_names(load) -> None:
    suite = load(
        GOOD + "exclude:\n  - {model: large, augmentation: [none]}\n  - {model: small, seed: [0, 1]}\n"
    )
    assert labels(suite) == ["large · both · 0", "large · both · 1"]
    assert dict(suite.axes) == {"model": ("large",), "augmentation": ("both",), "seed": ("0", "1")}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{model: larg}", "axis 'model' has no value labelled 'larg'. Did you mean 'large'? Available: large, small."),
        ("{seed: [0, 7]}", "axis 'seed' has no value labelled '7'. Available: 0, 1."),
        ("{modell: large}", "there is no axis 'modell'. Did you mean 'model'? Available: augmentation, model, seed."),
        ("{}", "an entry of 'exclude' is a mapping from axes to values, found {}."),
        ("large", "an entry of 'exclude' is a mapping from axes to values, found 'large'."),
        ("{seed: 1, model: small}", "this excludes no cell: the entries before it took out all that it matches."),
    ],
)  # fmt: skip
def test_a_wrong_exclusion_is_a_problem_at_its_line(problems, entry: str, expected: str) -> None:
    assert problems(GOOD + f"exclude:\n  - seed: 1\n  - {entry}\n") == [f"suite.yaml:12: {expected}"]


def test_excluding_everything_is_a_problem(problems) -> None:
    expected = ["suite.yaml:10: no cell is left: 'exclude' takes out all of them."]
    assert problems(GOOD + "exclude: [{seed: [0, 1]}]\n") == expected


def test_exclude_and_include_are_lists(problems) -> None:
    assert problems(GOOD + "exclude: {model: large}\ninclude: small\n") == [
        "suite.yaml:10: 'exclude' is a list of mappings from axes to values, found {'model': 'large'}.",
        "suite.yaml:11: 'include' is a list of mappings from axes to values, found 'small'.",
    ]


def test_include_adds_cells_over_the_axes_that_it_leaves_out(load) -> None:
    suite = load(GOOD + "include:\n  - {model: {large: {width: 128}, label: huge}, augmentation: none}\n")
    assert labels(suite)[8:] == ["huge · none · 0", "huge · none · 1"]
    assert suite.cells[-1].spec.model.parameters["width"] == 128
    assert suite.axes["model"] == ("small", "large", "huge")


def test_what_include_names_and_is_there_already_is_not_added_again(load) -> None:
    entries = (
        "\n  - {seed: 0}\n  - {model: {large: {width: 64}}}\n  - {seed: 7, model: small}\n  - {seed: 7}\n"
    )
    suite = load(GOOD + f"include:{entries}")
    assert labels(suite)[8:] == [
        "small · none · 7",
        "small · both · 7",
        "large · none · 7",
        "large · both · 7",
    ]


def test_include_may_bring_back_what_exclude_took_out(load) -> None:
    suite = load(GOOD + "exclude: [{model: large}]\ninclude: [{model: large, augmentation: both, seed: 0}]\n")
    assert labels(suite)[4:] == ["large · both · 0"]


def test_all_entries_of_include_may_mean_the_same_new_value_but_not_two_by_one_label(load, problems) -> None:
    huge = "{model: {large: {width: 128}, label: huge}, seed: %d}"
    assert len(load(GOOD + f"include:\n  - {huge % 0}\n  - {huge % 1}\n").cells) == 12
    assert problems(GOOD + f"include:\n  - {huge % 0}\n  - {(huge % 1).replace('128', '256')}\n") == [
        "suite.yaml:12: axis 'model' has another value labelled 'huge', at suite.yaml:11; give this one a 'label' "
        "of its own."
    ]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{modell: small}", "there is no axis 'modell'. Did you mean 'model'?"),
        ("{model: larg}", "There is no model 'larg'. Did you mean 'large'?"),
        ("{model: {large: {widht: 1}}}", "model 'large' has no parameter 'widht'. Did you mean 'width'?"),
        ("{model: {large: {width: 1}}}", "axis 'model' has another value labelled 'large', at suite.yaml:7; give this"),
        ("{model: {large: {width: 64}, label: x}}", "'x' is the same as 'large' at suite.yaml:7 in all but its label."),
        ("{seed: [1]}", "'seed' is a whole number from 0, found [1]."),
        ("3", "an entry of 'include' is a mapping from axes to values, found 3."),
    ],
)  # fmt: skip
def test_a_wrong_inclusion_is_a_problem_at_its_line(problems, entry: str, expected: str) -> None:
    (found,) = problems(GOOD + f"include:\n  - {entry}\n")
    assert found.startswith(f"suite.yaml:11: {expected}")
