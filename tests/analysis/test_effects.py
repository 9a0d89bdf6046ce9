from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from simulated import Accuracy, predictions

from benchmark.analysis.comparison import compare, joint
from benchmark.analysis.effects import changes, effects
from benchmark.analysis.resampling import Resampled, Weights, resample

LINES = pd.DataFrame(
    {
        "row": [0, 1, 2, 3, 4],
        "model": ["cnn", "cnn", "svm", "svm", "crnn"],
        "augmentation": ["none", "masks", "none", "masks", "masks"],
    }
)
AXES = ["model", "augmentation"]


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights(500)


@pytest.fixture(scope="module")
def rows(weights: Weights) -> dict[int, Resampled]:
    rng = np.random.default_rng(0)
    return {
        row: resample(
            Accuracy(), {str(seed): predictions(rng.random(150) < share) for seed in range(3)}, weights
        )
        for row, share in enumerate((0.5, 0.7, 0.4, 0.6, 0.5))
    }


def test_a_value_is_compared_in_rows_that_differ_in_nothing_else() -> None:
    (change,) = [
        each
        for each in changes(LINES, AXES, {"augmentation": "none"}, LINES["row"])
        if each.axis == "augmentation"
    ]
    assert (change.value, change.baseline, change.pairs) == ("masks", "none", ((1, 0), (3, 2)))


def test_rows_that_cannot_be_used_are_in_no_pair() -> None:
    found = changes(LINES, AXES, {"augmentation": "none"}, [0, 1, 2])
    assert [each.pairs for each in found if each.axis == "augmentation"] == [((1, 0),)]


def test_leaky_rows_tell_of_an_effect_only_where_no_clean_ones_do() -> None:
    def pairs(leaky: list[int]) -> tuple[tuple[int, int], ...]:
        (found,) = changes(LINES, ["model", "augmentation"], {"augmentation": "none"}, LINES["row"], leaky)[
            2:
        ]
        return found.pairs

    assert pairs([0, 1]) == ((3, 2),)
    assert pairs([1, 3]) == ((1, 0), (3, 2))
    assert pairs([0, 1, 2, 3]) == ((1, 0), (3, 2))


def test_an_axis_that_the_baseline_leaves_out_starts_from_its_first_value() -> None:
    found = {each.value: each for each in changes(LINES, AXES, {}, LINES["row"]) if each.axis == "model"}
    assert {name: each.baseline for name, each in found.items()} == {"svm": "cnn", "crnn": "cnn"}
    assert found["crnn"].pairs == ((4, 1),)


def test_an_effect_is_the_mean_of_its_pairs_differences(rows) -> None:
    found = changes(LINES, ["augmentation", "model"], {}, LINES["row"])
    lines = {line["value"]: line for line in effects(found, {"": joint(rows)}, "test", "test/accuracy")}
    expected = np.mean([rows[1].mean - rows[0].mean, rows[3].mean - rows[2].mean])
    masks = lines["masks"]
    assert masks["difference"] == pytest.approx(expected)
    assert masks["low"] < expected < masks["high"]
    assert (masks["pairs"], masks["set"], masks["measure"], masks["class"]) == (
        2,
        "test",
        "test/accuracy",
        "",
    )
    assert masks["p_holm"] >= masks["p"]


def test_four_tracks_tell_of_no_effect_even_if_they_all_agree(weights: Weights) -> None:
    rows = {
        row: resample(
            Accuracy(), {str(seed): predictions(np.full(count, row == 1)) for seed in range(3)}, weights
        )
        for row, count in ((0, 4), (1, 4), (2, 30), (3, 30))
    }
    found = changes(LINES, ["augmentation", "model"], {}, [0, 1])
    (line,) = effects(found, {"": joint(rows)}, "test", "test/accuracy", bounded=True)
    assert (line["difference"], line["low"], line["high"], line["p"]) == (1, -1, 1, 1)


def test_an_effect_that_one_pair_shows_is_that_pairs_comparison(rows) -> None:
    found = changes(LINES, AXES, {}, [0, 1])
    (line,) = effects(found, {"": joint({0: rows[0], 1: rows[1]})}, "test", "test/accuracy")
    compared = compare({1: rows[1], 0: rows[0]}, "m", proportion=False).iloc[0]
    assert (line["difference"], line["low"], line["high"]) == pytest.approx(
        (compared["difference"], compared["low"], compared["high"])
    )


def test_more_pairs_make_an_effect_surer(rows) -> None:
    joined = joint(rows)
    one = effects(changes(LINES, ["augmentation", "model"], {}, [0, 1]), {"": joined}, "t", "m")[0]
    two = effects(changes(LINES, ["augmentation", "model"], {}, [0, 1, 2, 3]), {"": joined}, "t", "m")[0]
    assert two["high"] - two["low"] < one["high"] - one["low"]
