"""Doses, sizes, interactions and shifts, on fabricated predictions with known effects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from benchmark.analysis.asked import Asked, contrasts, mean_intervals
from benchmark.analysis.comparison import compare
from benchmark.analysis.contrast import family
from benchmark.analysis.curves import Curve, curves
from benchmark.analysis.data_worth import CROSS, ONE_SIDE, crossings, worth, worths
from benchmark.analysis.dose import BENDS, DIP, FALLS, FLAT, PEAK, RISES, UNDECIDED, responses, surface_best
from benchmark.analysis.interaction import interactions
from benchmark.analysis.measured import Measured, Units, of_scores
from benchmark.analysis.protocols import Block
from benchmark.analysis.questions import questions
from benchmark.analysis.shift import shift

SIZES = {"10": 10.0, "20": 20.0, "40": 40.0, "80": 80.0}


def row(
    accuracy: float, tracks: int = 400, seeds: int = 3, rng: np.random.Generator | None = None
) -> Measured:
    """Return a row of which exactly this share of answers is right: the easiest tracks, and a few others by chance."""
    names = np.array([f"{number:04d}" for number in range(tracks)])
    chance = rng or np.random.default_rng(round(1000 * accuracy))
    scores = []
    for _ in range(seeds):
        ease = np.arange(tracks) / tracks + 0.05 * chance.normal(size=tracks)
        hits = np.zeros(tracks)
        hits[np.argsort(ease)[: round(accuracy * tracks)]] = 1
        scores.append(hits)
    return of_scores(("0", "1", "2")[:seeds], scores, [names] * seeds, fixed=False, units=Units())


def asked(accuracies: Sequence[float], **changes: object) -> Asked:
    rows = {number: row(each) for number, each in enumerate(accuracies)}
    settings = {"blocks": (Block(tuple(rows)),), "smallest": 0.02} | changes
    return Asked("test", "test/top1", rows, **settings)  # type: ignore[arg-type]


def labels_of(**axes: Sequence[str]) -> dict[int, dict[str, str]]:
    return {
        number: dict(zip(axes, values, strict=True)) for number, values in enumerate(product(*axes.values()))
    }


def test_contrasts_of_many_are_those_of_each() -> None:
    found = family({number: row(each) for number, each in enumerate((0.5, 0.55, 0.7))})
    weights = np.array([[1, -1, 0], [0.5, 0.5, -1], [0, 0, 1.0]])
    together = contrasts(found, weights)
    for at, each in enumerate(weights):
        alone = found.contrast(each)
        assert together.values[at] == pytest.approx(alone.values[0])
        assert together.error[at] == pytest.approx(alone.error[0])
        assert together.p()[at] == pytest.approx(alone.p()[0])
        assert together.interval()[0][at] == pytest.approx(alone.interval()[0][0])


def test_simultaneous_intervals_hold_the_means_and_are_wider_than_one_alone() -> None:
    data = asked([0.5, 0.99, 1.0])
    low, high = mean_intervals(data, [0, 1, 2])
    assert (low < [0.5, 0.99, 1.0]).all()
    assert (high <= 1).all()
    assert high[0] > 0.5
    alone = mean_intervals(data, [0])
    assert low[0] < alone[0][0]
    assert high[0] > alone[1][0]


@pytest.mark.parametrize(
    ("accuracies", "shape", "best"),
    [
        ([0.4, 0.5, 0.6, 0.7], RISES, (80, 80)),
        ([0.7, 0.6, 0.5, 0.4], FALLS, (10, 10)),
        ([0.4, 0.6, 0.6, 0.4], PEAK, (20, 40)),
        ([0.7, 0.5, 0.5, 0.7], DIP, (10, 80)),
        ([0.4, 0.6, 0.4, 0.6], BENDS, (20, 80)),
        ([0.6, 0.6, 0.6, 0.6], FLAT, (10, 80)),
    ],
)
def test_the_shape_of_a_response_is_found(
    accuracies: list[float], shape: str, best: tuple[float, float]
) -> None:
    (found,) = responses(asked(accuracies), labels_of(dose=tuple(SIZES)), "dose", SIZES)
    assert found.shape == shape
    assert (found.best_low, found.best_high) == best
    assert found.means == pytest.approx(accuracies)
    assert found.change[-1] == pytest.approx(accuracies[-1] - accuracies[0])
    assert (found.change_low <= found.change).all()
    assert (found.change <= found.change_high).all()


def test_where_less_is_better_a_response_that_goes_down_rises() -> None:
    data = asked([0.7, 0.6, 0.5, 0.4], greater_is_better=False)
    (found,) = responses(data, labels_of(dose=tuple(SIZES)), "dose", SIZES)
    assert (found.shape, found.best, found.best_low) == (RISES, 80, 80)


def test_a_few_tracks_say_nothing_of_a_shape() -> None:
    rows = {number: row(each, tracks=10) for number, each in enumerate((0.5, 0.6, 0.5, 0.6))}
    data = Asked("test", "test/top1", rows, (Block((0, 1, 2, 3)),), smallest=0.02)
    (found,) = responses(data, labels_of(dose=tuple(SIZES)), "dose", SIZES)
    assert (found.shape, found.best_low, found.best_high) == (UNDECIDED, 10, 80)


def test_rows_that_are_tested_on_other_tracks_are_on_no_curve_together() -> None:
    data = asked([0.4, 0.5, 0.6, 0.7], blocks=(Block((0, 1)), Block((2, 3))))
    found = curves(data, labels_of(dose=tuple(SIZES)), "dose", SIZES)
    assert [curve.rows for curve in found] == [(0, 1), (2, 3)]
    assert responses(data, labels_of(dose=tuple(SIZES)), "dose", SIZES) == []


def test_what_may_be_the_best_of_a_surface() -> None:
    assert surface_best(asked([0.4, 0.7, 0.7, 0.5]), [0, 1, 2, 3]) == (1, 2)


def test_what_an_augmentation_is_worth_is_where_the_plain_curve_is_as_good() -> None:
    data = asked([0.4, 0.5, 0.6, 0.7, 0.45, 0.55, 0.65, 0.75])
    found = curves(data, labels_of(augmentation=("none", "masks"), size=tuple(SIZES)), "size", SIZES)
    lines = worths(data, found, {"augmentation": "none"})
    assert [each.size for each in lines] == [10, 20, 40, 80]
    assert {each.curve.name for each in lines} == {"masks"}
    # Half way between two sizes, over the logarithm.
    assert lines[1].equal == pytest.approx(20 * 2**0.5)
    assert lines[1].low < lines[1].equal < lines[1].high
    assert lines[1].low > 10
    assert lines[1].high < 80
    assert lines[3].equal == np.inf
    assert lines[3].high == np.inf
    assert lines[3].low == 80


def test_what_is_worse_than_the_least_data_is_worth_less_than_that() -> None:
    data = asked([0.5, 0.6, 0.7, 0.2])
    plain = Curve("size", (), (0, 1, 2), (10, 20, 40), ("10", "20", "40"))
    other = Curve("size", (), (3,), (40,), ("40",))
    found = worth(data, "augmentation", other, plain, 3, 40)
    assert (found.equal, found.low, found.high) == (0, 0, 10)


def test_curves_cross_where_each_is_better_somewhere() -> None:
    labels = labels_of(model=("a", "b"), size=tuple(SIZES))
    data = asked([0.3, 0.5, 0.6, 0.8, 0.5, 0.55, 0.6, 0.65])
    (found,) = crossings(data, curves(data, labels, "size", SIZES))
    assert found.verdict == CROSS
    assert found.places == pytest.approx((40,))
    data = asked([0.3, 0.4, 0.5, 0.6, 0.5, 0.6, 0.7, 0.8])
    (found,) = crossings(data, curves(data, labels, "size", SIZES))
    assert (found.verdict, found.places) == (ONE_SIDE, ())


def test_an_interaction_that_is_there_is_found_and_the_effect_within_each_value_is_told() -> None:
    labels = labels_of(model=("cnn", "svm"), augmentation=("none", "masks"))
    data = asked([0.5, 0.7, 0.5, 0.52])
    found = interactions(data, labels, {"augmentation": "none"})
    within = {line["at"]: line["difference"] for line in found.within}
    assert within == pytest.approx({"cnn": 0.2, "svm": 0.02})
    (line,) = found.between
    assert (line["axis"], line["of"], line["at"], line["against"]) == ("augmentation", "model", "svm", "cnn")
    assert line["difference"] == pytest.approx(-0.18)
    assert float(str(line["low"])) < -0.18 < float(str(line["high"])) < 0
    assert float(str(line["p_holm"])) < 0.001


def test_effects_that_are_alike_are_no_interaction() -> None:
    labels = labels_of(model=("cnn", "svm", "knn"), augmentation=("none", "masks"))
    found = interactions(asked([0.5, 0.6, 0.4, 0.5, 0.6, 0.7]), labels, {"augmentation": "none"})
    assert len(found.between) == 3
    assert all(float(str(line["p_holm"])) > 0.2 for line in found.between)


def test_rows_that_nothing_changes_show_no_interaction() -> None:
    labels = labels_of(model=("cnn", "majority"), augmentation=("none", "masks"))
    found = interactions(asked([0.5, 0.7, 0.1, 0.1], same={3: 2}), labels, {})
    assert [line["at"] for line in found.within] == ["cnn"]
    assert found.between == ()


def test_an_interaction_in_one_class_is_found_in_that_class() -> None:
    labels = labels_of(model=("cnn", "svm"), augmentation=("none", "masks"))
    by_class = {
        "rock": {number: row(each) for number, each in enumerate((0.5, 0.5, 0.5, 0.5))},
        "jazz": {number: row(each) for number, each in enumerate((0.4, 0.8, 0.4, 0.4))},
    }
    found = interactions(asked([0.5, 0.6, 0.5, 0.52], by_class=by_class), labels, {"augmentation": "none"})
    p = {line["class"]: float(str(line["p_holm"])) for line in found.by_class}
    assert p["jazz"] < 0.001 < p["rock"]


def test_rows_that_change_places_are_named_and_bound_the_agreement() -> None:
    import pandas as pd

    here, there = (0.8, 0.6, 0.4), (0.3, 0.6, 0.4)
    tables = []
    for name, accuracies in (("a/top1", here), ("b/top1", there)):
        tables.append(compare({number: row(each) for number, each in enumerate(accuracies)}, name))
    values = {"a/top1": dict(enumerate(here)), "b/top1": dict(enumerate(there))}
    found = shift(pd.concat(tables), values, "a/top1", "b/top1")
    assert found is not None
    assert found.swapped == ((0, 1), (0, 2))
    assert (found.pairs, found.decided) == (3, 3)
    assert found.tau == found.low == found.high == pytest.approx(-1 / 3)


def test_what_nobody_knows_leaves_every_agreement_possible() -> None:
    import pandas as pd

    accuracies = (0.5, 0.51, 0.49)
    tables = [
        compare({number: row(each, tracks=20) for number, each in enumerate(accuracies)}, name)
        for name in ("a/top1", "b/top1")
    ]
    values = {name: dict(enumerate(accuracies)) for name in ("a/top1", "b/top1")}
    found = shift(pd.concat(tables), values, "a/top1", "b/top1")
    assert found is not None
    assert (found.tau, found.low, found.high, found.swapped) == (1, -1, 1, ())


def test_suites_without_numbers_ask_nothing_of_curves() -> None:
    found = questions([asked([0.5, 0.6])], None, labels_of(model=("a", "b")), {}, {})  # type: ignore[arg-type]
    (one,) = found.sets
    assert (one.learning, one.responses, one.surfaces, one.interactions.between) == ((), (), (), ())
    assert found.shifts == ()


def test_a_size_without_finished_cells_takes_no_part_in_shares() -> None:
    rows = {number: row(each) for number, each in enumerate((0.5, 0.6))}
    data = Asked("test", "test/top1", rows, (Block((0, 1)),))
    sizes = {"size": {"0.25": 0.25, "0.5": 0.5, "1.0": 1.0}}
    found = questions(
        [data],
        None,
        labels_of(size=("0.25", "0.5")),
        sizes,
        {},
        size_axis="size",
        tracks={"0.25": 15, "0.5": 30},
    )  # type: ignore[arg-type]
    (one,) = found.sets
    assert one.total == 60
    assert one.learning[0].curve.numbers == (15, 30)
