from __future__ import annotations

from collections.abc import Callable

import pytest
from suite_components import GOOD

from benchmark.suite.load import Suite

SOURCE = "reference:\n  source: somebody\n  values:\n"


def with_reference(*entries: str) -> str:
    """Return the good suite with a reference; its entries are lines 13, 14, ..."""
    return GOOD + SOURCE + "".join(f"    - {entry}\n" for entry in entries)


def line(text: str, part: str) -> int:
    return next(number for number, each in enumerate(text.splitlines(), 1) if part in each)


def test_percentages_become_shares(load: Callable[..., Suite]) -> None:
    suite = load(with_reference("{model: small, augmentation: both, tones:test/top1: 52.9}"))
    assert suite.reference is not None
    assert suite.reference.source == "somebody"
    (value,) = suite.reference.values
    assert value.measure == "tones:test/top1"
    assert value.value == pytest.approx(0.529)


def test_a_value_stands_for_all_rows_with_its_labels(load: Callable[..., Suite]) -> None:
    suite = load(with_reference("{model: small, tones:test/top1: 52.9}"))
    assert suite.reference is not None
    (value,) = suite.reference.values
    assert value.fits({"model": "small", "augmentation": "none"})
    assert value.fits({"model": "small", "augmentation": "both"})
    assert not value.fits({"model": "large", "augmentation": "none"})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{model: smal, tones:test/top1: 5}", "axis 'model' has no value labelled 'smal'. Did you mean 'small'?"),
        ("{modell: small, tones:test/top1: 5}", "there is no axis or column (evaluation set/metric) 'modell'"),
        ("{model: small, tones:test/top9: 5}", "(evaluation set/metric) 'tones:test/top9'. Did you mean 'tones:test/top2'"),
        ("{model: small, tones:test/top1: 101}", "'tones:test/top1' is a percentage, 0 to 100, found 101."),
        ("{model: small, tones:test/top1: high}", "'tones:test/top1' is a number, found 'high'."),
        ("{model: small, seed: 0, tones:test/top1: 5}", "a reference is of a row, and a row has every seed."),
        ("{model: small}", "this says of which rows, and not what"),
        ("'small'", "found 'small'"),
    ],
)  # fmt: skip
def test_an_entry_that_fits_nothing_is_named_with_its_line(
    problems: Callable[..., list[str]], entry: str, message: str
) -> None:
    text = with_reference(entry)
    (problem,) = problems(text)
    assert problem.startswith(f"suite.yaml:{line(text, entry)}: ")
    assert message in problem


def test_a_row_that_is_excluded_has_no_reference(problems: Callable[..., list[str]]) -> None:
    text = with_reference("{model: small, augmentation: both, tones:test/top1: 5}")
    (problem,) = problems(text + "exclude: [{model: small, augmentation: both}]\n")
    assert "no row of the suite has model 'small', augmentation 'both'" in problem


def test_two_values_for_one_row_are_refused(problems: Callable[..., list[str]]) -> None:
    text = with_reference("{model: small, tones:test/top1: 5}", "{augmentation: both, tones:test/top1: 6}")
    (problem,) = problems(text)
    assert "a row has a reference for 'tones:test/top1' already" in problem


@pytest.mark.parametrize("raw", ["5", "{}", "{source: somebody}", "{source: somebody, values: []}"])
def test_a_reference_of_another_form_is_refused(problems: Callable[..., list[str]], raw: str) -> None:
    (problem,) = problems(GOOD + f"reference: {raw}\n")
    assert "'reference' has a 'source'" in problem


def test_a_reference_without_source_is_refused(problems: Callable[..., list[str]]) -> None:
    text = GOOD + "reference: {values: [{model: small, tones:test/top1: 5}]}\n"
    (problem,) = problems(text)
    assert "'source' is missing" in problem


def test_a_reference_can_be_taken_away(load: Callable[..., Suite]) -> None:
    assert load(with_reference("{model: small, tones:test/top1: 52.9}"), "reference=null").reference is None
